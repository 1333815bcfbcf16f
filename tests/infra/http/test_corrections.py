"""Corrections over HTTP, seen in what the customer gets afterwards."""

import pytest

import main
from domain.records.customers import NewCustomer
from domain.records.imports import OrderReturn
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from infra.http.app import create_app
from infra.settings import Settings
from infra.storage.sqlite import open_sqlite
from infra.use_cases.recommend import current_list
from infra.use_cases.train import train
from tests.conftest import NOW, client_of
from tests.infra.http.examples import AMEND, BROWSE, BUY, CHANGE, CREATE, REMOVE_ADDRESS, UPDATE, assert_problem

N_PRODUCTS = 8
LIST = "/recommendations/c-1?limit=100&seen=include"


def order(*product_ids, order_id="o-1", customer_id="c-1"):
    items = tuple(OrderItem(product_id=product_id, quantity=2) for product_id in product_ids)
    return Purchase(customer_id=customer_id, order_id=order_id, items=items)


async def fill(repository):
    """Create a shop that was trained before c-1 bought p-0 and p-1, where all products are popular."""
    products = [ProductChange(product_id=f"p-{n}", price=1.0, category="a") for n in range(N_PRODUCTS)]
    await repository.put_products(products, now=NOW)
    for customer_id in ("c-1", "c-2"):
        await repository.create_customer(NewCustomer(customer_id=customer_id, email=f"{customer_id}@canary.ch"), now=NOW)
    views = [BrowsingEvent(customer_id="c-2", product_id=f"p-{n}") for n in range(N_PRODUCTS)]
    await repository.record(views, now=NOW)
    await train(repository, now=NOW)
    await repository.record([order("p-0", "p-1")], now=NOW)


@pytest.fixture
async def repository(database):
    async with open_sqlite(database, currency="EUR") as opened:
        await fill(opened)
        yield opened


@pytest.fixture
async def client(database):
    async with open_sqlite(database, currency="EUR") as opened:
        await fill(opened)
    settings = Settings(database_url=f"sqlite:///{database}")
    async with client_of(create_app(*main.ENDPOINTS, settings=lambda: settings, clock=lambda: NOW)) as client:
        yield client


async def listed(client):
    answer = (await client.get(LIST)).json()
    return {item["product_id"] for item in answer["items"]}, answer["strategy"]


ALL = {f"p-{n}" for n in range(N_PRODUCTS)}


async def test_what_went_back_is_not_shown_again_and_what_never_was_bought_is(client):
    assert (await listed(client))[0] == ALL - {"p-0", "p-1"}

    amended = await client.post(AMEND, json={"customer_id": "c-1", "order_id": "o-1", "items": [{"product_id": "p-1"}]})

    assert amended.status_code == 200
    assert amended.json() == {
        "customer_id": "c-1", "order_id": "o-1", "currency": "EUR", "occurred_at": NOW.isoformat().replace("+00:00", "Z"),
        "items": [{"product_id": "p-1", "quantity": 1, "unit_price": 1.0}],
        "returned": [{"product_id": "p-0", "quantity": 2}, {"product_id": "p-1", "quantity": 1}],
    }  # fmt: skip
    assert (await listed(client))[0] == ALL - {"p-0", "p-1"}
    profile = (await client.get("/customer/get-profile/c-1")).json()
    assert (profile["activity"]["orders"], profile["activity"]["items_bought"]) == (1, 1)


async def test_a_product_that_went_back_by_an_import_is_not_shown_again(repository):
    await repository.put_returns([OrderReturn(customer_id="c-1", return_id="r-1", order_id="o-1")], now=NOW)

    answer = await current_list(repository, "c-1", now=NOW, reuse_seconds=0)

    assert {item.product_id for item in answer.items} == ALL - {"p-0", "p-1"}


async def test_every_wrong_item_of_an_amendment_is_named_at_once(client):
    items = [{"product_id": "p-0", "quantity": 3}, {"product_id": "p-1"}, {"product_id": "p-5"}]

    answer = await client.post(AMEND, json={"customer_id": "c-1", "order_id": "o-1", "items": items})

    assert_problem(answer, "more-than-bought")
    assert answer.json()["errors"] == [
        {"pointer": "#/items/0/quantity", "detail": "Expected at most 2 of this product, as many as were bought"},
        {"pointer": "#/items/2/product_id", "detail": "The order did not have this product"},
    ]


async def test_an_update_keeps_what_it_leaves_out_and_clears_what_is_null(client):
    full = {"customer_id": "c-1", "first_name": "Canary", "phone": "canary-123", "segment": "Budget"}

    first = await client.post(CHANGE, json=full)
    second = await client.post(CHANGE, json={"customer_id": "c-1", "phone": None, "segment": None})

    assert (first.status_code, first.json()["segment_source"]) == (200, "assigned")
    changed = second.json()
    assert (changed["email"], changed["first_name"], changed["phone"]) == ("c-1@canary.ch", "Canary", None)
    assert (changed["segment"], changed["segment_source"], changed["profiling"]) == ("Regular", "default", True)
    assert changed == (await client.get("/customer/get-profile/c-1")).json()["customer"]


async def test_an_e_mail_address_of_another_customer_is_taken(client):
    answer = await client.post(CHANGE, json={"customer_id": "c-1", "email": "C-2@canary.ch", "first_name": "Canary"})

    assert_problem(answer, "email-taken")
    assert (await client.get("/customer/get-profile/c-1")).json()["customer"]["first_name"] is None


async def test_null_clears_only_what_an_update_may_clear(client):
    for body in ({"customer_id": None}, {"customer_id": "c-1", "profiling": None}):
        assert_problem(await client.post(CHANGE, json=body), "validation")


async def test_the_list_of_a_customer_who_objects_is_popular_at_once(client):
    assert (await listed(client))[1] == "personalised"
    stored = await client.get("/recommendations/c-1")

    changed = await client.post(CHANGE, json={"customer_id": "c-1", "profiling": False})

    assert changed.json()["profiling"] is False
    assert await listed(client) == (ALL, "popular")
    fresh = (await client.get("/recommendations/c-1")).json()
    assert not fresh["cached"]
    assert fresh["items"] != stored.json()["items"]
    assert {reason["source"] for item in fresh["items"] for reason in item["reasons"]} <= {"popular", "new"}
    bought = await client.post(BUY, json={"customer_id": "c-1", "items": [{"product_id": "p-2"}]})
    assert bought.json()["strategy"] == "popular"
    profile = (await client.get("/customer/get-profile/c-1")).json()
    assert (profile["activity"]["orders"], profile["category_interests"]) == (2, [])


async def test_a_customer_may_object_from_the_beginning(client):
    created = await client.post(CREATE, json={"customer_id": "c-3", "profiling": False})

    assert (created.status_code, created.json()["profiling"]) == (201, False)


async def test_a_cart_that_was_taken_back_has_no_influence(client):
    before = await client.get("/recommendations/c-2")
    cart = {"customer_id": "c-2", "product_id": "p-7", "event_type": "cart"}
    with_cart = await client.post(BROWSE, json=cart)

    taken_back = await client.post(BROWSE, json=cart | {"event_type": "remove_from_cart", "event_id": "e-1"})
    again = await client.post(BROWSE, json=cart | {"event_type": "remove_from_cart", "event_id": "e-1"})

    assert [answer.status_code for answer in (with_cart, taken_back, again)] == [201] * 3
    assert with_cart.json()["items"] != before.json()["items"] == taken_back.json()["items"] == again.json()["items"]


async def test_taking_back_nothing_is_no_error(client):
    answer = await client.post(
        BROWSE, json={"customer_id": "c-1", "product_id": "p-7", "event_type": "remove_from_wishlist"}
    )

    assert answer.status_code == 201


async def test_an_order_with_a_gift_card_is_not_lost(client):
    body = {"customer_id": "c-1", "order_id": "o-2", "items": [{"product_id": "p-3"}, {"product_id": "gift-card"}]}
    assert_problem(await client.post(BUY, json=body), "product-not-found")

    answers = [await client.post(BUY, json=body | {"unknown_products": "create"}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert [answer.json()["created_products"] for answer in answers] == [["gift-card"]] * 2
    assert "created_products" not in (await client.get("/recommendations/c-1")).json()
    assert (await listed(client))[0] == ALL - {"p-0", "p-1", "p-3"}


async def test_an_update_of_behaviour_names_the_products_that_it_creates(client):
    body = {
        "customer_id": "c-1", "unknown_products": "create", "browsing": [{"product_id": "n-1"}],
        "purchases": [{"items": [{"product_id": "n-2"}]}],
    }  # fmt: skip

    answer = await client.post(UPDATE, json=body)

    assert (answer.status_code, answer.json()["created_products"]) == (200, ["n-1", "n-2"])


async def test_a_removed_address_is_gone(client):
    address = {"kind": "billing", "line1": "Canary 1", "city": "Canaryville", "postal_code": "CANARY-3000", "country": "CH"}
    added = await client.post("/customer/add-address", json={"customer_id": "c-1", "addresses": [address]})
    (stored,) = added.json()["addresses"]
    body = {"customer_id": "c-1", "address_id": stored["address_id"]}

    first, second = [await client.post(REMOVE_ADDRESS, json=body) for _ in range(2)]

    assert (first.status_code, first.json()) == (200, {"customer_id": "c-1", "addresses": []})
    assert_problem(second, "address-not-found")
