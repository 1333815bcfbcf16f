"""Exports, erasures and reads have an entry in the audit, whatever becomes of them."""

import json

import pytest

from domain.errors import CustomerNotFound, StoreBusy, StoreUnavailable
from domain.records.audit import Act, AuditQuery
from domain.records.customers import NewCustomer
from infra.storage.sql import audit, privacy
from infra.use_cases.audited import audited, erase_customer, exported_chunks


@pytest.fixture
async def shop(repository, now):
    await repository.create_customer(NewCustomer(customer_id="canary"), now=now)
    return repository


async def export(shop, *, actor):
    chunks = [chunk async for chunk in exported_chunks(shop, "canary", actor=actor)]
    return json.loads(b"".join(chunks))


async def entries(shop):
    found = await shop.audit_entries(AuditQuery(customer_id="canary"))
    return [(entry.actor, entry.action, entry.outcome) for entry in reversed(found)]


async def test_an_export_is_kept_before_it_is_returned(shop, monkeypatch):
    def refuse(_):
        raise StoreUnavailable("full")

    assert (await export(shop, actor="erp"))["customer"]["customer_id"] == "canary"
    assert await entries(shop) == [("erp", "export", "done")]

    monkeypatch.setattr(audit, "record", refuse)
    with pytest.raises(StoreUnavailable):
        await export(shop, actor="erp")


async def test_an_erasure_and_attempts_to_export_and_erase_the_erased_are_kept(shop):
    await erase_customer(shop, "canary", actor="erp")
    with pytest.raises(CustomerNotFound):
        await export(shop, actor="web")
    with pytest.raises(CustomerNotFound):
        await erase_customer(shop, "canary", actor="web")

    assert await entries(shop) == [
        ("erp", "erase", "done"), ("web", "export", "not-found"), ("web", "erase", "not-found"),
    ]  # fmt: skip


async def test_an_erasure_whose_bytes_stay_has_failed_after_its_rows_are_gone(shop, monkeypatch):
    async def refuse():
        raise StoreBusy("a reader needs the log")

    monkeypatch.setattr(shop.engine, "scrub", refuse)
    with pytest.raises(StoreBusy):
        await erase_customer(shop, "canary", actor="erp")
    monkeypatch.undo()
    await erase_customer(shop, "canary", actor="erp")

    assert await entries(shop) == [("erp", "erase", "done"), ("erp", "erase", "failed"), ("erp", "erase", "done")]


async def test_a_failure_is_raised_also_where_it_cannot_be_kept(shop, monkeypatch):
    def refuse(_):
        raise StoreUnavailable("full")

    monkeypatch.setattr(audit, "add", refuse)
    with pytest.raises(CustomerNotFound):
        async with audited(shop, Act(actor="erp", action="read-profile", customer_id="canary"), keep=shop.note_act):
            raise CustomerNotFound("canary")


async def test_an_erasure_that_deletes_nothing_leaves_no_entry_of_success(shop, monkeypatch):
    def refuse(_):
        yield from ()
        raise StoreBusy("busy")

    monkeypatch.setattr(privacy, "announce", refuse)
    with pytest.raises(StoreBusy):
        await erase_customer(shop, "canary", actor="erp")

    assert await entries(shop) == [("erp", "erase", "failed")]
