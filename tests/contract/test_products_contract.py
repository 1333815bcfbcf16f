"""Changes of single products over HTTP, and what is known of one, in every repository."""

from datetime import timedelta

import numpy as np
import pytest

from domain.errors import InvalidFields, ProductNotFound, TooManyItems
from domain.ranking.catalogue import Catalogue
from domain.records.customers import NewCustomer
from domain.records.imports import ImportedEvent
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.product_updates import UpdatedProducts
from domain.records.products import ProductChange
from domain.records.recommendations import ListRequest

NOTHING = UpdatedProducts(new=0, changed=0, unchanged=0)


@pytest.fixture
def update(repository, now):
    """Return a function that changes products, each given as its fields, and returns the counts."""

    async def update_all(*products):
        return await repository.update_products([ProductChange(**fields) for fields in products], now=now)

    return update_all


@pytest.fixture
def details(repository, now):
    async def of(product_id):
        return await repository.product_details(product_id, now=now)

    return of


async def refused(update, *products):
    """Return the pointers of what is wrong with products, which change nothing."""
    with pytest.raises(InvalidFields) as raised:
        await update(*products)
    return [field.pointer for field in raised.value.fields]


async def test_products_are_created_changed_and_left_as_they_are(update, details, now):
    tent = {
        "product_id": "tent",
        "name": "Tent",
        "price": 9.5,
        "tags": ("new",),
        "attributes": {"colour": "red", "seats": 2},
    }
    assert await update(tent, {"product_id": "lamp"}) == UpdatedProducts(new=2, changed=0, unchanged=0)

    counts = await update(
        {"product_id": "tent", "price": None, "in_stock": 0, "attributes": {"colour": None, "weight": 1.5}},
        {"product_id": "lamp", "name": None, "in_stock": 3.0},
        {"product_id": "rope"},
    )

    assert counts == UpdatedProducts(new=1, changed=1, unchanged=1)
    found = await details("tent")
    assert (found.name, found.price, found.in_stock, found.tags) == ("Tent", None, False, ["new"])
    assert found.attributes == {"seats": 2, "weight": 1.5}
    assert ((await details("lamp")).name, (await details("lamp")).in_stock) == ("lamp", True)
    assert found.created_at == now
    assert await update({"product_id": "tent", "attributes": None, "tags": None}) == UpdatedProducts(
        new=0, changed=1, unchanged=0
    )
    assert ((await details("tent")).attributes, (await details("tent")).tags) == ({}, [])


async def test_members_of_products_change_on_their_own(update, details):
    """Different members of many products are written in few statements."""
    fields = {
        "name": "x", "category": "c", "brand": "b", "price": 1.0, "currency": "CHF", "tags": ("t",), "in_stock": False,
        "withdrawn": True, "url": "u", "image_url": "i", "variant_of": "p", "attributes": {"a": True},
    }  # fmt: skip
    await update(*({"product_id": name} for name in fields))

    counts = await update(*({"product_id": name, name: value} for name, value in fields.items()))

    assert counts == UpdatedProducts(new=0, changed=len(fields), unchanged=0)
    for name, value in fields.items():
        found = await details(name)
        assert getattr(found, name) == (list(value) if isinstance(value, tuple) else value)
        assert found.name == ("x" if name == "name" else name)


async def test_one_product_that_is_not_acceptable_leaves_all_as_they_are(update, details):
    await update(
        {"product_id": "full", "attributes": {f"a-{n}": n for n in range(50)}}, {"product_id": "tent", "aliases": ("sku",)}
    )

    pointers = await refused(
        update,
        {"product_id": "new"},
        {"product_id": "full", "price": 1.0, "attributes": {"one-more": True}},
        {"product_id": "sku"},
        {"product_id": "other", "aliases": ("mine", "sku", "tent")},
    )

    assert pointers == [
        "#/products/1/attributes", "#/products/2/product_id", "#/products/3/aliases/1", "#/products/3/aliases/2",
    ]  # fmt: skip
    assert (await details("full")).price is None
    for product_id in ("new", "other", "mine"):
        with pytest.raises(ProductNotFound):
            await details(product_id)
    assert await update({"product_id": "full", "attributes": {"one-more": True, "a-0": None}}) == UpdatedProducts(
        new=0, changed=1, unchanged=0
    )


async def test_an_import_refuses_only_the_product_with_too_many_attributes(repository, now):
    many = {f"a-{n}": n for n in range(50)}
    await repository.put_products([ProductChange(product_id="p-1", attributes=many)], now=now)

    outcomes = await repository.put_products(
        [ProductChange(product_id=name, attributes={"more": 1}) for name in ("p-1", "p-2")], now=now
    )

    assert [(outcome.status, outcome.field) for outcome in outcomes] == [("refused", "attributes"), ("new", None)]


async def test_aliases_move_between_products_of_one_request(update, details):
    await update({"product_id": "a", "aliases": ("x", "y")}, {"product_id": "b", "name": "B"})

    counts = await update(
        {"product_id": "a", "aliases": ("y",)}, {"product_id": "b", "aliases": ("x",)}, {"product_id": "x1"}
    )

    assert counts == UpdatedProducts(new=1, changed=2, unchanged=0)
    assert ((await details("a")).aliases, (await details("b")).aliases) == (["y"], ["x"])
    assert (await details("x")).product_id == "b"


async def test_a_product_may_become_the_one_that_was_an_alias_if_it_is_given_up(update, details):
    await update({"product_id": "a", "aliases": ("x",)})

    assert await update({"product_id": "x", "name": "X"}, {"product_id": "a", "aliases": None}) == UpdatedProducts(
        new=1, changed=1, unchanged=0
    )
    assert (await details("x")).name == "X"


async def test_more_changes_of_aliases_than_one_transaction_has_are_refused(update, details):
    for first in range(0, 15, 5):
        await update(
            *({"product_id": f"p-{n}", "aliases": tuple(f"{n}-{m}" for m in range(100))} for n in range(first, first + 5))
        )

    with pytest.raises(TooManyItems):
        await update(*({"product_id": f"p-{n}", "aliases": None, "price": 1.0} for n in range(11)))

    assert len((await details("p-0")).aliases) == 100
    assert (await details("p-0")).price is None
    assert (await update(*({"product_id": f"p-{n}", "aliases": None} for n in range(10)))).changed == 10


async def test_a_product_that_events_created_is_merged_when_an_update_names_it(repository, update, details, now):
    order = Purchase(customer_id="c-1", order_id="o-1", items=(OrderItem(product_id="sku"),), occurred_at=now)
    await repository.put_events([ImportedEvent(event=order)], create_products=True, import_id="i-1", now=now)

    assert await update({"product_id": "tent", "aliases": ("sku",)}) == UpdatedProducts(new=1, changed=0, unchanged=0)

    found = await details("sku")
    assert (found.product_id, found.orders) == ("tent", 1)
    assert (await repository.summary()).n_products == 1


async def test_the_details_count_the_last_30_days(repository, update, details, now):
    await update({"product_id": "tent", "aliases": ("sku",)}, {"product_id": "lamp"})
    for name in ("c-1", "c-2", "c-3"):
        await repository.create_customer(NewCustomer(customer_id=name), now=now)

    def seen(customer_id, event_type="view", days=1, product_id="tent"):
        at = now - timedelta(days=days)
        return BrowsingEvent(customer_id=customer_id, product_id=product_id, event_type=event_type, occurred_at=at)

    def bought(customer_id, days=1):
        items = (OrderItem(product_id="tent"), OrderItem(product_id="tent", unit_price=1.0), OrderItem(product_id="lamp"))
        return Purchase(customer_id=customer_id, items=items, occurred_at=now - timedelta(days=days))

    await repository.record(
        [seen("c-1"), seen("c-1", "cart"), seen("c-1", days=31), seen("c-1", product_id="lamp")], now=now
    )
    await repository.record([seen("c-2"), bought("c-2"), bought("c-2", days=29), bought("c-2", days=31)], now=now)
    await repository.record([seen("c-3", days=40)], now=now)

    for product_id in ("tent", "sku"):
        found = await details(product_id)
        assert (found.views, found.orders, found.customers) == (2, 2, 2)
    with pytest.raises(ProductNotFound):
        await details("unknown")


async def test_pages_of_products_and_categories(repository, update):
    await update(*({"product_id": f"p-{n}", "category": f"c-{n % 2}" if n else None} for n in range(5)))

    assert [product.product_id for product in await repository.products_after(2)] == ["p-3", "p-4"]
    assert await repository.products_after(4) == []
    assert await repository.category_paths() == ["c-0", "c-1"]


COLOUR = "colour", frozenset({"red", "green"})
FILTERS = {
    "brand": {"brands": frozenset({"b-1"})},
    "brands": {"brands": frozenset({"b-1", "b-2", "?"})},
    "categories": {"categories": frozenset({"c-1", "c-2/d"})},
    "tags": {"tags": frozenset({"t-1", "t"})},
    "attribute": {"attributes": (COLOUR,)},
    "number": {"attributes": (("size", frozenset({"4", "6.0"})),)},
    "truth": {"attributes": (("is_new", frozenset({"true"})),)},
    "quoted": {"attributes": (("say", frozenset({'a "b", \\ c'})),)},
    "all": {"brands": frozenset({"b-1", "b-2"}), "tags": frozenset({"t-1"}), "attributes": (COLOUR,), "max_price": 40.0},
    "none": {"attributes": (("colour", frozenset({"re"})),)},
}


@pytest.mark.parametrize("name", FILTERS)
async def test_the_database_filters_as_the_catalogue_in_memory_does(repository, update, name):
    await update(*(
        {
            "product_id": f"p-{n}", "brand": f"b-{n % 3}", "category": ("c-1", "c-2/d/e", "c-2", None)[n % 4],
            "price": float(n), "tags": (f"t-{n % 4}", f"t-{n % 4}{n % 5}"),
            "attributes": {"colour": ("red", "reddish", "green")[n % 3], "size": n % 7, "is_new": bool(n % 2),
                           "say": ('a "b", \\ c', '"b"', "\\")[n % 3]},
        } for n in range(60)
    ))  # fmt: skip
    products = await repository.products_after(-1)
    request = ListRequest(**FILTERS[name])

    in_memory = Catalogue(products).admitted(np.arange(len(products))[::-1], request).tolist()

    assert await repository.newest_products(request, n=100) == in_memory
    assert bool(in_memory) == (name != "none")
