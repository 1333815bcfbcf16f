"""Lists that visitors of the demo shop saw in the last weeks, and the views and orders that came from them."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from random import Random

from msgspec import Struct
from msgspec.structs import replace

from domain.ranking.arms import LiveExperiments
from domain.ranking.rule_book import ListPlace
from domain.records.impressions import ShownList
from domain.records.interactions import BrowsingEvent, CustomerEvent, Purchase
from domain.records.recommendation_ids import Origin, recommendation_id
from domain.records.recommendations import Kind
from infra.demo.experiments import EXPERIMENT_DAYS, EXPERIMENT_PLACEMENT, demo_experiment
from infra.demo.generate import SEED, DemoShop
from infra.demo.rules import RULE_PLACEMENT

DAYS = 28
N_CUSTOMERS = 36
"""Customers whose views came from lists, of the N_BUSY with most views; each is a transaction when the shop is loaded."""
N_BUSY = 90
DAYS_TOGETHER = 2
"""Lists of so many days are recorded at once."""
MAX_PRODUCTS = 8
"""The most products of a list."""


class DemoPlace(Struct, frozen=True, kw_only=True):
    """A place of lists: how many products one shows, how many of 1,000 are clicked, and its share of all clicks."""

    kind: Kind
    placement: str
    n_products: int
    per_thousand: int
    share: float


PLACES = (
    DemoPlace(kind="for-customer", placement="home", n_products=6, per_thousand=62, share=0.3),
    DemoPlace(kind="similar", placement="product-page", n_products=6, per_thousand=48, share=0.28),
    DemoPlace(kind="bought-together", placement="cart", n_products=4, per_thousand=78, share=0.2),
    DemoPlace(kind="popular", placement="category", n_products=MAX_PRODUCTS, per_thousand=24, share=0.1),
    DemoPlace(kind="for-customer", placement=EXPERIMENT_PLACEMENT, n_products=4, per_thousand=56, share=0.1),
    DemoPlace(kind="for-customer", placement=RULE_PLACEMENT, n_products=MAX_PRODUCTS, per_thousand=20, share=0.02),
)
REMINDER = DemoPlace(kind="buy-again", placement="reminder", n_products=4, per_thousand=0, share=0.0)
"""An e-mail: what is bought from it names its list, without a click in the shop."""
N_REMINDED = 24


class SeenList(Struct, frozen=True, kw_only=True):
    """A list, the instant at which its products were seen, and these."""

    origin: Origin
    shown_at: datetime
    product_ids: tuple[str, ...]


class SeenLists(Struct, frozen=True, kw_only=True):
    """Lists in order of time, and the events that name one, in order of customer and time, with the list of each."""

    lists: list[SeenList]
    events: list[tuple[CustomerEvent, Origin]]

    def without_references(self, shop: DemoShop) -> DemoShop:
        """Return the shop without the events that name a list."""
        named = {id(event) for event, _ in self.events}
        return replace(shop, events=[event for event in shop.events if id(event) not in named])

    def events_by_customer(self, key: bytes) -> Iterator[list[CustomerEvent]]:
        """Yield the events of each customer, with the ids of their lists, signed with a key of the shop."""
        for _, events in groupby(self.events, key=lambda pair: pair[0].customer_id):
            yield [_naming(event, recommendation_id(origin, key=key)) for event, origin in events]

    def by_instant(self, key: bytes) -> Iterator[tuple[datetime, list[ShownList]]]:
        """Yield the lists that were seen at each instant, as a page reports them."""
        for shown_at, lists in groupby(self.lists, key=lambda one: one.shown_at):
            yield (
                shown_at,
                [
                    ShownList(recommendation_id=recommendation_id(one.origin, key=key), product_ids=one.product_ids)
                    for one in lists
                ],
            )


def seen_lists(shop: DemoShop, *, now: datetime, seed: int = SEED) -> SeenLists:
    """Return lists of the last four weeks; the same seed and instant produce the same lists."""
    return _Visitors(shop, now=now, seed=seed).seen()


class _Visitors:
    def __init__(self, shop: DemoShop, *, now: datetime, seed: int) -> None:
        # Of its own, so that the events of the shop do not depend on the lists.
        self._random = Random(f"lists of {seed}")  # noqa: S311 - reproducible, not secret
        self._now = now
        self._experiments = LiveExperiments([demo_experiment(begins_at=now - timedelta(days=EXPERIMENT_DAYS))])
        self._customer_ids = [customer.customer_id for customer in shop.customers]
        self._returned = {back.order_id for back in shop.returns}
        self._category_of = {product.product_id: str(product.category) for product in shop.products}
        self._products_in: dict[str, list[str]] = {}
        for product_id, category in self._category_of.items():
            self._products_in.setdefault(category, []).append(product_id)
        self._recent = [
            event for event in shop.events
            if event.occurred_at is not None and event.occurred_at > now - timedelta(days=DAYS)
        ]  # fmt: skip

    def seen(self) -> SeenLists:
        views = self._views()
        lists: list[SeenList] = []
        events: list[tuple[CustomerEvent, Origin]] = []
        for place in PLACES:
            n_clicked = round(place.share * len(views))
            clicked, views = views[:n_clicked], views[n_clicked:]
            for event in clicked:
                lists.append(self._list(place, event.customer_id, event.occurred_at, event.product_id))
                events.append((event, lists[-1].origin))
            n_lists = round(n_clicked * 1000 / (place.per_thousand * place.n_products))
            lists += [self._unnoticed(place) for _ in range(n_lists - n_clicked)]
        for order in self._orders():
            lists.append(self._list(REMINDER, order.customer_id, order.occurred_at, order.items[0].product_id))
            events.append((order, lists[-1].origin))
        return SeenLists(
            lists=sorted(lists, key=lambda one: (one.shown_at, one.origin.nonce)),
            events=sorted(events, key=lambda pair: (pair[0].customer_id, pair[0].occurred_at or self._now)),
        )

    def _views(self) -> list[BrowsingEvent]:
        """Return half of the views of some customers, in any order: the others came from searches and categories."""
        views = [event for event in self._recent if isinstance(event, BrowsingEvent) and event.event_type == "view"]
        busiest = [customer_id for customer_id, _ in Counter(event.customer_id for event in views).most_common(N_BUSY)]
        chosen = frozenset(self._random.sample(busiest, k=N_CUSTOMERS))
        views = [event for event in views if event.customer_id in chosen]
        return self._random.sample(views, k=len(views) // 2)

    def _orders(self) -> list[Purchase]:
        """Return some orders of one product, as those of what is used up are, of which nothing went back."""
        orders = [
            event
            for event in self._recent
            if isinstance(event, Purchase) and len(event.items) == 1 and event.order_id not in self._returned
        ]
        return self._random.sample(orders, k=min(N_REMINDED, len(orders)))

    def _unnoticed(self, place: DemoPlace) -> SeenList:
        """Return a list of which nothing was clicked."""
        at = self._now - timedelta(days=self._random.uniform(0, DAYS))
        seed = self._random.choice(list(self._category_of))
        return self._list(place, self._random.choice(self._customer_ids), at, seed)

    def _list(self, place: DemoPlace, customer_id: str, at: datetime | None, product_id: str) -> SeenList:
        """Return a list with a product and others of its category, seen before an instant."""
        periods = -(((at or self._now) - self._now) // timedelta(days=DAYS_TOGETHER))
        shown_at = self._now - periods * timedelta(days=DAYS_TOGETHER)
        others = [other for other in self._products_in[self._category_of[product_id]] if other != product_id]
        product_ids = [product_id, *self._random.sample(others, k=min(place.n_products - 1, len(others)))]
        self._random.shuffle(product_ids)
        origin = Origin(
            kind=place.kind,
            model_id="demo",
            at=int(shown_at.timestamp()),
            nonce=self._random.randbytes(8),
            placement=place.placement,
            arm=self._experiments.arm_of(customer_id, ListPlace(kind=place.kind, placement=place.placement), shown_at).label,
        )
        return SeenList(origin=origin, shown_at=shown_at, product_ids=tuple(product_ids))


def _naming(event: CustomerEvent, identifier: str) -> CustomerEvent:
    """Return an event that names a list; of an order, all items do."""
    if isinstance(event, Purchase):
        return replace(event, items=tuple(replace(item, recommendation_id=identifier) for item in event.items))
    return replace(event, recommendation_id=identifier)
