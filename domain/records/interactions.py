"""Interactions and orders: the messages about what a customer looked at and bought."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from domain.errors import EventTooOld, InvalidField, TooManyItems
from domain.records.customers import Segment
from domain.records.values import (
    EPOCH,
    MAX_CLOCK_SKEW,
    MONEY_UNITS,
    Currency,
    Id,
    Instant,
    Money,
    Quantity,
    RecommendationId,
    check_instant,
    check_money,
    to_microseconds,
)

BrowsingType = Literal["view", "cart", "wishlist"]
RemovalType = Literal["remove_from_cart", "remove_from_wishlist"]
InteractionType = Literal[BrowsingType, RemovalType]
EventType = Literal[BrowsingType, "purchase"]
"""What lists and training use; a removal only takes back an earlier interaction."""

TAKES_BACK: dict[str, BrowsingType] = {"remove_from_cart": "cart", "remove_from_wishlist": "wishlist"}
"""The interaction that each removal takes back."""

UnknownProducts = Literal["refuse", "create"]
EVENT_TYPES: tuple[EventType, ...] = ("cart", "purchase", "view", "wishlist")
"""In the order of the alphabet, in which a database sorts them too."""

EVENT_TYPE_CODES: dict[str, int] = {event_type: code for code, event_type in enumerate(EVENT_TYPES)}
PURCHASE: int = EVENT_TYPES.index("purchase")
"""The position of purchases in EVENT_TYPES."""

MAX_ORDER_ITEMS = 500

_STOREFRONT = "\x1f"
"""Begins the stored ids of events from a storefront or a browser; no id that is sent can contain a control character."""


class Interaction(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An interaction with a product. `occurred_at` defaults to now; without `event_id` it always counts as new.

    A removal takes back the last `cart` or `wishlist` of the product that was not taken back yet. `recommendation_id` names
    the list in which the customer clicked the product.
    """

    product_id: Id
    event_type: InteractionType = "view"
    dwell_seconds: Annotated[float, Meta(ge=0, le=86_400)] | None = None
    occurred_at: Instant | None = None
    event_id: Id | None = None
    recommendation_id: RecommendationId | None = None

    def __post_init__(self) -> None:
        check_instant(self.occurred_at)


class BrowsingEvent(Interaction, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An interaction that names its customer; with `guest`, an unknown customer is registered as a guest."""

    customer_id: Id
    guest: bool = False


def in_storefront_namespace(event: BrowsingEvent) -> BrowsingEvent:
    """Return an event whose id cannot be that of an event from a backend, whichever of them comes first."""
    return event if event.event_id is None else replace(event, event_id=_STOREFRONT + event.event_id)


def in_browser_namespace(event: BrowsingEvent) -> BrowsingEvent:
    """Return an event whose id cannot be that of another customer's event, nor of one from a server of the shop."""
    if event.event_id is None:
        return event
    return replace(event, event_id=f"{_STOREFRONT}{event.customer_id}{_STOREFRONT}{event.event_id}")


def id_as_sent(stored_id: str) -> str:
    """Return the id of an event as its sender wrote it."""
    return stored_id.rpartition(_STOREFRONT)[2]


class OrderItem(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One product of an order; `unit_price` defaults to the price of the catalogue.

    `recommendation_id` names the list from which it was bought. Of several items with one product, the first id counts.
    """

    product_id: Id
    quantity: Quantity = 1
    unit_price: Money | None = None
    recommendation_id: RecommendationId | None = None

    def __post_init__(self) -> None:
        check_money(self.unit_price)


class Order(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Products bought together."""

    items: Annotated[tuple[OrderItem, ...], Meta(min_length=1, max_length=100)]
    order_id: Id | None = None
    currency: Currency | None = None
    occurred_at: Instant | None = None

    def __post_init__(self) -> None:
        check_instant(self.occurred_at)


class Purchase(Order, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An order that names its customer.

    With `guest`, an unknown customer is registered as a guest. `unknown_products` says whether products that nobody named
    before are created.
    """

    customer_id: Id
    guest: bool = False
    unknown_products: UnknownProducts = "refuse"


class BehaviorUpdate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Events of one customer, recorded all or none; `guest` and `unknown_products` as in a `Purchase`."""

    customer_id: Id
    guest: bool = False
    browsing: Annotated[tuple[Interaction, ...], Meta(max_length=100)] = ()
    purchases: Annotated[tuple[Order, ...], Meta(max_length=100)] = ()
    unknown_products: UnknownProducts = "refuse"

    def __post_init__(self) -> None:
        if not self.browsing and not self.purchases:
            raise ValueError("Expected at least one event in `browsing` or `purchases`")

    def events(self) -> list["CustomerEvent"]:
        """Return the events as messages that name their customer, interactions first."""
        return [
            *(self._addressed(BrowsingEvent, event) for event in self.browsing),
            *(self._addressed(Purchase, order) for order in self.purchases),
        ]

    def _addressed(self, kind: "type[CustomerEvent]", event: Interaction | Order) -> "CustomerEvent":
        return kind(customer_id=self.customer_id, guest=self.guest, **msgspec.structs.asdict(event))


CustomerEvent = BrowsingEvent | Purchase


def recommendation_ids_of(events: Sequence[CustomerEvent]) -> set[str]:
    """Return the ids of lists that events name."""
    found: set[str] = set()
    for event in events:
        for part in event.items if isinstance(event, Purchase) else (event,):
            if part.recommendation_id is not None:
                found.add(part.recommendation_id)
    return found


class EventCounts(Struct, frozen=True, kw_only=True):
    browsing: int
    purchases: int


def count_events(events: Sequence[CustomerEvent]) -> EventCounts:
    """Count interactions and orders."""
    purchases = sum(isinstance(event, Purchase) for event in events)
    return EventCounts(browsing=len(events) - purchases, purchases=purchases)


class UpdatedBehavior(Struct, frozen=True, kw_only=True):
    """`created_products` are products of the request that only events have named so far: no list has them."""

    customer_id: str
    accepted: EventCounts
    seen_before: EventCounts
    segment: Segment
    created_products: list[str] = []


def check_occurred(event: Interaction | Order, *, now: datetime, retention_days: int, pointer: str = "#") -> None:
    """Raise InvalidField for an event more than 5 minutes after `now`, EventTooOld for one older than the retention.

    Five minutes allow for clocks that differ. With 0 `retention_days` every event is kept.
    """
    if event.occurred_at is None:
        return
    if event.occurred_at > now + MAX_CLOCK_SKEW:
        raise InvalidField(f"{pointer}/occurred_at", "Expected an instant at most 5 minutes ahead")
    if event.occurred_at < oldest_kept(now, retention_days=retention_days):
        raise EventTooOld(f"{pointer}/occurred_at", days=retention_days)


def oldest_kept(now: datetime, *, retention_days: int) -> datetime:
    """Return the instant before which events are deleted; 0 days keep all."""
    return max(EPOCH, now - timedelta(days=retention_days)) if retention_days else EPOCH


def check_update(update: BehaviorUpdate, *, now: datetime, retention_days: int) -> None:
    """Check the instant of each event; raise TooManyItems beyond 500 order items in total."""
    for name, events in (("browsing", update.browsing), ("purchases", update.purchases)):
        for position, event in enumerate(events):
            check_occurred(event, now=now, retention_days=retention_days, pointer=f"#/{name}/{position}")
    if sum(len(order.items) for order in update.purchases) > MAX_ORDER_ITEMS:
        raise TooManyItems(f"One call takes at most {MAX_ORDER_ITEMS} order items.")


def content_digest(event: CustomerEvent) -> bytes:
    """Return a digest of 16 bytes of an event's content as sent.

    The same event over HTTP and from a file has the same digest: defaults, the sequence of order items, and the lists that
    they name do not count.
    """
    occurred_at = None if event.occurred_at is None else to_microseconds(event.occurred_at)
    if isinstance(event, Purchase):
        # A list that is sorted in place, because a file may have millions of items.
        items = [
            (item.product_id, item.quantity, -1 if (price := item.unit_price) is None else round(price * MONEY_UNITS))
            for item in event.items
        ]
        items.sort()
        content = ["order", event.customer_id, event.currency, occurred_at, items]
    else:
        content = [event.event_type, event.customer_id, event.product_id, event.dwell_seconds, occurred_at]
    return hashlib.blake2b(msgspec.json.encode(content), digest_size=16).digest()
