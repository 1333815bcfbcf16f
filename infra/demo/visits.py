"""A visit to the demo shop: views of alternatives, then carts with what completes them, then orders."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random

from msgspec import Struct

from domain.records.interactions import BrowsingEvent, BrowsingType, CustomerEvent, OrderItem, Purchase
from infra.demo.catalogue import DemoProduct
from infra.demo.complements import COMPLEMENTS
from infra.demo.kinds import CATEGORIES
from infra.demo.shelves import Shelves
from infra.demo.shoppers import TASTES, Shopper

CART_SHARE = 0.5
WISHLIST_SHARE = 0.15
COMPLEMENT_SHARE = 0.5
MAX_COMPLEMENTS = 2
ORDER_SHARE = 0.65
RETURN_SHARE = 0.4
"""How often a customer comes back to what he or she looked at and did not buy."""
FOLLOW_UP_SHARE = 0.45
"""How often a customer who bought something comes for what completes it."""


class Period(Struct, frozen=True, kw_only=True):
    """The time in which a customer has events."""

    since: datetime
    until: datetime


class Visitor:
    """A shopper with what he or she has bought so far; visits have to be made in order of time."""

    def __init__(self, shopper: Shopper, shelves: Shelves, random: Random) -> None:
        self._shopper = shopper
        self._shelves = shelves
        self._random = random
        self._owned: dict[str, None] = {}
        self._considered: dict[str, DemoProduct] = {}

    def visit(self, at: datetime) -> Iterator[CustomerEvent]:
        """Yield the events of a visit that starts at an instant and ends within two hours."""
        clock = _Clock(at, self._random)
        category, kind = self._wanted()
        alternatives = self._find(kind, at, n=self._random.choices((1, 2, 3), weights=(4, 4, 1))[0])
        if kind in self._considered:
            alternatives = [self._considered.pop(kind)]
        for product in [*alternatives, *self._others(category, at)]:
            yield self._browsing(product, "view", clock.after(15, 240))
        if not alternatives:
            return
        chosen = alternatives[0]
        interest = self._random.random()
        if interest < CART_SHARE:
            yield from self._fill_cart(chosen, clock)
        elif interest < CART_SHARE + WISHLIST_SHARE:
            yield self._browsing(chosen, "wishlist", clock.after(10, 90))
        if chosen.kind not in self._owned:
            self._considered[chosen.kind] = chosen

    def _wanted(self) -> tuple[str, str]:
        """Return the category and the kind of what the shopper looks for."""
        if self._considered and self._random.random() < RETURN_SHARE:
            kind = self._random.choice(list(self._considered))
            return _category_of(kind), kind
        missing = [kind for owned in self._owned for kind in COMPLEMENTS.get(owned, ()) if kind not in self._owned]
        if missing and self._random.random() < FOLLOW_UP_SHARE:
            kind = self._random.choice(missing)
            return _category_of(kind), kind
        taste = TASTES[self._random.choice(self._shopper.tastes)]
        category = self._random.choices(list(taste), weights=list(taste.values()))[0]
        # Nobody needs a second tent soon.
        return category, self._shelves.kind_of(category, self._random, owned=self._owned)

    def _find(self, kind: str, at: datetime, *, n: int = 1) -> list[DemoProduct]:
        return self._shelves.alternatives(kind, self._random, shopper=self._shopper, at=at, n=n)

    def _others(self, category: str, at: datetime) -> Iterator[DemoProduct]:
        for _ in range(self._random.randrange(0, 4)):
            yield from self._find(self._shelves.kind_of(category, self._random), at)

    def _fill_cart(self, chosen: DemoProduct, clock: "_Clock") -> Iterator[CustomerEvent]:
        yield self._browsing(chosen, "cart", clock.after(10, 90))
        cart = [chosen]
        missing = [kind for kind in COMPLEMENTS.get(chosen.kind, ()) if kind not in self._owned]
        complements = [kind for kind in missing if self._random.random() < COMPLEMENT_SHARE]
        for kind in complements[:MAX_COMPLEMENTS]:
            for product in self._find(kind, clock.now):
                yield self._browsing(product, "view", clock.after(15, 120))
                yield self._browsing(product, "cart", clock.after(10, 60))
                cart.append(product)
        if self._random.random() < ORDER_SHARE:
            yield order(self._shopper, cart, clock.after(30, 300))
            self._owned |= dict.fromkeys(product.kind for product in cart)

    def _browsing(self, product: DemoProduct, event_type: BrowsingType, at: datetime) -> BrowsingEvent:
        seconds = float(self._random.randrange(5, 180)) if event_type == "view" else None
        return browsing(self._shopper, product, event_type, at, dwell_seconds=seconds)


def _category_of(kind: str) -> str:
    return next(path for path, category in CATEGORIES.items() if kind in category.kinds)


class _Clock:
    """The time of a visit."""

    def __init__(self, now: datetime, random: Random) -> None:
        self.now = now
        self._random = random

    def after(self, min_seconds: int, max_seconds: int) -> datetime:
        self.now += timedelta(seconds=self._random.randrange(min_seconds, max_seconds))
        return self.now


def browsing(
    shopper: Shopper, product: DemoProduct, event_type: BrowsingType, at: datetime, *, dwell_seconds: float | None = None
) -> BrowsingEvent:
    return BrowsingEvent(
        customer_id=shopper.customer_id,
        product_id=product.product_id,
        event_type=event_type,
        dwell_seconds=dwell_seconds,
        occurred_at=at,
    )


def order(shopper: Shopper, products: Sequence[DemoProduct], at: datetime, *, quantity: int = 1) -> Purchase:
    items = [
        OrderItem(product_id=product.product_id, quantity=quantity, unit_price=product.price)
        for product in {product.product_id: product for product in products}.values()
    ]
    return Purchase(customer_id=shopper.customer_id, items=tuple(items), currency="EUR", occurred_at=at)
