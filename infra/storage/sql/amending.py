"""Compare imported orders with what is stored: add, replace or reduce them, or leave them as they are."""

from collections.abc import Mapping, Sequence
from typing import cast

from msgspec.structs import replace

from domain.ports.ingest import Outcome
from domain.records.amendments import AmendedOrder, BoughtOrder, Quantities, at_least
from domain.records.imports import ImportedEvent
from domain.records.interactions import Purchase
from infra.storage.ids import new_id
from infra.storage.sql import import_changes, merged_guests, orders
from infra.storage.sql.customers import Newcomer, create_or_raise_versions, raise_versions
from infra.storage.sql.events import product_ids_of
from infra.storage.sql.import_run import ImportRun
from infra.storage.sql.imported_events import NEW, SEEN_BEFORE, customers_of
from infra.storage.sql.known_products import KnownProduct, find_or_create
from infra.storage.sql.orders import StoredOrder
from infra.storage.sql.privacy import REFUSED, find_erased
from infra.storage.sql.row_budget import RowBudget
from infra.storage.sql.statements import ConcurrentWrite, Steps, one

REPLACED = Outcome(status="replaced")
RETURNED = Outcome(status="returned")


def put(imported: Sequence[ImportedEvent], *, run: ImportRun) -> Steps[list[Outcome]]:
    """Record orders in sequence, as many as one transaction may write, and at least one; return their outcomes."""
    yield from one("SELECT catalogue_version FROM shop_state FOR UPDATE")
    customer_of = yield from customers_of(imported)
    erased = yield from find_erased(set(customer_of))
    outcomes: list[Outcome] = []
    budget = RowBudget()
    for imported_order, customer_id in zip(imported, customer_of, strict=True):
        event = cast("Purchase", imported_order.event)
        order_id = event.order_id or new_id()
        if customer_id in erased:
            outcomes.append(REFUSED)
            continue
        # All were known a moment ago.
        known = yield from find_or_create(set(product_ids_of(event)), now=run.now, currency=run.currency)
        before = (yield from orders.read([order_id])).get(order_id)
        returned = _returned(imported_order, known)
        sent = orders.bought_order(
            replace(event, order_id=order_id), known, customer_id=customer_id, returned=returned, run=run
        )
        after, outcome = _compared(sent, before)
        if after is not None and not budget.has_room_for(orders.n_rows(after, before)):
            break
        if after is not None:
            newcomer = Newcomer(imported_order.email, imported_order.is_guest)
            yield from _write(after, before, newcomer, run=run)
        outcomes.append(outcome)
    return outcomes


def _returned(imported: ImportedEvent, known: Mapping[str, KnownProduct]) -> Quantities:
    """Return what went back of the products of the order, under the ids by which they are stored."""
    returned: Quantities = {}
    for sent_id, quantity in imported.returned.items():
        if quantity and sent_id in known:
            product_id = known[sent_id].product_id
            returned[product_id] = returned.get(product_id, 0) + quantity
    return returned


def _compared(sent: BoughtOrder, before: StoredOrder | None) -> tuple[AmendedOrder | None, Outcome]:
    """Return the order as it must be stored, None if nothing changes, and the outcome."""
    if before is None:
        return AmendedOrder(bought=sent), RETURNED if sent.returned else NEW
    stored = before.bought
    if stored.digest != sent.digest:
        # Files do not say which lists products were bought from.
        return replace(before, bought=replace(sent, lists=stored.lists)), REPLACED
    returned = at_least(stored.returned, sent.returned)
    if returned == stored.returned:
        return None, SEEN_BEFORE
    return replace(before, bought=replace(stored, returned=returned, import_id=sent.import_id)), RETURNED


def _write(after: AmendedOrder, before: StoredOrder | None, newcomer: Newcomer, *, run: ImportRun) -> Steps[None]:
    customer_id = after.bought.customer_id
    yield from create_or_raise_versions({customer_id: newcomer}, now=run.now)
    if (yield from find_erased([customer_id])) or (yield from merged_guests.read(customer_id)):
        raise ConcurrentWrite
    if before is not None:
        yield from import_changes.add(run.import_id, before.bought)
        if before.bought.customer_id != customer_id:
            yield from raise_versions([before.bought.customer_id])
    yield from orders.write(after, before)
