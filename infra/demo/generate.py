"""Generate the demo shop: catalogue, customers, their events and what they gave back."""

from collections.abc import Sequence
from datetime import datetime
from random import Random

from msgspec import Struct

from domain.records.customers import CustomerChange
from domain.records.imports import OrderReturn
from domain.records.interactions import CustomerEvent, Purchase
from domain.records.products import ProductChange
from infra.demo.catalogue import catalogue
from infra.demo.history import generate_events, generate_returns
from infra.demo.shoppers import guests, shoppers

SEED = 8


class DemoShop(Struct, frozen=True, kw_only=True):
    """The records of the shop; `customers` end with the guests."""

    products: list[ProductChange]
    customers: list[CustomerChange]
    events: list[CustomerEvent]
    returns: list[OrderReturn]

    @property
    def summary(self) -> str:
        n_guests = sum(customer.is_guest is True for customer in self.customers)
        return (
            f"{len(self.products):,} products, {len(self.customers) - n_guests:,} customers, {n_guests:,} guests, "
            f"{count_interactions(self.events):,} events, {len(self.returns):,} returns"
        )


def demo_shop(*, now: datetime, seed: int = SEED) -> DemoShop:
    """Return the shop with a history that ends at `now`; all customers are fictional."""
    # Reproducible data needs a seeded generator, not a cryptographic one.
    random = Random(seed)  # noqa: S311
    products = catalogue(random, now=now)
    customers, unknown = shoppers(random), guests(random)
    events = generate_events(random, customers, unknown, products, now=now)
    return DemoShop(
        products=[product.change for product in products],
        customers=[customer.change for customer in (*customers, *unknown)],
        events=events,
        returns=generate_returns(random, events, products, now=now),
    )


def count_interactions(events: Sequence[CustomerEvent]) -> int:
    """Count events, an order as many times as it has items."""
    return sum(len(event.items) if isinstance(event, Purchase) else 1 for event in events)
