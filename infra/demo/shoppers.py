"""The customers of the demo shop and their events of 90 days."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random

import msgspec
from msgspec import UNSET, Struct

from domain.records.customers import SEGMENTS, CustomerChange, Segment
from domain.records.interactions import BrowsingEvent, BrowsingType, CustomerEvent, OrderItem, Purchase
from infra.demo.catalogue import CONSUMABLES, DemoProduct

N_CUSTOMERS = 500
N_EVENTS = 20_000
DAYS = 90

TASTES: dict[str, dict[str, float]] = {
    "camper": {"outdoor/camping": 0.65, "outdoor/hiking": 0.35},
    "hiker": {"outdoor/hiking": 0.75, "outdoor/camping": 0.25},
    "cyclist": {"outdoor/cycling": 0.85, "sports/running": 0.15},
    "runner": {"sports/running": 0.8, "sports/yoga": 0.2},
    "yogi": {"sports/yoga": 0.85, "home/bedding": 0.15},
    "barista": {"home/coffee": 0.5, "food/coffee": 0.5},
    "cook": {"home/kitchen": 0.85, "home/coffee": 0.15},
    "homemaker": {"home/lamps": 0.5, "home/bedding": 0.5},
    "photographer": {"electronics/photo": 0.85, "outdoor/hiking": 0.15},
    "listener": {"electronics/audio": 0.9, "home/lamps": 0.1},
    "gardener": {"garden/plants": 0.5, "garden/tools": 0.5},
    "dog owner": {"pets/dogs": 0.55, "food/dog food": 0.45},
}
"""The categories of each taste and their shares."""

ASSIGNED_SHARE = 1 / 3
REBUY_DAYS = 14
_TIER_WEIGHTS = {"Budget": (6.0, 2.0, 0.3), "Regular": (2.0, 5.0, 1.5), "Premium": (0.3, 2.0, 6.0)}
_FIRST_NAMES = ("Ada", "Ben", "Chloe", "Dario", "Elif", "Finn", "Greta", "Hugo", "Ines", "Jonas", "Kaja", "Luca", "Mira",
                "Noah", "Olga", "Paul", "Rosa", "Sami", "Tilda", "Yann")  # fmt: skip
_LAST_NAMES = ("Abel", "Baumann", "Costa", "Dubois", "Eriksen", "Fischer", "Garcia", "Horvat", "Ivanova", "Jansen",
               "Keller", "Lindqvist", "Moretti", "Novak", "Okafor", "Petit", "Quinn", "Rossi", "Silva", "Weber")  # fmt: skip


class Shopper(Struct, frozen=True):
    customer_id: str
    segment: Segment
    tastes: tuple[str, ...]
    change: CustomerChange


def shoppers(random: Random) -> list[Shopper]:
    """Return 500 customers, a third with an assigned segment; `demo-1` is a camper who shops like a Regular customer."""
    customers: list[Shopper] = []
    for number in range(1, N_CUSTOMERS + 1):
        segment = random.choices(SEGMENTS, weights=(2, 5, 3))[0]
        tastes = tuple(random.sample(list(TASTES), k=random.choices((1, 2, 3), weights=(5, 4, 1))[0]))
        first, last = random.choice(_FIRST_NAMES), random.choice(_LAST_NAMES)
        is_assigned = random.random() < ASSIGNED_SHARE
        if number == 1:
            segment, tastes, is_assigned = "Regular", ("camper",), False
        change = CustomerChange(
            customer_id=f"demo-{number}",
            email=f"{first}.{last}.{number}@example.com".lower(),
            first_name=first,
            last_name=last,
            segment=segment if is_assigned else UNSET,
        )
        customers.append(Shopper(change.customer_id, segment, tastes, change))
    return customers


def count_interactions(events: Sequence[CustomerEvent]) -> int:
    """Count events, an order as many times as it has items."""
    return sum(len(event.items) if isinstance(event, Purchase) else 1 for event in events)


def generate_events(
    random: Random, customers: list[Shopper], products: list[DemoProduct], *, now: datetime
) -> list[CustomerEvent]:
    """Return at least 20,000 interactions from the 90 days before `now`, in order of time.

    Events come in visits: a shopper views some products of one taste, adds some to the cart or the wishlist, and buys
    some of those together. Coffee and dog food are bought again about every two weeks.
    """
    by_category: dict[str, list[DemoProduct]] = {}
    for product in products:
        by_category.setdefault(product.category, []).append(product)
    events: list[CustomerEvent] = []
    n_interactions = 0
    # Each customer visits twice first, which gives everyone a history; later visits follow each customer's activity.
    activity = [random.lognormvariate(0.0, 0.8) for _ in customers]
    while n_interactions < N_EVENTS:
        is_first_round = len(events) == 0
        for customer in customers * 2 if is_first_round else random.choices(customers, activity, k=50):
            started_at = now - timedelta(minutes=random.uniform(200, DAYS * 24 * 60))
            visit = list(_visit(random, customer, by_category, started_at=started_at, now=now))
            events += visit
            n_interactions += count_interactions(visit)
    events.sort(key=lambda event: (event.occurred_at or now, event.customer_id))
    return [_with_id(event, number) for number, event in enumerate(events, start=1)]


def _visit(
    random: Random, customer: Shopper, by_category: dict[str, list[DemoProduct]], *, started_at: datetime, now: datetime
) -> Iterator[CustomerEvent]:
    taste = TASTES[random.choice(customer.tastes)]
    viewed = [_pick(random, customer, taste, by_category) for _ in range(random.randrange(2, 7))]
    at = started_at
    for product in viewed:
        at += timedelta(seconds=random.randrange(15, 240))
        yield _browsing(customer, product, "view", at, dwell_seconds=float(random.randrange(5, 180)))
    selected = list(dict.fromkeys(random.sample(viewed, k=min(len(viewed), random.randrange(0, 4)))))
    for product in selected:
        at += timedelta(seconds=random.randrange(10, 90))
        yield _browsing(customer, product, "cart" if random.random() < 0.7 else "wishlist", at)
    if selected and random.random() < 0.55:
        at += timedelta(seconds=random.randrange(30, 300))
        yield from _orders(random, customer, selected, at, now=now)


def _orders(
    random: Random, customer: Shopper, selected: list[DemoProduct], at: datetime, *, now: datetime
) -> Iterator[Purchase]:
    """Yield an order of the selected products, then repeat orders of the consumables among them, at most until `now`."""
    yield _purchase(customer, selected, at)
    consumables = [product for product in selected if product.category in CONSUMABLES]
    while consumables and random.random() < 0.75:
        at += timedelta(days=REBUY_DAYS + random.uniform(-2, 2))
        if at > now:
            return
        yield _purchase(customer, consumables, at)


def _pick(
    random: Random, customer: Shopper, taste: dict[str, float], by_category: dict[str, list[DemoProduct]]
) -> DemoProduct:
    category = random.choices(list(taste), weights=list(taste.values()))[0]
    tier_weights = _TIER_WEIGHTS[customer.segment]
    products = by_category[category]
    return random.choices(products, weights=[product.appeal * tier_weights[product.tier] for product in products])[0]


def _browsing(
    customer: Shopper, product: DemoProduct, event_type: BrowsingType, at: datetime, *, dwell_seconds: float | None = None
) -> BrowsingEvent:
    return BrowsingEvent(
        customer_id=customer.customer_id,
        product_id=product.product_id,
        event_type=event_type,
        dwell_seconds=dwell_seconds,
        occurred_at=at,
    )


def _purchase(customer: Shopper, products: list[DemoProduct], at: datetime) -> Purchase:
    items = tuple(OrderItem(product_id=product.product_id, unit_price=round(product.price, 2)) for product in products)
    return Purchase(customer_id=customer.customer_id, items=items, currency="EUR", occurred_at=at)


def _with_id(event: CustomerEvent, number: int) -> CustomerEvent:
    """Return the event with an id, which makes loading it again harmless."""
    if isinstance(event, Purchase):
        return msgspec.structs.replace(event, order_id=f"demo-o-{number:05}")
    return msgspec.structs.replace(event, event_id=f"demo-e-{number:05}")
