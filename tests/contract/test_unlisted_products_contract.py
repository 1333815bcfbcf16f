"""Products that only events name, created so that no order is lost, in every repository."""

import pytest

from domain.errors import CustomerNotFound, ProductNotFound, TooManyItems
from domain.records.customers import NewCustomer
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from domain.records.recommendations import ListRequest
from infra.use_cases.recommend import current_list
from infra.use_cases.train import train
from tests.imports import as_imported


def order(*product_ids, order_id="o-1", customer_id="c-1"):
    items = tuple(OrderItem(product_id=product_id, unit_price=10.0) for product_id in product_ids)
    return Purchase(customer_id=customer_id, order_id=order_id, items=items)


@pytest.fixture
async def shop(repository, now):
    await repository.put_products([ProductChange(product_id=f"p-{n}") for n in (1, 2)], now=now)
    for customer_id in ("c-1", "c-2"):
        await repository.create_customer(NewCustomer(customer_id=customer_id), now=now)
    return repository


async def listed(shop, now, customer_id="c-2"):
    request = ListRequest(limit=100, seen="include")
    answer = await current_list(shop, customer_id, request=request, now=now, reuse_seconds=0)
    return {item.product_id for item in answer.items}


async def test_an_order_with_an_unknown_product_is_recorded_and_names_what_it_created(shop, now):
    with pytest.raises(ProductNotFound):
        await shop.record([order("p-1", "gift-card")], now=now)

    recorded = await shop.record([order("p-1", "gift-card")], now=now, create_products=True)

    assert (recorded.created_products, recorded.accepted.purchases) == (["gift-card"], 1)
    (stored,) = (await shop.export("c-1")).purchases
    assert [(item.product_id, item.unit_price) for item in stored.items] == [("p-1", 10.0), ("gift-card", 10.0)]


async def test_the_same_order_again_gets_the_same_answer_and_counts_once(shop, now):
    first = await shop.record([order("gift-card")], now=now, create_products=True)

    again = await shop.record([order("gift-card")], now=now, create_products=True)

    assert again.created_products == first.created_products
    assert (again.accepted.purchases, again.seen_before.purchases) == (0, 1)
    assert (await shop.summary()).n_products == 3


async def test_no_list_has_a_created_product_and_none_becomes_stale(shop, now):
    before = await shop.customer_state("c-2")

    await shop.record([order("gift-card")], now=now, create_products=True)

    assert (await shop.customer_state("c-2")) == before
    assert await listed(shop, now) == {"p-1", "p-2"}
    await train(shop, now=now)
    assert await listed(shop, now) == {"p-1", "p-2"}
    assert await shop.listed_products() == ["p-1", "p-2"]


async def test_a_product_is_listed_once_the_catalogue_names_it(shop, now):
    await shop.record([order("gift-card", "secret")], now=now, create_products=True)

    (named,) = await shop.put_products([ProductChange(product_id="gift-card", name="Gift card")], now=now)
    (hidden,) = await shop.put_products([ProductChange(product_id="secret", withdrawn=True)], now=now)

    assert (named.status, hidden.status) == ("new", "new")
    assert await listed(shop, now) == {"p-1", "p-2", "gift-card"}
    assert (await shop.record([order("gift-card", order_id="o-2")], now=now, create_products=True)).created_products == []
    (again,) = await shop.put_products([ProductChange(product_id="gift-card", name="Gift card")], now=now)
    assert again.status == "unchanged"


async def test_interactions_may_create_products_too(shop, now):
    view = BrowsingEvent(customer_id="c-1", product_id="new-1")

    recorded = await shop.record([view, order("new-2", "p-1")], now=now, create_products=True)

    assert recorded.created_products == ["new-1", "new-2"]


async def test_an_alias_is_no_unknown_product(shop, now):
    await shop.put_products([ProductChange(product_id="p-1", aliases=("sku-1",))], now=now)

    recorded = await shop.record([order("sku-1")], now=now, create_products=True)

    assert recorded.created_products == []
    assert (await shop.summary()).n_products == 2


async def test_a_created_product_is_merged_with_the_product_that_has_its_id_as_an_alias(shop, now):
    await shop.record([order("sku-1")], now=now, create_products=True)
    await shop.put_products([ProductChange(product_id="p-1", aliases=("sku-1",))], now=now)

    again = await shop.record([order("sku-1", order_id="o-2")], now=now, create_products=True)

    assert again.created_products == []
    assert await shop.merge_aliases() == 1
    purchases = (await shop.export("c-1")).purchases
    assert {item.product_id for one in purchases for item in one.items} == {"p-1"}


async def test_an_import_that_names_a_created_product_leaves_it_unlisted(shop, now):
    await shop.record([order("gift-card")], now=now, create_products=True)

    await shop.put_events(as_imported([order("gift-card", order_id="o-2")]), create_products=True, now=now)

    assert await listed(shop, now) == {"p-1", "p-2"}


async def test_nothing_is_created_for_what_is_not_recorded(shop, now):
    with pytest.raises(CustomerNotFound):
        await shop.record([order("gift-card", customer_id="c-9")], now=now, create_products=True)
    with pytest.raises(TooManyItems):
        await shop.record([order(*(f"n-{n}" for n in range(101)))], now=now, create_products=True)

    assert (await shop.summary()).n_products == 2
