"""Events past the retention are purged by the application and by trainings, and refused by imports."""

import asyncio
import io
import logging
from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import StoreBusy
from domain.records.audit import Act, AuditQuery
from domain.records.interactions import BrowsingEvent
from domain.records.products import ProductChange
from infra.background.retention import purge_periodically, purge_when_due
from infra.cli import run
from infra.ingest import ImportOptions, import_files
from infra.progress import PlainProgress
from infra.settings import Settings
from infra.storage.opening import Storage
from infra.storage.sqlite import open_sqlite
from infra.use_cases.purge import Retention, purge
from tests.imports import as_imported


@pytest.fixture
async def shop(repository, now):
    await repository.put_products([ProductChange(product_id="p-1")], now=now)
    events = [
        BrowsingEvent(customer_id=f"c-{n}", product_id="p-1", occurred_at=now - timedelta(days=n), event_id=f"e-{n}")
        for n in range(10)
    ]
    await repository.put_events(as_imported(events), create_products=False, now=now)
    return repository


async def count_events(repository):
    return (await repository.summary()).n_events


async def test_events_older_than_the_retention_are_deleted(shop, now):
    assert await purge(shop, now=now, retention_days=7) == 2
    assert await count_events(shop) == 8
    assert await purge(shop, now=now, retention_days=7) == 0


async def test_without_a_retention_all_events_are_kept(shop, now):
    assert await purge(shop, now=now, retention_days=0) == 0
    assert await count_events(shop) == 10


async def test_a_purge_logs_before_it_deletes(shop, now, caplog):
    with caplog.at_level(logging.INFO):
        await purge(shop, now=now, retention_days=7)

    assert "Deleting 2 of 10 events, which are older than 7 days." in caplog.text
    assert "c-8" not in caplog.text


async def test_more_than_half_of_a_history_is_deleted_only_if_that_is_confirmed(shop, now, caplog, monkeypatch):
    monkeypatch.setattr("infra.use_cases.purge.MIN_EVENTS_TO_CONFIRM", 5)

    assert await purge(shop, now=now, retention_days=3) == 0
    assert "EVENT_RETENTION_DAYS=3 would delete 6 of 10 events; run `python main.py retention --yes`" in caplog.text
    assert await count_events(shop) == 10
    assert await purge(shop, now=now, retention_days=3, is_confirmed=True) == 6


async def test_few_events_and_half_of_a_history_need_no_confirmation(shop, now, monkeypatch):
    monkeypatch.setattr("infra.use_cases.purge.MIN_EVENTS_TO_CONFIRM", 5)
    assert await purge(shop, now=now, retention_days=4) == 5
    monkeypatch.setattr("infra.use_cases.purge.MIN_EVENTS_TO_CONFIRM", 6)
    assert await purge(shop, now=now, retention_days=1) == 3


async def test_an_import_refuses_events_older_than_the_retention(repository, tmp_path, now):
    await repository.put_products([ProductChange(product_id="p-1")], now=now)
    lines = "".join(f"c-1,p-1,{(now - timedelta(days=n)).date()}\n" for n in (1, 6, 8, 900)) + "c-1,p-1,\n"
    (tmp_path / "events.csv").write_text("customer_id,product_id,occurred_at\n" + lines)
    options = ImportOptions(kind="events", paths=(str(tmp_path / "events.csv"),), retention_days=7)

    report = await import_files(options, store=repository, now=now, progress=PlainProgress(io.StringIO()), say=len)

    assert (report.counts["new"], report.counts["refused"]) == (3, 2)
    assert "Older than the retention" in (tmp_path / "events.csv.rejected.jsonl").read_text()


def settings_with_retention(database, days):
    return Settings(database_url=f"sqlite:///{database}", event_retention_days=days, guest_retention_days=0)


async def create_shop_with_an_old_event(database):
    now = datetime.now(UTC)
    async with open_sqlite(database, currency="EUR") as repository:
        await repository.put_products([ProductChange(product_id="p-1")], now=now)
        event = BrowsingEvent(customer_id="c-1", product_id="p-1", occurred_at=now - timedelta(days=30))
        await repository.put_events(as_imported([event]), create_products=False, now=now)


@pytest.mark.parametrize(("days", "n_left"), [(0, 1), (7, 0)], ids=["no-retention", "7-days"])
async def test_a_running_application_purges_if_a_retention_is_set(database, days, n_left):
    await create_shop_with_an_old_event(database)
    storage = Storage(lambda: settings_with_retention(database, days))
    n_tasks = len(asyncio.all_tasks())

    async with purge_when_due(storage):
        for _ in range(100):
            if await count_events((await storage.shop()).repository) == 0:
                break
            await asyncio.sleep(0.01)
        assert await count_events((await storage.shop()).repository) == n_left
    await storage.close()

    assert len(asyncio.all_tasks()) == n_tasks


async def test_a_running_application_deletes_old_entries_of_the_audit(database, monkeypatch):
    settings = Settings(database_url=f"sqlite:///{database}", audit_retention_days=30)
    storage = Storage(lambda: settings)
    repository = (await storage.shop()).repository
    with monkeypatch.context() as patched:
        patched.setattr("infra.storage.sql.audit.time.time_ns", lambda: 0)
        await repository.record_act(Act(actor="erp", action="export", customer_id="canary"))
    await repository.record_act(Act(actor="web", action="export", customer_id="canary"))

    async with purge_when_due(storage):
        for _ in range(300):
            entries = await repository.audit_entries(AuditQuery())
            if len(entries) == 1:
                break
            await asyncio.sleep(0.01)
    await storage.close()

    assert [entry.actor for entry in entries] == ["web"]


async def test_a_purge_is_tried_again_after_the_storage_was_busy(shop, now, caplog):
    failures = [StoreBusy("busy"), StoreBusy("busy")]

    class BusyTwice:
        def __getattr__(self, name):
            return getattr(shop, name)

        async def count_events_before(self, before):
            return 2, 10

        async def purge_events(self, *, before):
            if failures:
                raise failures.pop()
            return await shop.purge_events(before=now - timedelta(days=7))

    with caplog.at_level(logging.WARNING):
        retention = Retention(event_days=7, guest_days=30)
        purging = asyncio.create_task(purge_periodically(BusyTwice(), retention=retention, interval_seconds=0.01))
        for _ in range(300):
            if await count_events(shop) == 8:
                break
            await asyncio.sleep(0.01)
        purging.cancel()
        with pytest.raises(asyncio.CancelledError):
            await purging

    assert await count_events(shop) == 8
    assert caplog.text.count("What is past its retention was not purged: StoreBusy.") == 2


@pytest.mark.parametrize("command", [["train"], ["import", "events", "events.csv"]], ids=["train", "import"])
def test_commands_purge_before_they_train(database, tmp_path, monkeypatch, command):
    asyncio.run(create_shop_with_an_old_event(database))
    (tmp_path / "events.csv").write_text("customer_id,product_id\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{database}")
    monkeypatch.setenv("EVENT_RETENTION_DAYS", "7")

    assert run(command) == 0

    async def count_stored():
        async with open_sqlite(database, currency="EUR") as repository:
            return await count_events(repository)

    assert asyncio.run(count_stored()) == 0


def test_the_command_counts_and_deletes(database, monkeypatch, capsys):
    asyncio.run(create_shop_with_an_old_event(database))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{database}")
    monkeypatch.setenv("GUEST_RETENTION_DAYS", "0")
    assert run(["retention"]) == 1
    monkeypatch.setenv("EVENT_RETENTION_DAYS", "7")
    monkeypatch.setattr("infra.use_cases.purge.MIN_EVENTS_TO_CONFIRM", 1)

    exits = [run(["retention", *options]) for options in (["--dry-run"], [], ["--yes"], ["--dry-run"])]

    assert exits == [0, 1, 0, 0]
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        "1 of 1 events are older than 7 days; nothing was deleted.",
        "1 of 1 events are older than 7 days; they were deleted.",
        "0 of 0 events are older than 7 days; nothing was deleted.",
    ]
    assert "EVENT_RETENTION_DAYS and GUEST_RETENTION_DAYS are 0" in printed.err
    assert "more than half of the history. To delete them, add --yes." in printed.err


async def create_shop_with_an_old_guest(database):
    old = datetime.now(UTC) - timedelta(days=31)
    async with open_sqlite(database, currency="EUR") as repository:
        await repository.put_products([ProductChange(product_id="p-1")], now=old)
        for name, at in (("c-1", old), ("c-2", datetime.now(UTC))):
            event = BrowsingEvent(customer_id=name, product_id="p-1", guest=True)
            await repository.record([event] * (2 if name == "c-1" else 1), now=at)


async def guests_in(database):
    async with open_sqlite(database, currency="EUR") as repository:
        return await repository.expired_guests(before=datetime.now(UTC) + timedelta(days=1))


async def test_a_running_application_deletes_guests_by_default(database):
    await create_shop_with_an_old_guest(database)
    storage = Storage(lambda: Settings(database_url=f"sqlite:///{database}"))

    async with purge_when_due(storage):
        for _ in range(100):
            if await count_events((await storage.shop()).repository) == 1:
                break
            await asyncio.sleep(0.01)
    await storage.close()

    assert await guests_in(database) == ["c-2"]


def test_the_command_counts_and_deletes_guests(database, monkeypatch, capsys):
    asyncio.run(create_shop_with_an_old_guest(database))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{database}")
    monkeypatch.setattr("infra.use_cases.purge.MIN_EVENTS_TO_CONFIRM", 2)

    exits = [run(["retention", *options]) for options in (["--dry-run"], [], ["--yes"], ["--dry-run"])]

    printed = capsys.readouterr()
    assert exits == [0, 1, 0, 0]
    assert printed.out.splitlines() == [
        "1 of 2 guests had no event for 30 days; nobody was deleted.",
        "1 of 2 guests had no event for 30 days; they were deleted.",
        "0 of 1 guests had no event for 30 days; nobody was deleted.",
    ]
    assert "1 of 2 guests had no event for 30 days, with 2 of 3 events, which is more than half" in printed.err
    assert asyncio.run(guests_in(database)) == ["c-2"]


def test_a_training_deletes_guests_first(database, tmp_path, monkeypatch):
    asyncio.run(create_shop_with_an_old_guest(database))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{database}")

    assert run(["train", "--trials", "0"]) == 0

    assert asyncio.run(guests_in(database)) == ["c-2"]
