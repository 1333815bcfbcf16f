"""Power cuts at any moment: nothing acknowledged is lost, no transaction is incomplete, the file is not damaged.

The statements and settings of the real repository are recorded, then replayed on a file system that logs all operations; a
cut keeps what was synced, and any part of the rest.
"""

import sqlite3
from contextlib import closing

import pytest

from infra.storage.sqlite import connection
from tests.power.recording import Acknowledged, record_statements
from tests.power.replay import CutCounts, check_cuts, replay, state_of

pytestmark = pytest.mark.system

CUTS = 1000


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "after").mkdir()
    (tmp_path / "replay").mkdir()
    return tmp_path / "after"


@pytest.fixture(params=["default-checkpoints", "frequent-checkpoints"])
async def recording(request, new_database, monkeypatch, now):
    if request.param == "frequent-checkpoints":
        pragmas = [pragma.replace("autocheckpoint=4000", "autocheckpoint=30") for pragma in connection.PRAGMAS]
        monkeypatch.setattr(connection, "PRAGMAS", pragmas)
    return await record_statements(new_database, monkeypatch, now=now, n_orders=60)


def test_no_power_cut_loses_acknowledged_data_or_leaves_part_of_a_transaction(recording, tmp_path, folder):
    counts = check_cuts(replay(recording, tmp_path / "replay" / "shop.db"), folder, n=CUTS, seed=1)

    assert counts == CutCounts(cuts=CUTS)


def test_the_recording_is_complete(recording, new_database, tmp_path, folder):
    states = replay(recording, tmp_path / "replay" / "shop.db").states

    with closing(sqlite3.connect(new_database)) as reader:
        assert state_of(lambda sql: reader.execute(sql).fetchone(), sqlite3.OperationalError) == states[-1]
    assert None not in states[-1][:9]
    assert {f"PRAGMA {pragma}" for pragma in connection.PRAGMAS} <= set(recording)
    assert {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL"} <= set(recording)
    later = [statement for statement in recording[20:] if isinstance(statement, str)]
    assert not any("journal_mode" in statement for statement in later)


def test_only_lists_and_packed_histories_are_written_without_waiting_for_the_disk(recording):
    written = set()
    mode = None
    for statement in (entry for entry in recording if isinstance(entry, str)):
        if statement.startswith("PRAGMA synchronous="):
            mode = statement.removeprefix("PRAGMA synchronous=")
        elif mode == "NORMAL":
            written.add(" ".join(statement.split()[:3]))

    assert written == {"BEGIN IMMEDIATE", "COMMIT", "INSERT INTO customer_recommendations", "INSERT INTO customer_histories"}


@pytest.mark.parametrize("synchronous", ["NORMAL", "OFF"])
def test_the_check_finds_the_loss_under_a_weaker_synchronous_setting(recording, tmp_path, folder, synchronous):
    weaker = replay(
        recording,
        tmp_path / "replay" / "shop.db",
        replacements={"PRAGMA synchronous=FULL": f"PRAGMA synchronous={synchronous}"},
    )

    assert check_cuts(weaker, folder, n=200, seed=1).lost > 0


def test_the_check_finds_an_acknowledgement_before_the_commit(recording, tmp_path, folder):
    early = []
    for entry in recording:
        if isinstance(entry, Acknowledged) and "COMMIT" in early[-1:]:
            early.insert(-1, entry)
        else:
            early.append(entry)

    assert check_cuts(replay(early, tmp_path / "replay" / "shop.db"), folder, n=200, seed=1).lost > 0
