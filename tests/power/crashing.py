"""Crash at every statement of every writing path: `python -m tests.power.crashing FOLDER`.

Write to FOLDER one database for each path and crash, as the dead process left it, and `points.json` with the statements of
each path. Each crash ends a process of its own, with the file open and the lock held.
"""

import asyncio
import json
import os
import shutil
import sqlite3
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from domain.records.amendments import OrderAmendment, RemainingItem
from domain.records.customers import CustomerChange, CustomerUpdate, NewCustomer, address_id
from domain.records.guests import GuestMerge
from domain.records.imports import OrderReturn, ReturnedItem
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from infra.storage.sqlite import open_sqlite
from infra.use_cases.recommend import fresh_list
from infra.use_cases.train import train
from tests.imports import as_imported
from tests.power.recording import ADDRESS

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
EVENTS = [
    BrowsingEvent(customer_id="c-1", product_id="p-1", event_id="e-1"),
    Purchase(customer_id="c-1", order_id="o-1", items=(OrderItem(product_id="p-1"), OrderItem(product_id="p-2"))),
]


async def record_in_two_transactions(repository):
    """Break the rule of one transaction for each path: a planted fault that the check must find."""
    for event in EVENTS:
        await repository.record([event], now=NOW)


async def ignore(_):
    """Prepare nothing from what was recorded."""


PATHS = {
    "create": lambda shop: shop.create_customer(
        NewCustomer(customer_id="new", email="a@canary.ch", segment="Budget"), now=NOW
    ),
    "add_addresses": lambda shop: shop.add_addresses("c-1", [ADDRESS]),
    "record": lambda shop: shop.record(EVENTS, now=NOW),
    "record_while": lambda shop: shop.record_while(ignore, EVENTS, now=NOW),
    "pack_history": lambda shop: shop.customer_state("c-2"),
    "store_list": lambda shop: fresh_list(shop, "c-1", now=NOW),
    "put_products": lambda shop: shop.put_products([ProductChange(product_id=f"n-{n}") for n in range(3)], now=NOW),
    "update_products": lambda shop: shop.update_products(
        [
            ProductChange(product_id="p-1", aliases=("sku",), attributes={"colour": "red"}, variant_of="p-0"),
            ProductChange(product_id="n-0", aliases=("other",)),
        ],
        now=NOW,
    ),
    "put_customers": lambda shop: shop.put_customers(
        [CustomerChange(customer_id="c-1", first_name="Canary"), CustomerChange(customer_id="n-1", segment="Budget")],
        now=NOW,
    ),
    "put_events": lambda shop: shop.put_events(
        as_imported([BrowsingEvent(customer_id="i-1", product_id="unknown"), *EVENTS]), create_products=True, now=NOW
    ),
    "update_customer": lambda shop: shop.update_customer(
        CustomerUpdate(customer_id="c-1", email="b@canary.ch", segment="Budget", profiling=False), now=NOW
    ),
    "remove_address": lambda shop: shop.remove_address("c-2", address_id("c-2", ADDRESS)),
    "amend_order": lambda shop: shop.amend_order(
        OrderAmendment(customer_id="c-1", order_id="amended", items=(RemainingItem(product_id="p-3"),))
    ),
    "take_back": lambda shop: shop.record(
        [BrowsingEvent(customer_id="c-1", product_id="p-4", event_type="remove_from_cart")], now=NOW
    ),
    "create_unknown": lambda shop: shop.record(
        [Purchase(customer_id="c-1", items=(OrderItem(product_id="gift-card"),))], now=NOW, create_products=True
    ),
    "purge": lambda shop: shop.purge_events(before=NOW + timedelta(days=1)),
    "erase": lambda shop: shop.erase("c-1"),
    "register_guest": lambda shop: shop.record([replace(event, customer_id="n-1", guest=True) for event in EVENTS], now=NOW),
    "merge_guest": lambda shop: shop.merge_guest(GuestMerge(guest_id="g-1", customer_id="c-1"), now=NOW),
    "purge_guests": lambda shop: shop.purge_guests(["g-1", "g-2"], before=NOW + timedelta(days=1)),
    "train": lambda shop: train(shop, now=NOW),
    "planted": record_in_two_transactions,
}


async def fill_guest(shop):
    """Give the guest who is merged something in every table: a cart that is taken back, returns, and replaced records."""
    kinds = ("cart", "remove_from_cart")
    await shop.record([BrowsingEvent(customer_id="g-1", product_id="p-4", event_type=kind) for kind in kinds], now=NOW)
    for quantity, import_id in ((1, "i-1"), (2, "i-2")):
        items = (OrderItem(product_id="p-0", quantity=5 + quantity),)
        order = Purchase(customer_id="g-1", order_id="o-imported", items=items)
        await shop.put_events(as_imported([order]), create_products=False, import_id=import_id, now=NOW)
        for name in ("g-1", "c-1"):
            back = (ReturnedItem(product_id="p-0", quantity=quantity),)
            returned = OrderReturn(customer_id=name, return_id="r-1", order_id="o-imported", items=back)
            await shop.put_returns([returned], import_id=import_id, now=NOW)


async def prepare(database):
    async with open_sqlite(database, currency="EUR") as shop:
        await shop.put_products([ProductChange(product_id=f"p-{n}", price=1.0) for n in range(5)], now=NOW)
        await shop.create_customer(NewCustomer(customer_id="c-1", last_name="Canary-leaving"), now=NOW)
        await shop.put_events(
            as_imported([BrowsingEvent(customer_id=f"c-{n}", product_id=f"p-{n % 5}") for n in range(20)]),
            create_products=False,
            now=NOW,
        )
        for name in ("g-1", "g-2"):
            guest = [replace(event, customer_id=name, guest=True, event_id=None) for event in EVENTS[:1]]
            order = Purchase(customer_id=name, guest=True, order_id=f"o-{name}", items=(OrderItem(product_id="p-3"),))
            await shop.record([*guest, order], now=NOW)
            await shop.add_addresses(name, [ADDRESS])
            await shop.amend_order(OrderAmendment(customer_id=name, order_id=f"o-{name}", items=()))
        await fill_guest(shop)
        await shop.add_addresses("c-2", [ADDRESS, replace(ADDRESS, city="Canary")])
        items = (OrderItem(product_id="p-2", quantity=2), OrderItem(product_id="p-3", quantity=2))
        cart = BrowsingEvent(customer_id="c-1", product_id="p-4", event_type="cart")
        await shop.record([cart, Purchase(customer_id="c-1", order_id="amended", items=items)], now=NOW)
        # From now on, recording adds to the packed history of this customer.
        await shop.customer_state("c-1")


def run_path(path, database, *, dies_at):
    """Run a path and return the statements of the writer; end the process before the statement with the number `dies_at`."""
    statements = []
    connect = sqlite3.connect
    is_open = False

    def note(statement):
        if is_open:
            statements.append(statement)
            if len(statements) == dies_at:
                os._exit(1)

    def connect_traced(*arguments, **options):
        connection = connect(*arguments, **options)
        connection.set_trace_callback(note if "mode=rwc" in arguments[0] else None)
        return connection

    async def run():
        nonlocal is_open
        async with open_sqlite(database, currency="EUR") as shop:
            is_open = True
            await PATHS[path](shop)
            if len(statements) < dies_at:
                # The last crash: after the acknowledgement, before closing.
                os._exit(0)
            return list(statements)

    sqlite3.connect = connect_traced
    try:
        return asyncio.run(run())
    finally:
        sqlite3.connect = connect


def main(folder):
    asyncio.run(prepare(folder / "base.db"))
    points = {}
    for path in PATHS:
        shutil.copy(folder / "base.db", folder / f"{path}.db")
        points[path] = run_path(path, folder / f"{path}.db", dies_at=0)
        for number in range(1, len(points[path]) + 2):
            shutil.copy(folder / "base.db", folder / f"{path}-{number}.db")
            child = os.fork()
            if child == 0:
                run_path(path, folder / f"{path}-{number}.db", dies_at=number)
            os.waitpid(child, 0)
    (folder / "points.json").write_text(json.dumps(points))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
