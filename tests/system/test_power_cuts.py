"""The power goes at any moment: nothing acknowledged is lost, nothing is half done, the file is sound.

The statements of the real repository and the settings that it really makes are recorded, and replayed under a file system
that keeps a log; each cut leaves what was synced, and any part of the rest.
"""

import sqlite3
from contextlib import closing

import pytest

from infra.storage.sqlite import connection as connecting
from tests.power.recording import Acknowledged, recorded
from tests.power.replay import Verdict, judged, replayed, state_of

pytestmark = pytest.mark.system

CUTS = 1000


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "after").mkdir()
    (tmp_path / "replay").mkdir()
    return tmp_path / "after"


@pytest.fixture(params=["rarely", "often"])
async def said(request, database, monkeypatch, now):
    """Record a shop that checkpoints as rarely as it really does, and one that does so all the time."""
    if request.param == "often":
        pragmas = [pragma.replace("autocheckpoint=4000", "autocheckpoint=30") for pragma in connecting.PRAGMAS]
        monkeypatch.setattr(connecting, "PRAGMAS", pragmas)
    return await recorded(database, monkeypatch, now=now, n_orders=60)


def test_no_power_cut_loses_or_halves_what_was_acknowledged(said, tmp_path, folder):
    verdict = judged(replayed(said, tmp_path / "replay" / "shop.db"), folder, n=CUTS, seed=1)

    assert verdict == Verdict(cuts=CUTS)


def test_the_recording_is_all_that_the_repository_does(said, database, tmp_path, folder):
    states = replayed(said, tmp_path / "replay" / "shop.db").states

    with closing(sqlite3.connect(database)) as connection:
        assert state_of(lambda sql: connection.execute(sql).fetchone(), sqlite3.OperationalError) == states[-1]
    assert None not in states[-1][:9]
    assert {f"PRAGMA {pragma}" for pragma in connecting.PRAGMAS} <= set(said)
    assert {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL"} <= set(said)
    assert not any("journal_mode" in one or "synchronous" in one for one in said[20:] if isinstance(one, str))


@pytest.mark.parametrize("setting", ["NORMAL", "OFF"])
def test_a_weaker_setting_is_found_to_lose_what_was_acknowledged(said, tmp_path, folder, setting):
    replay = replayed(
        said, tmp_path / "replay" / "shop.db", instead={"PRAGMA synchronous=FULL": f"PRAGMA synchronous={setting}"}
    )

    verdict = judged(replay, folder, n=200, seed=1)

    assert verdict.lost > 0


def test_a_word_that_is_given_before_the_commit_is_found(said, tmp_path, folder):
    early = []
    for one in said:
        if isinstance(one, Acknowledged) and "COMMIT" in early[-1:]:
            early.insert(-1, one)
        else:
            early.append(one)

    verdict = judged(replayed(early, tmp_path / "replay" / "shop.db"), folder, n=200, seed=1)

    assert verdict.lost > 0
