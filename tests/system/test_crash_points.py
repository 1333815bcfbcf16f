"""A process that dies at any statement of a writing path leaves the whole transaction or nothing."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing, nullcontext, suppress

import pytest

from domain.errors import CustomerNotFound
from infra.storage.sqlite import open_sqlite
from tests.power.crashing import PATHS
from tests.power.replay import STATE
from tests.system.server import ROOT

pytestmark = pytest.mark.system

SINGLE_TRANSACTION_PATHS = (
    "create",
    "add_addresses",
    "record",
    "record_while",
    "pack_history",
    "store_list",
    "put_products",
    "update_products",
    "put_customers",
    "put_events",
    "update_customer",
    "remove_address",
    "amend_order",
    "take_back",
    "create_unknown",
    "purge",
    "erase",
    "register_guest",
    "merge_guest",
    "purge_guests",
)


@pytest.fixture(scope="module")
def crashes(tmp_path_factory):
    """Crash every path at every statement; return the folder of the databases, and the statements of each path."""
    folder = tmp_path_factory.mktemp("crashes")
    subprocess.run(
        [sys.executable, "-m", "tests.power.crashing", str(folder)],
        cwd=ROOT, env=os.environ | {"OPENBLAS_NUM_THREADS": "1"}, check=True, capture_output=True,
    )  # fmt: skip
    return folder, json.loads((folder / "points.json").read_text())


def state(database):
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return connection.execute(STATE).fetchone()


def states(crashes, path):
    """Return the state after each crash, the state before the path, and the state after it."""
    folder, points = crashes
    crashed = [state(folder / f"{path}-{number}.db") for number in range(1, len(points[path]) + 2)]
    return crashed, state(folder / "base.db"), state(folder / f"{path}.db")


@pytest.mark.parametrize("path", SINGLE_TRANSACTION_PATHS)
def test_a_crash_leaves_the_whole_transaction_or_nothing(crashes, path):
    crashed, before, after = states(crashes, path)
    _, statements = crashes
    commits = [number for number, statement in enumerate(statements[path], start=1) if statement == "COMMIT"]
    # Before an erasure deletes anything, the key of the record of erasures is stored, which the state does not show.
    commit = commits[1 if path == "erase" else 0]

    assert len(crashed) >= 4
    assert before != after
    # The process dies before it runs a statement: up to COMMIT, nothing is committed.
    assert crashed == [before] * commit + [after] * (len(crashed) - commit)


@pytest.mark.parametrize(
    ("path", "table", "action"), [("erase", "erased_customers", "erase"), ("merge_guest", "merged_guests", "merge")]
)
def test_no_crash_separates_what_was_done_from_its_entry_in_the_audit(crashes, path, table, action):
    folder, points = crashes
    found = []
    for number in range(1, len(points[path]) + 2):
        with closing(sqlite3.connect(folder / f"{path}-{number}.db")) as connection:
            is_done = connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()
            entries = connection.execute("SELECT COUNT(*) FROM audit_log WHERE action = ?", [action]).fetchone()
            found.append((is_done, entries))

    assert set(found) == {((0,), (0,)), ((1,), (1,))}


async def test_an_erasure_that_crashed_anywhere_is_finished_by_the_same_call(crashes):
    folder, points = crashes
    last = len(points["erase"]) + 1
    for number in range(1, last + 1):
        database = folder / f"erase-{number}.db"
        async with open_sqlite(database, currency="EUR") as shop:
            # Only after the last crash is the customer gone already.
            with suppress(CustomerNotFound) if number == last else nullcontext():
                await shop.erase("c-1")
            content = b"".join(path.read_bytes() for path in folder.glob(f"{database.name}*"))
        assert b"Canary-leaving" not in content
    assert b"Canary-leaving" in (folder / "base.db").read_bytes()


@pytest.mark.parametrize("path", ["merge_guest", "amend_order", "update_products"])
async def test_a_writing_that_crashed_anywhere_is_done_once_by_the_same_call(crashes, path):
    folder, points = crashes
    _, _, after = states(crashes, path)
    answers = []
    for number in range(1, len(points[path]) + 2):
        database = folder / f"{path}-{number}.db"
        async with open_sqlite(database, currency="EUR") as shop:
            answers.append(await PATHS[path](shop))
        assert state(database) == after

    if path == "update_products":
        # The last crash came after the COMMIT.
        assert [(one.new, one.changed, one.unchanged) for one in (answers[0], answers[-1])] == [(1, 1, 0), (0, 0, 2)]
    else:
        assert answers == [answers[0]] * len(answers)


def test_a_crash_during_training_leaves_the_old_model_or_the_whole_new_one(crashes):
    crashed, before, after = states(crashes, "train")
    in_use = [counts[-2:] for counts in crashed]

    assert before[-2:] == (0, True)
    assert after[-2] == 5
    assert set(in_use) == {before[-2:], after[-2:]}
    assert in_use == sorted(in_use)
    assert in_use[-1] == after[-2:]


def test_the_check_finds_a_path_of_two_transactions(crashes):
    crashed, before, after = states(crashes, "planted")

    assert set(crashed) - {before, after}
