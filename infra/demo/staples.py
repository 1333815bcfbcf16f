"""Repeat purchases of the demo shop: what its customers use up and buy again, on intervals of their own."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from msgspec import Struct

from domain.records.interactions import CustomerEvent
from infra.demo.catalogue import DemoProduct
from infra.demo.kinds import CATEGORIES
from infra.demo.shelves import Shelves
from infra.demo.shoppers import Shopper
from infra.demo.visits import Period, browsing, order


class Staple(Struct, frozen=True):
    """Products of `category` that a customer buys again when they are used up, and with every second order of `besides`.

    Customers of `taste` need them with a probability of `needed`, all others with one of `else_needed`.
    """

    category: str
    kinds: tuple[str, ...]
    besides: tuple[str, ...]
    taste: str
    needed: float
    else_needed: float


STAPLES = (
    Staple("food/coffee", ("house espresso", "dark roast", "single-origin Ethiopia", "single-origin Colombia",
                           "decaf espresso", "filter roast"),
           ("coffee filters", "coffee filters", "cleaning tablets", "descaler"), "barista", 0.8, 0.08),
    Staple("food/dog food", ("puppy food", "adult dog food", "grain-free dog food", "senior dog food", "wet food tins"),
           ("dog treats", "dental sticks", "training treats"), "dog owner", 0.8, 0.0),
    Staple("home/laundry", ("laundry detergent", "colour detergent", "dishwasher tabs"),
           ("fabric softener", "stain spray", "wool detergent"), "homemaker", 0.6, 0.15),
)  # fmt: skip

LOYALTY = 0.9
"""How often a customer takes the same product again."""
STOP_SHARE = 0.08


def repeat_purchases(random: Random, shopper: Shopper, shelves: Shelves, *, period: Period) -> Iterator[CustomerEvent]:
    """Yield the orders of everything that a shopper uses up, with the views before them."""
    for staple in STAPLES:
        if random.random() < (staple.needed if staple.taste in shopper.tastes else staple.else_needed):
            yield from _orders(random, shopper, staple, shelves, period=period)


def _orders(
    random: Random, shopper: Shopper, staple: Staple, shelves: Shelves, *, period: Period
) -> Iterator[CustomerEvent]:
    days = (CATEGORIES[staple.category].lasts_days or 0.0) * random.lognormvariate(0.0, 0.12)
    at = period.since + timedelta(days=random.uniform(0.0, 2 * days))
    favourite = _find(random, shopper, staple.kinds, shelves, at=at)
    besides = _find(random, shopper, staple.besides, shelves, at=at)
    n_orders = 0
    while at < period.until and favourite:
        tried = favourite if random.random() < LOYALTY else _find(random, shopper, staple.kinds, shelves, at=at)
        bought = tried + (besides if n_orders % 2 == 0 else [])
        if random.random() < 0.4:
            yield browsing(shopper, bought[0], "view", at - timedelta(minutes=random.uniform(2, 20)))
        yield order(shopper, bought, at, quantity=random.choices((1, 2), weights=(4, 1))[0])
        n_orders += 1
        if random.random() < STOP_SHARE:
            return
        at += timedelta(days=days * random.lognormvariate(0.0, 0.12))


def _find(random: Random, shopper: Shopper, kinds: tuple[str, ...], shelves: Shelves, *, at: datetime) -> list[DemoProduct]:
    return shelves.alternatives(random.choice(kinds), random, shopper=shopper, at=at, n=1)
