"""The demo shop is reproducible and plausible, and loads into any database."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from statistics import mean, pstdev

import msgspec
import pytest

from domain.records.customers import CustomerChange
from domain.records.imports import OrderReturn
from domain.records.interactions import BrowsingEvent, Purchase
from domain.records.products import ProductChange
from infra.demo import demo_shop, prepare_demo_shop
from infra.demo.catalogue import catalogue
from infra.demo.complements import COMPLEMENTS
from infra.demo.experiments import EXPERIMENT_DAYS
from infra.demo.generate import SEED
from infra.storage.opening import open_repository
from infra.use_cases.experiment_report import report_experiment
from tests.conftest import NOW
from tests.infra.demo.conftest import CONSUMABLES


def products_of(event):
    return [item.product_id for item in event.items] if isinstance(event, Purchase) else [event.product_id]


def test_the_demo_shop_has_enough_products_customers_and_events(shop):
    n_events = sum(len(event.items) if isinstance(event, Purchase) else 1 for event in shop.events)
    guests = [customer.customer_id for customer in shop.customers if customer.is_guest is True]

    assert 400 <= len(shop.products) <= 600
    assert len({product.name for product in shop.products}) == len(shop.products)
    assert len({product.category for product in shop.products}) >= 12
    assert [customer.customer_id for customer in shop.customers[:500]] == [f"demo-{number}" for number in range(1, 501)]
    assert guests == [customer.customer_id for customer in shop.customers[500:]]
    assert 20_000 <= n_events < 25_000
    assert shop.summary == (
        f"{len(shop.products)} products, 500 customers, {len(guests)} guests, {n_events:,} events, "
        f"{len(shop.returns)} returns"
    )


def test_events_lie_in_the_90_days_that_end_now(shop):
    assert all(NOW - timedelta(days=90) <= event.occurred_at <= NOW for event in shop.events)


def test_every_customer_has_events(shop):
    assert {event.customer_id for event in shop.events} == {customer.customer_id for customer in shop.customers}


def test_no_event_is_older_than_its_product(shop):
    created = {product.product_id: product.created_at for product in shop.products}

    assert all(created[product_id] <= event.occurred_at for event in shop.events for product_id in products_of(event))


def test_the_same_seed_produces_the_same_shop(shop):
    assert demo_shop(now=NOW) == shop
    assert demo_shop(now=NOW, seed=SEED + 1) != shop


@pytest.mark.parametrize(
    ("part", "types"),
    [
        ("products", (ProductChange,)),
        ("customers", (CustomerChange,)),
        ("events", (BrowsingEvent, Purchase)),
        ("returns", (OrderReturn,)),
    ],
    ids=["products", "customers", "events", "returns"],
)
def test_every_record_is_valid_as_json(shop, part, types):
    assert getattr(shop, part)
    for record in getattr(shop, part):
        assert type(record) in types
        assert msgspec.json.decode(msgspec.json.encode(record), type=type(record), strict=True) == record


def test_customers_rebuy_only_what_they_use_up(shop):
    categories = {product.product_id: product.category for product in shop.products}
    purchases = Counter(
        (event.customer_id, product_id)
        for event in shop.events
        if isinstance(event, Purchase)
        for product_id in products_of(event)
    )

    rebought = Counter(categories[product_id] for (_, product_id), times in purchases.items() if times > 2)

    assert {category for category, n in rebought.items() if n > 1} == CONSUMABLES


def test_most_orders_of_a_consumable_come_at_intervals(shop):
    """The days between the orders of one coffee by one customer vary less than days drawn at random, whose ratio is 1."""
    coffee = {product.product_id for product in shop.products if product.category == "food/coffee"}
    days = defaultdict(list)
    for event in shop.events:
        for product_id in coffee & set(products_of(event)):
            if isinstance(event, Purchase):
                days[event.customer_id, product_id].append(event.occurred_at.timestamp() / 86_400)
    gaps = [[later - earlier for earlier, later in pairwise(times)] for times in days.values() if len(times) >= 5]

    assert len(gaps) >= 20
    assert sum(pstdev(one) < 0.5 * mean(one) for one in gaps) > 0.9 * len(gaps)


def kinds_of_baskets(shop):
    kinds = {product.product_id: product.kind for product in catalogue(Random(SEED), now=NOW)}
    return [[kinds[product_id] for product_id in products_of(event)] for event in shop.events if isinstance(event, Purchase)]


def test_a_basket_never_has_alternatives(shop):
    baskets = kinds_of_baskets(shop)

    assert sum(len(basket) > 1 for basket in baskets) > 500
    assert all(len(set(basket)) == len(basket) for basket in baskets)


@pytest.mark.parametrize(
    ("kind", "complements"),
    [
        ("espresso machine", {"coffee grinder", "house espresso"}), ("mirrorless camera", {"memory card", "camera bag"}),
        ("2-person tent", {"sleeping mat", "sleeping bag"}), ("running shoes", {"running shirt", "running tights"}),
    ],
)  # fmt: skip
def test_products_are_bought_with_what_completes_them(shop, kind, complements):
    together = Counter(other for basket in kinds_of_baskets(shop) if kind in basket for other in basket if other != kind)

    assert complements & {other for other, _ in together.most_common(3)}
    assert all(other in COMPLEMENTS[kind] or kind in COMPLEMENTS[other] for other in together)


def test_customers_look_at_alternatives_in_one_visit(shop):
    kinds = {product.product_id: product.kind for product in catalogue(Random(SEED), now=NOW)}
    viewed = [event for event in shop.events if isinstance(event, BrowsingEvent) and event.event_type == "view"]
    viewed.sort(key=lambda event: (event.customer_id, event.occurred_at))

    n_alternatives = sum(
        first.customer_id == second.customer_id
        and second.occurred_at - first.occurred_at < timedelta(minutes=5)
        and first.product_id != second.product_id
        and kinds[first.product_id] == kinds[second.product_id]
        for first, second in pairwise(viewed)
    )

    assert n_alternatives > 0.1 * len(viewed)


def test_one_product_rises_in_the_last_week(shop):
    names = {product.product_id: product.name for product in shop.products}
    customers = {"week": defaultdict(set), "before": defaultdict(set)}
    for event in shop.events:
        for product_id in products_of(event):
            customers["week" if event.occurred_at > NOW - timedelta(days=7) else "before"][product_id].add(event.customer_id)

    risen = {product_id: len(n) - len(customers["before"][product_id]) / 11.9 for product_id, n in customers["week"].items()}

    rising, second = sorted(risen, key=risen.get, reverse=True)[:2]
    assert names[rising] == "Lumo string lights"
    assert risen[rising] > 2 * risen[second]


def test_guests_have_come_lately_and_are_not_named(shop):
    guests = {customer.customer_id: customer for customer in shop.customers if customer.is_guest is True}

    assert all(guest == CustomerChange(customer_id=guest_id, is_guest=True) for guest_id, guest in guests.items())
    assert all(NOW - event.occurred_at <= timedelta(days=20) for event in shop.events if event.customer_id in guests)


def test_what_goes_back_was_bought_before_and_clothes_go_back_more_often(shop):
    orders = {event.order_id: event for event in shop.events if isinstance(event, Purchase)}
    clothes = {
        product.product_id for product in catalogue(Random(SEED), now=NOW) if {"size", "colour"} <= product.attributes.keys()
    }
    bought = Counter(product_id in clothes for order in orders.values() for product_id in products_of(order))
    returned = Counter(item.product_id in clothes for back in shop.returns for item in back.items)

    for back in shop.returns:
        order = orders[back.order_id]
        assert back.customer_id == order.customer_id
        assert order.occurred_at < back.occurred_at <= NOW
        assert back.quantities().items() <= {item.product_id: item.quantity for item in order.items}.items()
    assert returned[True] / bought[True] > 2 * returned[False] / bought[False] > 0


@pytest.fixture
async def repository(settings):
    async with open_repository(settings) as opened:
        yield opened


async def test_an_empty_database_is_loaded_and_trained_with_progress_messages(repository):
    messages = []

    await prepare_demo_shop(repository, write=messages.append)

    summary = await repository.summary()
    assert summary.model_id != "untrained"
    loading, loaded, training, trained = messages
    assert loading.startswith(f"Loading the demo shop: {summary.n_products} products, 500 customers, 40 guests, ")
    assert loading.endswith(" returns ... ")
    assert training == "Training ... "
    assert all(message.startswith("done in ") and message.endswith(" s\n") for message in (loaded, trained))
    report = await report_experiment(
        repository, "demo-experiment-1", now=datetime.now(UTC), attribution_days=7, currency="EUR"
    )
    assert report.ends_at - report.begins_at >= timedelta(days=EXPERIMENT_DAYS)
    assert all(arm.ordered > 100 and arm.impressions > 0 for arm in report.arms)


async def test_a_database_with_products_is_left_unchanged(repository, now):
    await repository.put_products([ProductChange(product_id="p-1")], now=now)

    await prepare_demo_shop(repository)

    summary = await repository.summary()
    assert (summary.n_products, summary.model_id) == (1, "untrained")
