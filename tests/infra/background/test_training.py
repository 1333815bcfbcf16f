"""A running server trains in a child process after enough new events."""

import asyncio
import errno
import os
import sys

import pytest

from domain.errors import StoreBusy, StoreUnavailable
from domain.records.interactions import BrowsingEvent
from domain.records.products import ProductChange
from infra.background.training import NICENESS, poll_and_train, train_in_child, train_when_due
from infra.settings import Settings
from infra.storage.opening import Storage
from tests.imports import as_imported


@pytest.fixture
async def shop(repository, now):
    await repository.put_products([ProductChange(product_id="p-1")], now=now)
    events = [BrowsingEvent(customer_id="c-1", product_id="p-1")] * 3
    await repository.put_events(as_imported(events), create_products=False, now=now)
    return repository


def appending_to(path):
    """Return a training command that appends an `x` to a file."""
    return (sys.executable, "-c", f"open({str(path)!r}, 'a').write('x')")


async def poll_for(seconds, shop, *, after_events, command, retry_seconds=60):
    polling = asyncio.create_task(
        poll_and_train(shop, after_events=after_events, command=command, poll_seconds=0.01, retry_seconds=retry_seconds)
    )
    await asyncio.sleep(seconds)
    polling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await polling


async def test_enough_new_events_start_a_training(shop, tmp_path):
    await poll_for(1.0, shop, after_events=3, command=appending_to(tmp_path / "trained"))

    assert (tmp_path / "trained").exists()


async def test_too_few_new_events_start_no_training(shop, tmp_path):
    await poll_for(0.2, shop, after_events=4, command=appending_to(tmp_path / "trained"))

    assert not (tmp_path / "trained").exists()


async def test_a_failed_training_is_not_repeated_before_the_pause(shop, tmp_path, caplog):
    path = tmp_path / "trained"
    command = (sys.executable, "-c", f"open({str(path)!r}, 'a').write('x'); raise SystemExit(1)")

    await poll_for(1.0, shop, after_events=1, command=command)

    assert path.read_text() == "x"
    assert "The background training failed; the current model stays in use." in caplog.text


async def test_a_training_that_cannot_start_is_logged_and_tried_again(shop, tmp_path, caplog):
    command = tmp_path / "later"
    polling = asyncio.create_task(
        poll_and_train(shop, after_events=1, command=[str(command)], poll_seconds=0.01, retry_seconds=0.01)
    )
    error = "Cannot start the background training: FileNotFoundError: No such file or directory"
    await until(lambda: caplog.text.count(error) > 1)
    command.write_text(f"#!/bin/sh\ntouch {tmp_path}/trained\nexec sleep 60\n")
    command.chmod(0o700)
    await until((tmp_path / "trained").exists)
    polling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await polling


async def until(condition):
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - the condition depends on another process
            await asyncio.sleep(0.01)


async def test_a_training_runs_with_a_lower_priority_than_its_server():
    niceness = min(os.getpriority(os.PRIO_PROCESS, 0) + NICENESS, 19)
    wait_for_it = f"import os, time\nwhile os.getpriority(os.PRIO_PROCESS, 0) < {niceness}: time.sleep(0.01)"

    assert await asyncio.wait_for(train_in_child((sys.executable, "-c", wait_for_it)), timeout=30) == 0


async def test_a_training_runs_even_if_the_system_refuses_a_lower_priority(monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "setpriority", refuse)

    assert await asyncio.wait_for(train_in_child((sys.executable, "-c", "")), timeout=30) == 0


async def test_a_storage_error_is_logged_and_polling_continues(shop, tmp_path, caplog):
    failures = [StoreBusy("busy"), StoreUnavailable("away")]

    class FailingTwice:
        async def summary(self):
            if failures:
                raise failures.pop(0)
            return await shop.summary()

    await poll_for(1.0, FailingTwice(), after_events=3, command=appending_to(tmp_path / "trained"), retry_seconds=0.01)

    assert (tmp_path / "trained").exists()
    assert [record.message for record in caplog.records if record.name == "infra.background.training"] == [
        "Cannot check whether a training is due: StoreBusy.",
        "Cannot check whether a training is due: StoreUnavailable.",
    ]


async def test_stopping_the_server_stops_its_training():
    training = asyncio.create_task(train_in_child((sys.executable, "-c", "import time; time.sleep(60)")))
    await asyncio.sleep(0.3)
    training.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(training, timeout=5)


@pytest.mark.parametrize("after_events", [0, 1000], ids=["off", "on"])
async def test_a_running_application_polls_only_if_the_setting_is_on(database, after_events):
    storage = Storage(lambda: Settings(database_url=f"sqlite:///{database}", train_after_events=after_events))
    before = len(asyncio.all_tasks())
    await storage.shop()
    opened = len(asyncio.all_tasks())

    async with train_when_due(storage):
        assert len(asyncio.all_tasks()) - opened == (1 if after_events else 0)

    await storage.close()
    assert len(asyncio.all_tasks()) == before
