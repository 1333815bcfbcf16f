"""Training beside a running server."""

import asyncio
import errno
import os
import sys

import pytest

from domain.errors import StoreBusy, StoreUnavailable
from domain.records.interactions import BrowsingEvent
from domain.records.products import ProductChange
from infra.background.training import train_when_due, watch
from infra.settings import Settings
from infra.storage.opening import Storage
from infra.use_cases.train import NICENESS, train_in_child


@pytest.fixture
async def shop(repository, now):
    await repository.put_products([ProductChange(product_id="p-1")], now=now)
    events = [BrowsingEvent(customer_id="c-1", product_id="p-1")] * 3
    await repository.put_events(events, create_products=False, now=now)
    return repository


def noting(path):
    return (sys.executable, "-c", f"open({str(path)!r}, 'a').write('x')")


async def run_watch(shop, *, after_events, command, seconds=1.0, pause_seconds=60):
    watching = asyncio.create_task(
        watch(shop, after_events=after_events, command=command, check_seconds=0.01, pause_seconds=pause_seconds)
    )
    await asyncio.sleep(seconds)
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching


async def test_enough_new_events_start_a_training(shop, tmp_path):
    await run_watch(shop, after_events=3, command=noting(tmp_path / "trained"))

    assert (tmp_path / "trained").exists()


async def test_too_few_new_events_start_none(shop, tmp_path):
    await run_watch(shop, after_events=4, command=noting(tmp_path / "trained"), seconds=0.2)

    assert not (tmp_path / "trained").exists()


async def test_after_a_failed_training_the_next_waits(shop, tmp_path, caplog):
    path = tmp_path / "trained"
    command = (sys.executable, "-c", f"open({str(path)!r}, 'a').write('x'); raise SystemExit(1)")

    await run_watch(shop, after_events=1, command=command)

    assert path.read_text() == "x"
    assert "The model in use stays" in caplog.text or "the model in use stays" in caplog.text


async def test_a_training_that_cannot_be_started_is_logged_and_tried_again(shop, tmp_path, caplog):
    command = tmp_path / "later"
    watching = asyncio.create_task(
        watch(shop, after_events=1, command=[str(command)], check_seconds=0.01, pause_seconds=0.01)
    )
    await until(lambda: caplog.text.count("could not be started: FileNotFoundError: No such file or directory") > 1)
    command.write_text(f"#!/bin/sh\ntouch {tmp_path}/trained\nexec sleep 60\n")
    command.chmod(0o700)
    await until((tmp_path / "trained").exists)
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching


async def until(holds):
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


async def test_a_training_comes_after_the_server_that_started_it(tmp_path):
    nicer = os.getpriority(os.PRIO_PROCESS, 0) + NICENESS
    waits_for_it = f"import os, time\nwhile os.getpriority(os.PRIO_PROCESS, 0) < {min(nicer, 19)}: time.sleep(0.01)"

    assert await asyncio.wait_for(train_in_child((sys.executable, "-c", waits_for_it)), timeout=30) == 0


async def test_a_training_runs_where_the_system_refuses_to_put_it_behind_others(monkeypatch):
    def refused(*_):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "setpriority", refused)

    assert await asyncio.wait_for(train_in_child((sys.executable, "-c", "")), timeout=30) == 0


async def test_a_storage_that_is_away_is_asked_again(shop, tmp_path, caplog):
    failures = [StoreBusy("busy"), StoreUnavailable("away")]

    class Away:
        async def summary(self):
            if failures:
                raise failures.pop(0)
            return await shop.summary()

    await run_watch(Away(), after_events=3, command=noting(tmp_path / "trained"), pause_seconds=0.01)

    assert (tmp_path / "trained").exists()
    assert [record.message for record in caplog.records if record.name == "infra.background.training"] == [
        "Whether a training is due is not known: StoreBusy.",
        "Whether a training is due is not known: StoreUnavailable.",
    ]


async def test_a_server_that_stops_stops_its_training():
    training = asyncio.create_task(train_in_child((sys.executable, "-c", "import time; time.sleep(60)")))
    await asyncio.sleep(0.3)
    training.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(training, timeout=5)


@pytest.mark.parametrize("after_events", [0, 1000])
async def test_the_application_watches_while_it_runs_if_asked_to(database, after_events):
    storage = Storage(lambda: Settings(database_url=f"sqlite:///{database}", train_after_events=after_events))
    before = len(asyncio.all_tasks())

    async with train_when_due(storage):
        assert len(asyncio.all_tasks()) - before == (1 if after_events else 0)

    await storage.close()
    assert len(asyncio.all_tasks()) == before
