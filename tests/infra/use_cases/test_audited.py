"""Exports, erasures, merges and reads have an entry in the audit, whatever becomes of them."""

import json

import pytest

from domain.errors import CustomerNotFound, MergeRefused, StoreBusy, StoreUnavailable
from domain.records.audit import Act, AuditQuery
from domain.records.customers import CustomerChange, NewCustomer
from domain.records.guests import GuestMerge
from infra.storage.sql import audit, privacy
from infra.storage.sql.statements import rows
from infra.use_cases.audited import audited, erase_customer, exported_chunks, merge_guest


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


async def test_an_export_in_many_chunks_has_one_entry(shop, monkeypatch):
    monkeypatch.setattr("infra.use_cases.export.CHUNK_BYTES", 1)

    assert (await export(shop, actor="erp"))["customer"]["customer_id"] == "canary"
    assert await entries(shop) == [("erp", "export", "done")]


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


async def merged(shop, guest_id, customer_id, *, now, actor="erp"):
    return await merge_guest(shop, GuestMerge(guest_id=guest_id, customer_id=customer_id), now=now, actor=actor)


async def test_a_merge_is_kept_with_who_did_it_and_of_whom(shop, now):
    await shop.put_customers([CustomerChange(customer_id="canary-guest", is_guest=True)], now=now)

    first = await merged(shop, "canary-guest", "canary", now=now)
    again = await merged(shop, "canary-guest", "canary", now=now, actor="web")

    assert first == again
    assert await entries(shop) == [("erp", "merge", "done")]
    stored = await shop.engine.look_up(rows, "SELECT * FROM audit_log")
    assert "canary" not in repr(stored)
    assert len((await shop.audit_entries(AuditQuery()))[0].subject) == 64


async def test_a_merge_that_is_refused_or_of_nobody_is_kept_too(shop, now):
    await shop.create_customer(NewCustomer(customer_id="canary-bob"), now=now)

    with pytest.raises(MergeRefused):
        await merged(shop, "canary-bob", "canary", now=now)
    with pytest.raises(CustomerNotFound):
        await merged(shop, "nobody", "canary", now=now)

    assert await entries(shop) == [("erp", "merge", "failed"), ("erp", "merge", "not-found")]


async def test_a_merge_and_its_entry_are_one_transaction(shop, now, monkeypatch):
    await shop.put_customers([CustomerChange(customer_id="canary-guest", is_guest=True)], now=now)

    def refuse(_):
        yield from ()
        raise StoreUnavailable("full")

    monkeypatch.setattr(audit, "record", refuse)
    with pytest.raises(StoreUnavailable):
        await merged(shop, "canary-guest", "canary", now=now)

    assert (await shop.profile("canary-guest")).customer.is_guest
    assert await entries(shop) == [("erp", "merge", "failed")]


async def test_what_is_done_under_the_id_of_a_merged_guest_is_kept_with_the_customer(shop, now):
    await shop.put_customers([CustomerChange(customer_id="canary-guest", is_guest=True)], now=now)
    await shop.record_act(Act(actor="web", action="read-profile", customer_id="canary-guest"))
    await merged(shop, "canary-guest", "canary", now=now)

    chunks = [chunk async for chunk in exported_chunks(shop, "canary-guest", actor="erp")]
    before_erasure = [
        (entry.action, entry.subject) for entry in await shop.audit_entries(AuditQuery(customer_id="canary-guest"))
    ]
    assert json.loads(b"".join(chunks))["customer"]["customer_id"] == "canary"
    assert await entries(shop) == [("web", "read-profile", "done"), ("erp", "merge", "done"), ("erp", "export", "done")]
    await erase_customer(shop, "canary-guest", actor="erp")

    # The entry of before the merge stays as it was written; each later one names the customer.
    assert [action for action, _ in before_erasure] == ["export", "merge", "read-profile"]
    assert len({subject for _, subject in before_erasure[:2]}) == 1
    assert before_erasure[2][1] not in {subject for _, subject in before_erasure[:2]}
    assert [action for _, action, _ in await entries(shop)] == ["merge", "export", "erase"]
