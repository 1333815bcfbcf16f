"""Lists over HTTP: the rule about the customer's own products, and lists that are stored after the answer."""

import sqlite3
from contextlib import asynccontextmanager, closing

import pytest

import main
from domain.records.customers import NewCustomer
from domain.records.interactions import BrowsingEvent
from domain.records.products import ProductChange
from infra.http.app import create_app
from infra.keys import hash_of
from infra.settings import Settings
from infra.storage import opening
from infra.storage.sqlite import connections, open_sqlite
from tests.conftest import NOW, client_of
from tests.infra.http.examples import BACKEND_HEADER, KEYS

LIST = "/recommendations/c-1"
VIEWED = [f"p-{number}" for number in range(5)]


@pytest.fixture
async def filled(database):
    """A shop with 30 products, of which one customer viewed five."""
    async with open_sqlite(database, currency="EUR") as repository:
        await repository.put_products([ProductChange(product_id=f"p-{number}") for number in range(30)], now=NOW)
        await repository.create_customer(NewCustomer(customer_id="c-1"), now=NOW)
        views = [BrowsingEvent(customer_id="c-1", product_id=product_id) for product_id in VIEWED]
        await repository.record(views, now=NOW)
    return database


@asynccontextmanager
async def serving(database):
    settings = Settings(database_url=f"sqlite:///{database}")
    async with client_of(create_app(*main.ENDPOINTS, settings=lambda: settings, clock=lambda: NOW)) as client:
        yield client


@pytest.fixture
async def client(filled):
    async with serving(filled) as client:
        yield client


def stored_lengths(database):
    with closing(sqlite3.connect(database)) as connection:
        return [length for (length,) in connection.execute("SELECT length FROM customer_recommendations")]


def ids(answer):
    return [item["product_id"] for item in answer.json()["items"]]


@pytest.mark.parametrize(("seen", "n_own"), [("few", 2), ("exclude", 0), ("include", 5)])
async def test_a_list_has_as_many_own_products_as_the_request_says(client, seen, n_own):
    answer = await client.get(f"{LIST}?seen={seen}")

    assert answer.status_code == 200
    assert len(ids(answer)) == 10
    assert len(set(VIEWED) & set(ids(answer))) == n_own


async def test_few_own_products_are_the_default(client):
    default, few = await client.get(LIST), await client.get(f"{LIST}?seen=few")

    assert (default.json()["cached"], few.json()["cached"]) == (False, True)
    assert ids(default) == ids(few)


@pytest.mark.parametrize("value", ["none", "FEW", ""])
async def test_another_rule_about_own_products_is_refused(client, value):
    answer = await client.get(f"{LIST}?seen={value}")

    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:problem:validation"
    assert "seen" in answer.text


async def test_the_list_of_an_event_is_served_before_it_is_stored_and_stored_at_the_end(filled, monkeypatch):
    monkeypatch.setattr(opening, "WRITE_DELAY_SECONDS", 3600.0)
    async with serving(filled) as client:
        body = {"customer_id": "c-1", "product_id": "p-7"}
        updated = await client.post("/recommendations/process-browsing", json=body)
        served = [(await client.get(f"{LIST}?limit={limit}")).json() for limit in (10, 4)]
        assert stored_lengths(filled) == []
        longer = (await client.get(f"{LIST}?limit=11")).json()
        again = (await client.get(LIST)).json()

    assert [answer["cached"] for answer in (updated.json(), *served, longer, again)] == [False, True, True, False, True]
    assert [answer["items"] for answer in served] == [updated.json()["items"], updated.json()["items"][:4]]
    assert stored_lengths(filled) == [11]


async def test_a_list_that_is_not_stored_yet_is_stale_after_an_event(filled, monkeypatch):
    monkeypatch.setattr(opening, "WRITE_DELAY_SECONDS", 3600.0)
    async with serving(filled) as client:
        await client.get(LIST)
        event = {"customer_id": "c-1", "browsing": [{"product_id": "p-7"}]}
        assert (await client.post("/customer/update-behavior", json=event)).status_code == 200

        assert not (await client.get(LIST)).json()["cached"]


async def test_an_erased_customer_has_no_list_though_one_waits_to_be_stored(filled, monkeypatch):
    monkeypatch.setattr(opening, "WRITE_DELAY_SECONDS", 3600.0)
    async with serving(filled) as client:
        await client.get(LIST)
        assert (await client.delete("/customer/erase/c-1")).status_code == 204

        assert (await client.get(LIST)).status_code == 404
    assert stored_lengths(filled) == []


async def test_lists_are_answered_while_the_storage_cannot_store_them(filled, monkeypatch, caplog):
    monkeypatch.setattr(opening, "WRITE_DELAY_SECONDS", 0.0)
    monkeypatch.setattr(connections, "BUSY_SECONDS", 0.1)
    async with serving(filled) as client:
        with closing(sqlite3.connect(filled, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            busy = await client.get(LIST)
            other.execute("COMMIT")
        assert stored_lengths(filled) == []
        after = [await client.get(LIST) for _ in range(2)]

    assert [(answer.status_code, answer.json()["cached"]) for answer in (busy, *after)] == [
        (200, False), (200, False), (200, True),
    ]  # fmt: skip
    assert len({tuple(ids(answer)) for answer in (busy, *after)}) == 1
    assert "Lists or the last use of keys were not stored" in caplog.text


async def test_on_aws_lambda_a_list_is_stored_before_it_is_answered(filled, monkeypatch):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "shop")
    api_keys = f"backend:{hash_of(KEYS['backend'])}"
    settings = Settings(database_url=f"sqlite:///{filled}", allow_ephemeral_sqlite=True, api_keys=api_keys)
    async with client_of(create_app(main.for_customer, settings=lambda: settings, clock=lambda: NOW)) as client:
        answer = await client.get(LIST, headers=[BACKEND_HEADER])

        assert answer.status_code == 200
        assert stored_lengths(filled) == [10]
