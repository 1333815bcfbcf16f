"""What happened in the demo shop during the last 90 days: visits, repeat purchases, a trend and returns."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain
from random import Random

import msgspec

from domain.records.imports import OrderReturn, ReturnedItem
from domain.records.interactions import CustomerEvent, Purchase
from infra.demo.catalogue import DemoProduct
from infra.demo.shelves import Shelves
from infra.demo.shoppers import Shopper
from infra.demo.staples import repeat_purchases
from infra.demo.visits import Period, Visitor, browsing, order

DAYS = 90
MINUTES_AGO = 200
"""The least age of the start of a visit, which lets it end before now."""
N_VISITS = 4400
GUEST_DAYS = 20

RISING = "string lights"
RISING_DAYS = 7
N_RISING = 40
"""Customers who looked at one product of this kind lately."""

RETURNED_SHARE = 0.02
RETURNED_CLOTHES_SHARE = 0.12


def generate_events(
    random: Random,
    customers: Sequence[Shopper],
    guests: Sequence[Shopper],
    products: Sequence[DemoProduct],
    *,
    now: datetime,
) -> list[CustomerEvent]:
    """Return all events from the 90 days before `now`, in order of time."""
    shelves = Shelves(products)
    period = Period(since=now - timedelta(days=DAYS), until=now)
    of_guests = Period(since=now - timedelta(days=GUEST_DAYS), until=now)
    # Every customer visits twice, which gives everyone a history; further visits follow the activity of each customer.
    activity = [random.lognormvariate(0.0, 0.8) for _ in customers]
    n_visits = [2] * len(customers)
    for index in random.choices(range(len(customers)), activity, k=N_VISITS - 2 * len(customers)):
        n_visits[index] += 1
    events: list[CustomerEvent] = []
    for customer, n in zip(customers, n_visits, strict=True):
        events += _visits(random, customer, shelves, n=n, period=period)
        events += repeat_purchases(random, customer, shelves, period=period)
    for guest in guests:
        events += _visits(random, guest, shelves, n=random.choice((1, 1, 2)), period=of_guests)
    events += _rise(random, customers, products, now=now)
    events.sort(key=lambda event: (event.occurred_at or now, event.customer_id))
    return [_with_id(event, number) for number, event in enumerate(events, start=1)]


def generate_returns(
    random: Random, events: Sequence[CustomerEvent], products: Sequence[DemoProduct], *, now: datetime
) -> list[OrderReturn]:
    """Return what went back within two weeks of its order: of clothes and shoes more than of anything else."""
    clothes = {product.product_id for product in products if product.attributes.keys() >= {"size", "colour"}}
    returns: list[OrderReturn] = []
    for purchase in (event for event in events if isinstance(event, Purchase)):
        items = [
            ReturnedItem(product_id=item.product_id, quantity=item.quantity)
            for item in purchase.items
            if random.random() < (RETURNED_CLOTHES_SHARE if item.product_id in clothes else RETURNED_SHARE)
        ]
        at = (purchase.occurred_at or now) + timedelta(days=random.uniform(3, 14))
        if items and at <= now:
            returns.append(
                OrderReturn(
                    customer_id=purchase.customer_id,
                    return_id=f"demo-r-{len(returns) + 1:04}",
                    order_id=purchase.order_id,
                    items=tuple(items),
                    occurred_at=at,
                )
            )
    return returns


def _visits(random: Random, shopper: Shopper, shelves: Shelves, *, n: int, period: Period) -> Iterator[CustomerEvent]:
    minutes = (period.until - period.since) / timedelta(minutes=1)
    visitor = Visitor(shopper, shelves, random)
    started = sorted(period.until - timedelta(minutes=random.uniform(MINUTES_AGO, minutes)) for _ in range(n))
    return chain.from_iterable(visitor.visit(at) for at in started)


def _rise(
    random: Random, customers: Sequence[Shopper], products: Sequence[DemoProduct], *, now: datetime
) -> Iterator[CustomerEvent]:
    """Yield the events by which one product rises; its customers have all tastes."""
    rising = next(product for product in products if product.kind == RISING and product.tier == 1)
    for customer in random.sample(list(customers), k=N_RISING):
        at = now - timedelta(minutes=random.uniform(MINUTES_AGO, RISING_DAYS * 24 * 60))
        yield browsing(customer, rising, "view", at, dwell_seconds=float(random.randrange(20, 180)))
        if random.random() < 0.6:
            yield browsing(customer, rising, "cart", at + timedelta(minutes=2))
            if random.random() < 0.8:
                yield order(customer, [rising], at + timedelta(minutes=5))


def _with_id(event: CustomerEvent, number: int) -> CustomerEvent:
    """Return the event with an id, which makes loading it again harmless."""
    if isinstance(event, Purchase):
        return msgspec.structs.replace(event, order_id=f"demo-o-{number:05}")
    return msgspec.structs.replace(event, event_id=f"demo-e-{number:05}")
