"""The ids of events from a storefront key are apart from those of a backend key: neither blocks the other."""

from itertools import permutations

import pytest

import main
from domain.records.customers import NewCustomer
from domain.records.products import ProductChange
from infra.http.app import create_app
from infra.keys import hash_of
from infra.settings import Settings
from infra.storage.opening import open_repository
from tests.conftest import NOW, client_of

KEYS = {"backend": "b" * 43, "storefront": "s" * 43}
API_KEYS = ",".join(f"{scope}:{hash_of(key)}" for scope, key in KEYS.items())
BACKEND_EVENT = {"product_id": "p-1", "event_id": "e-1"}
STOREFRONT_EVENT = {"customer_id": "c-1", "product_id": "p-2", "event_id": "e-1"}


@pytest.fixture
async def send(database_url):
    settings = Settings(database_url=database_url, api_keys=API_KEYS)
    async with open_repository(settings) as repository:
        await repository.put_products([ProductChange(product_id=f"p-{n}") for n in range(5)], now=NOW)
        await repository.create_customer(NewCustomer(customer_id="c-1"), now=NOW)
    async with client_of(create_app(*main.ENDPOINTS, settings=lambda: settings)) as client:

        async def sent(scope, method, target, **body):
            return await client.request(method, target, headers={"authorization": f"Bearer {KEYS[scope]}"}, **body)

        yield sent


async def browse(send, scope, **changes):
    body = (STOREFRONT_EVENT if scope == "storefront" else BACKEND_EVENT | {"customer_id": "c-1"}) | changes
    return await send(scope, "POST", "/recommendations/process-browsing", json=body)


async def exported(send):
    return (await send("backend", "GET", "/customer/export/c-1")).json()


@pytest.mark.parametrize("scopes", list(permutations(KEYS)))
async def test_the_same_id_from_both_scopes_is_two_events_in_either_order(send, scopes):
    statuses = [(await browse(send, scope)).status_code for scope in scopes]
    again = [(await browse(send, scope)).status_code for scope in scopes]

    events = (await exported(send))["browsing"]
    assert (statuses, again) == ([201, 201], [201, 201])
    assert sorted((event["event_id"], event["product_id"]) for event in events) == [("e-1", "p-1"), ("e-1", "p-2")]


async def test_a_storefront_id_does_not_block_an_update_of_the_backend(send):
    assert (await browse(send, "storefront")).status_code == 201

    update = await send(
        "backend", "POST", "/customer/update-behavior", json={"customer_id": "c-1", "browsing": [BACKEND_EVENT]}
    )

    assert (update.status_code, update.json()["accepted"]["browsing"]) == (200, 1)


async def test_a_storefront_id_with_other_content_is_refused_and_named_as_it_was_sent(send):
    await browse(send, "storefront")

    refused = await browse(send, "storefront", product_id="p-3")

    assert (refused.status_code, refused.json()["type"]) == (422, "urn:problem:event-id-reused")
    assert "'e-1'" in refused.json()["detail"]


@pytest.mark.parametrize("prefix", ["\x1f", "\\u001f"])
async def test_no_id_that_is_sent_can_be_in_the_other_namespace(send, prefix):
    response = await browse(send, "backend", event_id=f"{prefix}e-1".encode().decode("unicode_escape"))

    assert (response.status_code, response.json()["type"]) == (400, "urn:problem:validation")
