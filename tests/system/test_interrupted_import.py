"""An import that is killed at any moment: the same command finishes the job, as if nothing had happened."""

import signal
import time

import pytest

from tests.system.importing import WRITERS, RunningImport, content_of, n_rows, run_import

pytestmark = pytest.mark.system

STORED = {"products": "product_catalog", "events": "browsing_history", "orders": "purchase_history"}


@pytest.fixture(scope="module", params=list(WRITERS))
def undisturbed(request, tmp_path_factory):
    """Return the kind and the path of a file, and the content of a database into which it was imported at once."""
    kind, folder = request.param, tmp_path_factory.mktemp(request.param)
    path = WRITERS[kind](folder / f"{kind}.csv")
    done = run_import(kind, path, database=folder / "shop.db", folder=folder / "temporary")
    assert done.returncode == 0, done.stderr
    return kind, path, content_of(folder / "shop.db")


MOMENTS = {
    "starting": lambda running, n_stored, n_expected: running.staged_bytes() > 0,
    "reading": lambda running, n_stored, n_expected: running.staged_bytes() > 200_000,
    "storing": lambda running, n_stored, n_expected: n_stored > 0.1 * n_expected,
    "nearly-done": lambda running, n_stored, n_expected: n_stored > 0.7 * n_expected,
}


def wait_for(running, kind, expected, moment):
    n_expected, until = len(expected[STORED[kind]]), time.monotonic() + 60
    while running.process.poll() is None and time.monotonic() < until:
        if MOMENTS[moment](running, n_rows(running.database, STORED[kind]), n_expected):
            return
        time.sleep(0.003)


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_same_command_finishes_a_killed_import(undisturbed, moment, tmp_path):
    kind, path, expected = undisturbed
    database, folder = tmp_path / "shop.db", tmp_path / "temporary"
    running = RunningImport(kind, path, database=database, folder=folder)
    wait_for(running, kind, expected, moment)
    assert running.end(signal.SIGKILL) == -signal.SIGKILL, running.output()
    left_behind = list(folder.glob("*.files"))

    done = run_import(kind, path, database=database, folder=folder)

    assert done.returncode == 0, done.stderr
    assert content_of(database) == expected
    assert left_behind
    assert list(folder.iterdir()) == []


def test_returns_are_not_taken_twice(undisturbed, tmp_path):
    kind, path, expected = undisturbed
    if kind != "orders":
        pytest.skip("only orders have returns")
    database, folder = tmp_path / "shop.db", tmp_path / "temporary"
    running = RunningImport(kind, path, database=database, folder=folder)
    until = time.monotonic() + 60
    while n_rows(database, "order_returns") == 0 and running.process.poll() is None and time.monotonic() < until:
        time.sleep(0.002)
    assert running.end(signal.SIGKILL) == -signal.SIGKILL, running.output()

    for _ in range(2):
        assert run_import(kind, path, database=database, folder=folder).returncode == 0
        assert content_of(database) == expected


def test_ctrl_c_ends_an_import_in_order(undisturbed, tmp_path):
    kind, path, expected = undisturbed
    database, folder = tmp_path / "shop.db", tmp_path / "temporary"
    running = RunningImport(kind, path, database=database, folder=folder)
    wait_for(running, kind, expected, "storing")
    began_at = time.monotonic()
    assert running.end(signal.SIGINT) == 130
    assert time.monotonic() - began_at < 5
    assert "run the same command again" in running.output()
    assert "Traceback" not in running.output()
    assert list(folder.iterdir()) == []

    assert run_import(kind, path, database=database, folder=folder).returncode == 0
    assert content_of(database) == expected
