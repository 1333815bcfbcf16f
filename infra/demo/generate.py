"""Generate the demo shop: catalogue, customers and their events."""

from datetime import datetime
from random import Random

from msgspec import Struct

from domain.records.customers import CustomerChange
from domain.records.interactions import CustomerEvent
from domain.records.products import ProductChange
from infra.demo.catalogue import catalogue
from infra.demo.shoppers import count_interactions, generate_events, shoppers

SEED = 7


class DemoShop(Struct, frozen=True, kw_only=True):
    products: list[ProductChange]
    customers: list[CustomerChange]
    guests: list[CustomerChange]
    events: list[CustomerEvent]

    @property
    def summary(self) -> str:
        n_events = count_interactions(self.events)
        return f"{len(self.products):,} products, {len(self.customers):,} customers, {n_events:,} events"


def demo_shop(*, now: datetime, seed: int = SEED) -> DemoShop:
    """Return the shop with a history that ends at `now`; all customers are fictional."""
    # Reproducible data needs a seeded generator, not a cryptographic one.
    random = Random(seed)  # noqa: S311
    products = catalogue(random, now=now)
    customers = shoppers(random)
    return DemoShop(
        products=[product.change for product in products],
        customers=[customer.change for customer in customers],
        guests=[CustomerChange(customer_id="demo-guest-1", is_guest=True)],
        events=generate_events(random, customers, products, now=now),
    )
