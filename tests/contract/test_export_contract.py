"""An export in chunks is the same document as the one that is read at once, however many events a customer has."""

from datetime import timedelta

import msgspec
import pytest

from domain.errors import CustomerNotFound
from domain.records.customers import NewCustomer
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.privacy import CustomerExport
from domain.records.products import ProductChange
from infra.storage.sql import export
from infra.use_cases import export as use_case
from infra.use_cases.export import export_chunks


@pytest.fixture
async def shop(repository, now, monkeypatch):
    """Return a shop with a customer whose events fill several pages of 3 rows."""
    monkeypatch.setattr(export, "PAGE_ROWS", 3)
    await repository.put_products([ProductChange(product_id=f"p-{n}", price=2.5) for n in range(10)], now=now)
    await repository.create_customer(NewCustomer(customer_id="canary", email="canary@canary.com"), now=now)
    views = [
        # Some at the same instant.
        BrowsingEvent(customer_id="canary", product_id="p-1", event_id=f"e-{n}", occurred_at=now - timedelta(hours=n // 4))
        for n in range(10)
    ]
    orders = [
        Purchase(
            customer_id="canary",
            order_id=f"o-{number}",
            items=tuple(OrderItem(product_id=f"p-{n}") for n in range(n_items)),
            occurred_at=now - timedelta(hours=number // 2),
        )
        # An order is longer than two pages, and one ends with a page.
        for number, n_items in enumerate([1, 2, 8, 1, 1, 3, 2])
    ]
    await repository.record([*views, *orders], now=now)
    return repository


async def chunks_of(shop, customer_id="canary"):
    return [chunk async for chunk in export_chunks(shop, customer_id)]


@pytest.mark.parametrize("chunk_bytes", [1, 300, 1 << 18])
async def test_the_chunks_are_the_document_of_the_whole_export(shop, monkeypatch, chunk_bytes):
    monkeypatch.setattr(use_case, "CHUNK_BYTES", chunk_bytes)

    chunks = await chunks_of(shop)

    document = msgspec.json.decode(b"".join(chunks), type=CustomerExport)
    assert document == await shop.export("canary")
    assert b"".join(chunks) == msgspec.json.encode(document)
    assert (len(document.browsing), [len(order.items) for order in document.purchases]) == (10, [2, 1, 3, 8, 1, 1, 2])
    assert (len(chunks) == 1) is (chunk_bytes == 1 << 18)


@pytest.mark.parametrize("n_views", [0, 3])
async def test_no_event_or_exactly_one_page_is_one_chunk(shop, now, n_views):
    await shop.create_customer(NewCustomer(customer_id="canary-bob"), now=now)
    views = [BrowsingEvent(customer_id="canary-bob", product_id="p-1") for _ in range(n_views)]
    if views:
        await shop.record(views, now=now)

    (chunk,) = await chunks_of(shop, "canary-bob")

    document = msgspec.json.decode(chunk, type=CustomerExport)
    assert document == await shop.export("canary-bob")
    assert len(document.browsing) == n_views


async def test_the_export_of_an_unknown_customer_fails_before_the_first_chunk(shop):
    with pytest.raises(CustomerNotFound):
        await anext(export_chunks(shop, "nobody"))


async def test_the_export_of_a_person_who_is_erased_meanwhile_has_no_end(shop, monkeypatch):
    monkeypatch.setattr(use_case, "CHUNK_BYTES", 1)
    chunks = export_chunks(shop, "canary")
    received = [await anext(chunks) for _ in range(4)]
    await shop.erase("canary")

    async def receive_rest():
        async for chunk in chunks:
            received.append(chunk)  # noqa: PERF401 - what came before the error stays

    with pytest.raises(CustomerNotFound):
        await receive_rest()
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(b"".join(received))


async def test_an_event_that_arrives_meanwhile_leaves_the_document_whole(shop, now, monkeypatch):
    monkeypatch.setattr(use_case, "CHUNK_BYTES", 1)
    before = await shop.export("canary")
    chunks = export_chunks(shop, "canary")
    received = [await anext(chunks) for _ in range(3)]
    await shop.record([BrowsingEvent(customer_id="canary", product_id="p-2", event_id="late")], now=now + timedelta(hours=1))
    received += [chunk async for chunk in chunks]

    document = msgspec.json.decode(b"".join(received), type=CustomerExport)
    assert [view.event_id for view in document.browsing] == [*(view.event_id for view in before.browsing), "late"]
