"""Products over HTTP: a change is visible at once, and everything that is wrong is named in one answer."""

import pytest
import pytest_asyncio

import main
from domain.records.customers import NewCustomer
from domain.records.interactions import BrowsingEvent
from domain.records.products import ProductChange
from infra.http.app import create_app
from infra.settings import Settings
from infra.storage.sqlite import open_sqlite
from tests.conftest import NOW, client_of

LIST = "/recommendations/c-1"


@pytest_asyncio.fixture
async def client(database):
    async with open_sqlite(database, currency="EUR") as repository:
        await repository.put_products(
            [ProductChange(product_id=f"p-{n}", category="outdoor/camping", price=float(n)) for n in range(1, 9)], now=NOW
        )
        await repository.create_customer(NewCustomer(customer_id="c-1"), now=NOW)
        await repository.record([BrowsingEvent(customer_id="c-1", product_id="p-1")], now=NOW)
    settings = Settings(database_url=f"sqlite:///{database}")
    app = create_app(*main.ENDPOINTS, settings=lambda: settings, clock=lambda: NOW)
    async with client_of(app) as client:
        yield client


async def update(client, *products):
    return await client.post("/products/update", json={"products": list(products)})


async def listed(client, query=""):
    answer = await client.get(f"{LIST}{query}")
    assert answer.status_code == 200, answer.text
    return {item["product_id"] for item in answer.json()["items"]}


async def errors_of(client, *products):
    answer = await update(client, *products)
    assert answer.status_code == 400
    return {error["pointer"]: error["detail"] for error in answer.json()["errors"]}


async def test_a_change_is_answered_with_counts_and_shows_in_the_next_list(client):
    assert "p-3" in await listed(client)

    answer = await update(
        client, {"product_id": "p-3", "in_stock": 0}, {"product_id": "p-4", "price": 4.0}, {"product_id": "new"}
    )

    assert (answer.status_code, answer.json()) == (200, {"new": 1, "changed": 1, "unchanged": 1})
    after = await listed(client)
    assert "p-3" not in after
    assert "new" in after


async def test_a_product_is_shown_with_all_its_fields_by_its_id_or_an_alias(client):
    await update(
        client,
        {"product_id": "SKU 12/3", "name": "Tent", "tags": ["new"],
         "attributes": {"seats": 2, "weight": 1.5, "is_new": True},
         "aliases": ["#1001"], "variant_of": "tents", "created_at": "2026-01-01T10:00:00Z"},
    )  # fmt: skip

    by_id, by_alias = [await client.get(f"/products/get-product/{path}") for path in ("SKU%2012%2F3", "%231001")]

    assert by_id.json() == by_alias.json() == {
        "product_id": "SKU 12/3", "name": "Tent", "category": None, "brand": None, "price": None, "currency": "EUR",
        "tags": ["new"], "attributes": {"seats": 2, "weight": 1.5, "is_new": True}, "variant_of": "tents",
        "aliases": ["#1001"], "in_stock": True, "withdrawn": False, "url": None, "image_url": None,
        "created_at": "2026-01-01T10:00:00Z", "views": 0, "orders": 0, "customers": 0,
    }  # fmt: skip
    viewed = await client.get("/products/get-product/p-1")
    assert (viewed.json()["views"], viewed.json()["customers"]) == (1, 1)


async def test_an_unknown_product_has_a_problem_of_its_own(client):
    answer = await client.get("/products/get-product/nobody")

    assert (answer.status_code, answer.json()["type"]) == (404, "urn:problem:product-not-found")


async def test_everything_that_is_wrong_is_named_at_once_and_nothing_changes(client):
    errors = await errors_of(
        client,
        {"product_id": "p-1", "price": 99.0},
        {"product_id": "p-2", "price": -1, "currency": "eur", "tags": ["a", "b|c", 5]},
        {"product_id": "p-1", "in_stock": "yes", "attributes": {"a": None, "b/~": [1], 'c"': 1}},
        {"price": 1.00001, "colour": "red"},
        {"product_id": "p-3", "price": 1.00001, "created_at": "1969-12-31T23:59:59Z"},
        5,
    )

    assert errors == {
        "#/products/1/price": "Expected `float` >= 0.0",
        "#/products/1/currency": "Expected three capital letters (ISO 4217)",
        "#/products/1/tags/1": "Expected printable text without `|`",
        "#/products/1/tags/2": "Expected `str`, got `int`",
        "#/products/2/in_stock": "Expected `bool | float | null`, got `str`",
        "#/products/2/attributes/b~1~0": "Expected `bool | float | str | null`, got `array`",
        '#/products/2/attributes/c"': 'Expected printable text without `"`, `\\` and blanks at the ends',
        "#/products/3/product_id": "Required",
        "#/products/3/colour": "Unknown field",
        "#/products/4/price": "Expected at most 4 decimals",
        "#/products/4/created_at": "Expected an instant of 1970 or later",
        "#/products/5": "Expected `object`, got `int`",
        "#/products/2/product_id": "Expected each product once; #/products/0 is the same product",
    }
    assert (await client.get("/products/get-product/p-1")).json()["price"] == 1.0


async def test_up_to_100_errors_are_named(client):
    errors = await errors_of(client, *({"product_id": f"q-{n}", "price": "x", "brand": ""} for n in range(300)))

    assert len(errors) == 100
    assert "#/products/49/brand" in errors


async def test_other_bodies_name_all_errors_too_and_what_an_enumeration_allows(client):
    event = {"customer_id": "a  b", "product_id": "p-1", "event_type": "click", "dwell": 1}
    answer = await client.post("/recommendations/process-browsing", json=event)

    details = {error["pointer"]: error["detail"] for error in answer.json()["errors"]}
    assert details.keys() == {"#/customer_id", "#/event_type", "#/dwell"}
    assert details["#/event_type"].startswith("Expected one of `view`, `cart`, `wishlist`")


async def test_what_only_the_catalogue_knows_is_an_error_of_the_request(client):
    await update(client, {"product_id": "p-1", "aliases": ["sku", "ean"]})

    errors = await errors_of(client, {"product_id": "sku", "price": 1.0}, {"product_id": "p-2", "aliases": ["x", "ean"]})

    assert errors == {
        "#/products/0/product_id": "This is an alias of the product 'p-1'; change it by its own id",
        "#/products/1/aliases/1": "This is an id of another product",
    }


@pytest.mark.parametrize(
    ("query", "products"),
    [
        ("?brand=Campo", {"p-2", "p-3"}),
        ("?brand=Campo&brand=Nordhut", {"p-2", "p-3", "p-4"}),
        ("?brand=Campo&tag=sale", {"p-3"}),
        ("?attribute.colour=red", {"p-2", "p-4"}),
        ("?attribute.colour=red&attribute.colour=blue&attribute.size=42", {"p-2", "p-3"}),
        ("?attribute.colour=red&max_price=3", {"p-2"}),
        ("?attribute.colour=red&exclude=p-2", {"p-4"}),
        ("?category=home&category=garden", {"p-3", "p-5"}),
        ("?attribute.colour=r", set()),
        ("?placement=cart&brand=Campo", {"p-2", "p-3"}),
    ],
)
async def test_lists_are_filtered_by_brand_tag_and_attributes(client, query, products):
    await update(
        client,
        {"product_id": "p-2", "brand": "Campo", "attributes": {"colour": "red", "size": 42}},
        {"product_id": "p-3", "brand": "Campo", "attributes": {"colour": "blue", "size": "42"}, "tags": ["sale"],
         "category": "home"},
        {"product_id": "p-4", "brand": "Nordhut", "attributes": {"colour": "red", "size": 43}},
        {"product_id": "p-5", "category": "garden/chairs"},
    )  # fmt: skip

    assert await listed(client, query) == products


async def test_a_category_that_no_product_has_is_answered_with_close_ones(client):
    unknown, filtered = [(await client.get(f"{LIST}?{query}")).json() for query in (
        "category=Outdor", "category=outdoor&brand=nobody")]  # fmt: skip

    assert (unknown["items"], unknown["strategy"]) == ([], "empty")
    assert unknown["hint"] == "No product is in `Outdor`; did you mean `outdoor`?"
    assert filtered["items"] == []
    assert "hint" not in filtered
