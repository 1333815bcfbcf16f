"""Record the statements that the real repository sends to SQLite, settings included, and its acknowledgements."""

import sqlite3
from datetime import timedelta

import msgspec
from msgspec import Struct

from domain.records.customers import Address, NewCustomer
from domain.records.guests import GuestMerge
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from infra.storage.sqlite import open_sqlite
from infra.use_cases.recommend import fresh_list
from infra.use_cases.train import train
from tests.imports import as_imported

ADDRESS = Address(kind="shipping", line1="Canary 1", city="Canaryville", postal_code="CANARY-3000", country="CH")


class Acknowledged(Struct, frozen=True):
    """A call has returned: what the statements before this point wrote must be durable."""


async def record_statements(database, monkeypatch, *, now, n_orders):
    """Run every writing path on a real file; return the statements of the writer, with the acknowledgements in between."""
    recording = []
    connect = sqlite3.connect

    def connect_traced(*arguments, **options):
        connection = connect(*arguments, **options)
        # Only the writer may write.
        connection.set_trace_callback(recording.append if "mode=rwc" in arguments[0] else None)
        return connection

    with monkeypatch.context() as patch:
        patch.setattr("aiosqlite.core.sqlite3.connect", connect_traced)
        async with open_sqlite(database, currency="EUR") as repository:
            async for _ in run_every_writing_path(repository, now=now, n_orders=n_orders):
                recording.append(Acknowledged())  # noqa: PERF401 - the trace appends between two of them
    return recording


async def run_every_writing_path(repository, *, now, n_orders):
    """Yield after each acknowledged call. A list that was only computed may be lost: nothing acknowledges its storage."""
    yield await repository.put_products([ProductChange(product_id=f"p-{n}", price=1.0) for n in range(20)], now=now)
    for n in range(4):
        yield await repository.create_customer(
            NewCustomer(customer_id=f"c-{n}", email=f"{n}@canary.ch", segment="Budget"), now=now
        )
        yield await repository.add_addresses(f"c-{n}", [msgspec.structs.replace(ADDRESS, line1=f"Canary {n}")] * 2)
    for n in range(n_orders):
        items = (OrderItem(product_id=f"p-{n % 20}"), OrderItem(product_id=f"p-{(n + 1) % 20}"))
        order = Purchase(customer_id=f"c-{n % 4}", order_id=f"o-{n}", items=items)
        view = BrowsingEvent(customer_id=f"c-{n % 4}", product_id=f"p-{n % 20}", event_id=f"e-{n}")
        yield await repository.record([view, order], now=now + timedelta(seconds=n))
        await fresh_list(repository, f"c-{n % 4}", now=now + timedelta(seconds=n))
    imported = [BrowsingEvent(customer_id=f"i-{n}", product_id=f"p-{n}") for n in range(30)]
    yield await repository.put_events(as_imported(imported), create_products=True, now=now)
    yield await train(repository, now=now)
    yield await repository.purge_events(before=now + timedelta(seconds=n_orders // 2))
    # The purge has deleted the stored lists.
    await fresh_list(repository, "c-0", now=now + timedelta(seconds=n_orders))
    guest = BrowsingEvent(customer_id="g-1", product_id="p-1", guest=True)
    yield await repository.record([guest], now=now)
    yield await repository.merge_guest(GuestMerge(guest_id="g-1", customer_id="c-0"), now=now)
    yield await repository.erase("c-3")
