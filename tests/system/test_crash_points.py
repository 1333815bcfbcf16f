"""A process that dies at any statement of any writing path leaves all of it or nothing."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing, nullcontext, suppress

import pytest

from domain.errors import CustomerNotFound
from infra.storage.sqlite import open_sqlite
from tests.power.replay import STATE
from tests.system.server import ROOT

pytestmark = pytest.mark.system

WHOLE = ("create", "add_addresses", "record", "store_list", "put_products", "put_customers", "put_events", "purge", "erase")


@pytest.fixture(scope="module")
def died(tmp_path_factory):
    """Let every path die at every statement; return the folder of what is left, and the statements of each path."""
    folder = tmp_path_factory.mktemp("died")
    subprocess.run(
        [sys.executable, "-m", "tests.power.crashing", str(folder)],
        cwd=ROOT, env=os.environ | {"OPENBLAS_NUM_THREADS": "1"}, check=True, capture_output=True,
    )  # fmt: skip
    return folder, json.loads((folder / "points.json").read_text())


def state(database):
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return connection.execute(STATE).fetchone()


def states(died, path):
    """Return the state after each death, the state before the path, and the state after it."""
    folder, points = died
    left = [state(folder / f"{path}-{number}.db") for number in range(1, len(points[path]) + 2)]
    return left, state(folder / "base.db"), state(folder / f"{path}.db")


@pytest.mark.parametrize("path", WHOLE)
def test_a_death_leaves_all_or_nothing(died, path):
    left, before, after = states(died, path)
    commit = died[1][path].index("COMMIT") + 1

    assert len(left) >= 4
    assert before != after
    # The process dies as it is about to run a statement: to that with the number of COMMIT, nothing is committed yet.
    assert left == [before] * commit + [after] * (len(left) - commit)


async def test_an_erasure_that_died_anywhere_is_finished_by_the_same_call(died):
    folder, points = died
    last = len(points["erase"]) + 1
    for number in range(1, last + 1):
        database = folder / f"erase-{number}.db"
        async with open_sqlite(database, currency="EUR") as shop:
            # Only the one that died after everything was done finds nobody.
            with suppress(CustomerNotFound) if number == last else nullcontext():
                await shop.erase("c-1")
            left = b"".join(path.read_bytes() for path in folder.glob(f"{database.name}*"))
        assert b"Canary-leaving" not in left
    assert b"Canary-leaving" in (folder / "base.db").read_bytes()


def test_a_death_in_a_training_leaves_the_old_model_in_use_or_the_whole_new_one(died):
    left, before, after = states(died, "train")
    in_use = [one[-2:] for one in left]

    assert before[-2:] == (0, True)
    assert after[-2] == 5
    assert set(in_use) == {before[-2:], after[-2:]}
    assert in_use == sorted(in_use)
    assert in_use[-1] == after[-2:]


def test_the_check_finds_a_path_that_is_two_transactions(died):
    left, before, after = states(died, "planted")

    assert set(left) - {before, after}
