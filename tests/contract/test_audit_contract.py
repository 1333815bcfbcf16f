"""The audit and the use of API keys, in every repository."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from domain.errors import CustomerNotFound, StoreUnavailable
from domain.records.api_keys import ApiKey
from domain.records.audit import COMMAND_LINE, THE_APP, THE_SETTINGS, Act, AuditQuery
from domain.records.customers import NewCustomer
from infra.progress import NoProgress
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.storage.sql import audit
from infra.storage.sql.privacy import PERSONAL
from infra.storage.sql.statements import rows
from infra.use_cases.copy import copy_shop
from infra.use_cases.purge import purge_audit

READ = Act(actor="erp", action="read-profile", customer_id="canary")
ERP = ApiKey(key_hash="a" * 64, scope="backend", name="erp")
WEB = ApiKey(key_hash="b" * 64, scope="storefront", name="web")


@pytest.fixture
async def shop(repository, now):
    for name in ("canary", "canary-bob"):
        await repository.create_customer(NewCustomer(customer_id=name), now=now)
    return repository


async def acts(shop, **query):
    """Return actor, action and outcome of the entries, oldest first."""
    entries = await shop.audit_entries(AuditQuery(**query))
    return [(entry.actor, entry.action, entry.outcome) for entry in reversed(entries)]


@pytest.mark.parametrize("method", ["record_act", "note_act"])
async def test_an_entry_says_who_did_what_to_whom_when_and_with_which_outcome(shop, method):
    started_at = datetime.now(UTC)

    await getattr(shop, method)(replace(READ, result="failed"))

    (entry,) = await shop.audit_entries(AuditQuery())
    assert (entry.actor, entry.action, entry.outcome) == ("erp", "read-profile", "failed")
    assert started_at - timedelta(microseconds=1) <= entry.at <= datetime.now(UTC)
    assert len(entry.subject) == 64
    assert "canary" not in repr(await shop.engine.look_up(rows, "SELECT * FROM audit_log"))


async def test_a_customer_has_the_same_hash_in_all_entries_and_another_one_than_among_the_erased(shop):
    await shop.record_act(READ)
    await shop.record_act(replace(READ, customer_id="canary-bob"))
    await shop.erase("canary")

    erased, bob, read = await shop.audit_entries(AuditQuery())
    assert erased.subject == read.subject != bob.subject
    assert (erased.subject,) not in await shop.engine.look_up(rows, "SELECT id_hash FROM erased_customers")


async def test_entries_can_be_searched(shop):
    await shop.record_act(READ)
    await shop.record_act(Act(actor=COMMAND_LINE, action="export", customer_id="canary-bob"))
    middle = (await shop.audit_entries(AuditQuery()))[0].at
    await asyncio.sleep(0.001)
    await shop.record_act(replace(READ, actor="web", action="export"))

    assert await acts(shop, customer_id="canary") == [("erp", "read-profile", "done"), ("web", "export", "done")]
    assert await acts(shop, customer_id="canary-eve") == []
    assert await acts(shop, action="export", customer_id="canary-bob") == [(COMMAND_LINE, "export", "done")]
    assert await acts(shop, actor="erp") == [("erp", "read-profile", "done")]
    assert await acts(shop, since=middle) == [(COMMAND_LINE, "export", "done"), ("web", "export", "done")]
    assert await acts(shop, limit=1) == [("web", "export", "done")]


async def test_before_the_first_entry_nobody_has_any(shop):
    assert await acts(shop, customer_id="canary") == []


async def test_an_act_may_concern_a_named_thing_or_nothing(shop):
    await shop.record_act(Act(actor=THE_SETTINGS, action="add-key", name="erp"))
    await shop.record_act(Act(actor=COMMAND_LINE, action="restore"))

    assert [entry.subject for entry in await shop.audit_entries(AuditQuery())] == [None, "erp"]


async def test_an_erasure_and_its_entry_are_one_transaction(shop, monkeypatch):
    def fail(stamped):
        yield from add(stamped)
        raise StoreUnavailable("after the entry")

    add = audit.add
    monkeypatch.setattr(audit, "add", fail)
    with pytest.raises(StoreUnavailable):
        await shop.erase("canary", actor="erp")
    monkeypatch.undo()
    assert (await shop.profile("canary")).customer.customer_id == "canary"
    assert await acts(shop) == []

    await shop.erase("canary", actor="erp")

    assert await acts(shop, customer_id="canary") == [("erp", "erase", "done")]
    for table in PERSONAL:
        assert await shop.engine.look_up(rows, f"SELECT 1 FROM {table} WHERE customer_id = 'canary'") == []


async def test_an_erasure_without_an_actor_is_one_of_the_application(shop):
    await shop.erase("canary")
    with pytest.raises(CustomerNotFound):
        await shop.erase("canary")

    assert await acts(shop) == [(THE_APP, "erase", "done")]


async def test_a_repeated_write_adds_each_entry_once(shop):
    stamped = [audit.stamp(READ) for _ in range(3)]
    await shop.engine.write(audit.add, stamped[:2])

    await shop.engine.write(audit.add, stamped)

    assert len(await shop.audit_entries(AuditQuery())) == 3


async def test_entries_are_kept_unless_a_retention_is_set(shop, monkeypatch):
    monkeypatch.setattr(audit, "MAX_ROWS", 2)
    for _ in range(3):
        await shop.record_act(READ)
    tomorrow = datetime.now(UTC) + timedelta(days=1)

    assert await purge_audit(shop, now=tomorrow + timedelta(days=900), retention_days=0) == 0
    assert await purge_audit(shop, now=tomorrow, retention_days=2) == 0
    assert len(await acts(shop)) == 3
    assert await purge_audit(shop, now=tomorrow, retention_days=1) == 3
    assert await acts(shop) == []


async def test_changes_of_keys_are_kept(shop):
    await shop.note_keys([ERP, WEB])
    await shop.note_keys([WEB, ERP])
    await shop.note_keys([replace(ERP, name="erp-2"), replace(WEB, key_hash="c" * 64)])
    await shop.note_keys([])

    entries = reversed(await shop.audit_entries(AuditQuery()))
    assert [(entry.actor, entry.action, entry.subject) for entry in entries] == [
        (THE_SETTINGS, action, name)
        for action, name in [
            ("add-key", "erp"), ("add-key", "web"), ("add-key", "web"), ("change-key", "erp-2"), ("remove-key", "web"),
            ("remove-key", "erp-2"), ("remove-key", "web"),
        ]
    ]  # fmt: skip


async def test_processes_that_start_together_note_a_key_once(shop, database_url):
    async with open_repository(Settings(database_url=database_url)) as other:
        await asyncio.gather(*(store.note_keys([ERP, WEB]) for store in (shop, other) for _ in range(3)))

    assert len(await acts(shop, action="add-key")) == 2


async def test_the_last_use_of_a_key_is_kept_to_the_minute(shop, now):
    await shop.note_keys([ERP, WEB])
    assert await shop.key_uses() == {}

    for seconds in (0, 59, 60, 30):
        await shop.note_key_use(ERP, now=now + timedelta(seconds=seconds))
    await shop.note_key_use(replace(WEB, key_hash="f" * 64), now=now)

    assert await shop.key_uses() == {ERP.key_id: now + timedelta(seconds=60)}
    await shop.note_keys([replace(ERP, name="erp-2"), WEB])
    assert await shop.key_uses() == {ERP.key_id: now + timedelta(seconds=60)}


async def test_a_copy_of_a_shop_has_its_audit_and_keys(shop, now, tmp_path):
    await shop.note_keys([ERP])
    await shop.note_key_use(ERP, now=now)
    await shop.erase("canary")

    async with open_repository(Settings(database_url=f"sqlite:///{tmp_path}/copy.db")) as copy:
        await copy_shop(shop.engine, copy.engine, progress=NoProgress())

        assert await copy.audit_entries(AuditQuery()) == await shop.audit_entries(AuditQuery())
        assert await acts(copy, customer_id="canary") == [(THE_APP, "erase", "done")]
        assert await copy.key_uses() == {ERP.key_id: now}
