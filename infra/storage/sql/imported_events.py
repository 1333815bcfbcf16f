"""Record the events of an import: new ones at once, and orders that are stored already one by one."""

from collections.abc import Sequence

from domain.ports.ingest import Outcome
from domain.records.imports import ImportedEvent
from domain.records.interactions import BrowsingEvent, Purchase, content_digest
from infra.storage.ids import new_id
from infra.storage.sql import merged_guests
from infra.storage.sql.customers import Newcomer, create_or_raise_versions, resolve_emails
from infra.storage.sql.digests import Digests, event_digests, order_digests
from infra.storage.sql.events import product_ids_of
from infra.storage.sql.import_run import ImportRun
from infra.storage.sql.known_products import KnownProduct, Learned, ProductCache, hold
from infra.storage.sql.orders import lines_of
from infra.storage.sql.privacy import REFUSED, find_erased
from infra.storage.sql.removals import StoredInteraction, settle_new
from infra.storage.sql.statements import ConcurrentWrite, Row, Steps, insert_new

NEW = Outcome(status="new")
SEEN_BEFORE = Outcome(status="seen_before")
NO_PRODUCT = Outcome(status="refused", field="product_id", reason="The catalogue has no such product")
EVENT_ID_REUSED = Outcome(status="refused", field="event_id", reason="Used for other content")


class ImportBatch:
    """The new events of a batch, as rows; `outcomes` has None for orders that must be compared with what is stored."""

    def __init__(
        self, known: dict[str, KnownProduct], *, interactions: Digests, orders: Digests, run: ImportRun
    ) -> None:  # fmt: skip
        self.outcomes: list[Outcome | None] = []
        self.newcomers: dict[str, Newcomer] = {}
        self._known = known
        self._interactions = interactions
        self._orders = orders
        self._run = run
        self._interaction_rows: list[Row] = []
        self._item_rows: list[Row] = []

    def add(self, imported: ImportedEvent, customer_id: str) -> None:
        """Add an event of `customer_id`, who may be another than the event names."""
        event = imported.event
        if isinstance(event, Purchase):
            outcome = self._order(event, customer_id) if not imported.returned else None
            if outcome is None and any(item.product_id not in self._known for item in event.items):
                outcome = NO_PRODUCT
        else:
            outcome = self._interaction(event, customer_id, is_derived_id=imported.is_derived_id)
        if outcome is NEW:
            self.newcomers.setdefault(customer_id, Newcomer(imported.email, imported.is_guest))
        self.outcomes.append(outcome)

    def write(self) -> Steps[None]:
        """Write the new events, and let removals take back what they mean; their customers must be there, and locked."""
        yield from insert_new(
            "INSERT INTO browsing_history"
            " (event_id, customer_id, product_id, event_type, dwell_seconds, occurred_at, digest, import_id)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            self._interaction_rows,
        )
        yield from insert_new(
            "INSERT INTO purchase_history"
            " (order_id, line, customer_id, product_id, quantity, unit_price, currency, occurred_at, digest, import_id)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            self._item_rows,
        )
        yield from settle_new(
            StoredInteraction(customer_id, product_id, event_type, occurred_at)
            for _, customer_id, product_id, event_type, _, occurred_at, _, _ in self._interaction_rows
        )

    def _interaction(self, event: BrowsingEvent, customer_id: str, *, is_derived_id: bool) -> Outcome:
        product = self._known.get(event.product_id)
        if product is None:
            return NO_PRODUCT
        event_id = event.event_id or new_id()
        digest = content_digest(event)
        if event_id in self._interactions:
            is_same = is_derived_id or self._interactions[event_id] == digest
            return SEEN_BEFORE if is_same else EVENT_ID_REUSED
        self._interactions[event_id] = digest
        self._interaction_rows.append((
            event_id, customer_id, product.product_id, event.event_type, event.dwell_seconds,
            self._run.instant_of(event), digest, self._run.import_id,
        ))  # fmt: skip
        return NEW

    def _order(self, event: Purchase, customer_id: str) -> Outcome | None:
        order_id = event.order_id or new_id()
        digest = content_digest(event)
        if order_id in self._orders:
            return SEEN_BEFORE if self._orders[order_id] == digest else None
        currency = event.currency or self._run.currency
        try:
            lines = lines_of(event, self._known, currency=currency)
        except KeyError:
            return NO_PRODUCT
        self._orders[order_id] = digest
        occurred_at, import_id = self._run.instant_of(event), self._run.import_id
        self._item_rows += [
            (order_id, number, customer_id, product_id, quantity, unit_price, currency, occurred_at, digest, import_id)
            for number, (product_id, quantity, unit_price) in enumerate(lines)
        ]
        return NEW


def put(
    imported: Sequence[ImportedEvent], *, run: ImportRun, cache: ProductCache, create_products: bool
) -> Steps[tuple[list[Outcome | None], Learned]]:
    """Record the new events of a batch; return None for each order that must be compared with what is stored.

    Also return what `cache` must keep once the events are committed.
    """
    product_ids = {product_id for one in imported for product_id in product_ids_of(one.event)}
    learned = yield from cache.find(product_ids, create=create_products, now=run.now, currency=run.currency)
    yield from hold(learned.products.values())
    orders = [
        order_id
        for one in imported
        if isinstance(one.event, Purchase) and not one.returned and (order_id := one.event.order_id)
    ]
    interactions = [
        event_id for one in imported if isinstance(one.event, BrowsingEvent) and (event_id := one.event.event_id)
    ]
    batch = ImportBatch(
        learned.products,
        interactions=(yield from event_digests(interactions)),
        orders=(yield from order_digests(orders)),
        run=run,
    )
    customer_of = yield from customers_of(imported)
    erased = yield from find_erased(set(customer_of))
    for one, customer_id in zip(imported, customer_of, strict=True):
        if customer_id in erased:
            batch.outcomes.append(REFUSED)
        else:
            batch.add(one, customer_id)
    yield from create_or_raise_versions(batch.newcomers, now=run.now)
    if (yield from find_erased(batch.newcomers)) or (yield from merged_guests.customers_by_guest(batch.newcomers)):
        raise ConcurrentWrite
    yield from batch.write()
    return batch.outcomes, learned


def customers_of(imported: Sequence[ImportedEvent]) -> Steps[list[str]]:
    """Return the customer of each event: the one whom it names, or the stored one with its e-mail address.

    For a merged guest, that is the customer whom the guest became.
    """
    merged = yield from merged_guests.customers_by_guest({one.event.customer_id for one in imported})
    named = [merged.get(one.event.customer_id, one.event.customer_id) for one in imported]
    emails = {one.email for one in imported if one.email is not None}
    if not emails:
        return named
    owners = yield from resolve_emails(emails)
    new: dict[str, str] = {}
    return [
        name if one.email is None else owners.get(one.email) or new.setdefault(one.email.casefold(), name)
        for one, name in zip(imported, named, strict=True)
    ]
