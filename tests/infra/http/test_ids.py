"""Ids of any printable text over HTTP: through all endpoints, in paths, and refused."""

from contextlib import AsyncExitStack
from itertools import count
from urllib.parse import quote, unquote

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import main
from domain.records.products import ProductChange
from infra.http.app import create_app
from infra.settings import Settings
from infra.storage.sqlite import open_sqlite
from tests.conftest import NOW, client_of
from tests.fuzz.requests import FuzzedRequest
from tests.fuzz.shop import send_request
from tests.ids import CANARY_IDS, NOT_IDS, ids
from tests.infra.http.conftest import path_matcher
from tests.infra.http.examples import ADDRESS, AN_ADDRESS, BROWSE, BUY, CREATE, UPDATE, assert_problem

pytestmark = pytest.mark.asyncio(loop_scope="module")

PRODUCT_IDS = ("#1001", "gid://shopify/Product/123", "SKU 12/3", "Größe-42", "50%2041", "p" * 128)
NUMBERS = count()
BY_ID = ("/customer/get-profile", "/customer/export", "/recommendations")


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["together", "alone"])
async def send(request, tmp_path_factory):
    """Send a request to a shop of products with unusual ids, to all endpoints together or to each alone."""
    database = tmp_path_factory.mktemp("ids") / "shop.db"
    async with open_sqlite(database, currency="EUR") as repository:
        await repository.put_products([ProductChange(product_id=name, price=1.5) for name in PRODUCT_IDS], now=NOW)
    shop = Settings(database_url=f"sqlite:///{database}")
    groups = [main.ENDPOINTS] if request.param == "together" else [(endpoint,) for endpoint in main.ENDPOINTS]
    async with AsyncExitStack() as stack:
        apps = [
            (path_matcher(group), await stack.enter_async_context(client_of(create_app(*group, settings=lambda: shop))))
            for group in groups
        ]

        async def send(method, target, **body):
            client = next(client for matches, client in apps if matches(target.partition("?")[0]))
            return await client.request(method, target, **body)

        yield send


async def live_through_all_endpoints(send, customer_id, *, event_id):
    """Register a customer, use every endpoint, and erase the customer."""
    encoded = quote(customer_id, safe="")
    product_id = PRODUCT_IDS[len(customer_id) % len(PRODUCT_IDS)]
    created = await send("POST", CREATE, json={"customer_id": customer_id})
    assert created.status_code == 201, created.text
    assert created.headers["location"] == f"/customer/get-profile/{encoded}"
    body = {"customer_id": customer_id}
    view = {"product_id": product_id, "event_id": event_id}
    order = {"order_id": event_id, "items": [{"product_id": product_id}]}
    for target, members, status in (
        (ADDRESS, {"addresses": [AN_ADDRESS]}, 201),
        (BROWSE, view, 201),
        (BROWSE, view, 201),
        (BUY, order, 201),
        (UPDATE, {"browsing": [view], "purchases": [order]}, 200),
    ):
        answer = await send("POST", target, json=body | members)
        assert (answer.status_code, answer.json()["customer_id"]) == (status, customer_id), answer.text

    product = quote(product_id, safe="")
    for target in (
        f"/products/similar/{product}?customer_id={encoded}",
        f"/products/bought-together?product_id={product}&customer_id={encoded}",
        f"/recommendations/buy-again/{encoded}",
        f"/recommendations/recently-viewed/{encoded}",
        f"/recommendations/why-not/{encoded}?product_id={product}",
    ):
        answer = await send("GET", target)
        assert answer.status_code == 200, answer.text
    viewed = {"lists": [{"name": "viewed", "kind": "recently-viewed"}]}
    page = (await send("POST", "/recommendations/for-page", json=body | viewed)).json()
    assert (page["customer_id"], [item["product_id"] for item in page["lists"][0]["items"]]) == (customer_id, [product_id])

    profile = (await send("GET", created.headers["location"])).json()
    listed = (await send("GET", f"/recommendations/{encoded}?exclude={quote(PRODUCT_IDS[0], safe='')}")).json()
    exported = (await send("GET", f"/customer/export/{encoded}")).json()
    erased = await send("DELETE", f"/customer/erase/{encoded}")

    assert profile["customer"]["customer_id"] == listed["customer_id"] == exported["customer"]["customer_id"] == customer_id
    assert (profile["activity"]["views"], profile["activity"]["orders"]) == (1, 1)
    assert not {PRODUCT_IDS[0], product_id} & {item["product_id"] for item in listed["items"]}
    assert [event["event_id"] for event in exported["browsing"]] == [event_id]
    assert [order["order_id"] for order in exported["purchases"]] == [event_id]
    assert erased.status_code == 204
    assert_problem(await send("GET", f"/recommendations/{encoded}"), "customer-not-found")


@pytest.mark.parametrize("customer_id", CANARY_IDS)
async def test_a_customer_with_a_real_id_uses_every_endpoint(send, customer_id):
    await live_through_all_endpoints(send, customer_id, event_id=f"order {customer_id}")


@given(customer_text=ids(), event_text=ids())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
async def test_a_customer_with_any_id_uses_every_endpoint(send, customer_text, event_text):
    # The id of an erased customer stays taken.
    customer_id, event_id = (f"canary{next(NUMBERS)} {text}" for text in (customer_text, event_text))

    await live_through_all_endpoints(send, customer_id, event_id=event_id)


@pytest.mark.parametrize("path", BY_ID)
async def test_ids_are_compared_code_point_by_code_point(send, path):
    for customer_id in ("é-canary", "%-canary"):
        await send("POST", CREATE, json={"customer_id": customer_id})

    assert (await send("GET", f"{path}/{quote('é-canary')}")).status_code == 200
    for other in ("e\u0301-canary", "É-canary", "%25-canary"):
        assert_problem(await send("GET", f"{path}/{quote(other, safe='')}"), "customer-not-found")
    assert (await send("GET", f"{path}/%25-canary")).status_code == 200


@pytest.mark.parametrize("text", NOT_IDS.values(), ids=NOT_IDS)
async def test_another_text_is_refused_in_bodies_with_a_readable_message(send, text):
    if text == "a\ud800b":
        body = b'{"customer_id": "a\\ud800b"}'
        assert_problem(
            await send("POST", CREATE, content=body, headers={"content-type": "application/json"}), "malformed-json"
        )
        return

    response = await send("POST", CREATE, json={"customer_id": text})

    assert_problem(response, "validation")
    (error,) = response.json()["errors"]
    assert error["pointer"] == "#/customer_id"
    assert error["detail"].startswith("Expected ")
    assert "regex" not in error["detail"]


@pytest.mark.parametrize("path", BY_ID)
@pytest.mark.parametrize("name", sorted(NOT_IDS.keys() - {"empty"}))
async def test_another_text_is_refused_in_paths(send, path, name):
    response = await send("GET", f"{path}/{quote(NOT_IDS[name], safe='', errors='surrogatepass')}")

    assert_problem(response, "not-found" if name in {"dot", "two-dots"} else "validation")
    assert "regex" not in response.text


@pytest.mark.parametrize("target", [
    b"/recommendations/100%", b"/recommendations/100%2", b"/recommendations/100%zz", b"/recommendations/%u0041",
    b"/recommendations/c-1?exclude=100%", b"/recommendations/c-1?category=%zz", b"/recommendations/%2F%ff",
])  # fmt: skip
async def test_an_incomplete_escape_is_invalid(settings, target):
    app = create_app(main.for_customer, settings=lambda: settings)
    request = FuzzedRequest(method="GET", target=target, headers=[], parts=[b""], ends=True)
    async with client_of(app):
        response = await send_request(app, request)

    assert response.status == 400
    assert b"Expected percent-encoded UTF-8 text" in response.body


@pytest.mark.parametrize("has_raw_path", [True, False])
@given(customer_id=st.sampled_from(CANARY_IDS).filter(lambda text: "/" not in text))
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_server_may_hand_on_only_the_decoded_path(tmp_path, has_raw_path, customer_id):
    shop = Settings(database_url=f"sqlite:///{tmp_path}/shop.db")
    app = create_app(main.create, main.for_customer, settings=lambda: shop)

    async def without_raw_path(scope, receive, send):
        await app(scope if has_raw_path else scope | {"raw_path": None}, receive, send)

    async with client_of(app) as client:
        await client.post(CREATE, json={"customer_id": customer_id})
        target = f"/recommendations/{quote(customer_id, safe='')}".encode()
        request = FuzzedRequest(method="GET", target=target, headers=[], parts=[b""], ends=True)
        response = await send_request(without_raw_path, request)

    assert response.status == 200
    assert customer_id.encode() in response.body


async def test_a_mounted_application_finds_ids_with_slashes(settings):
    fastapi = pytest.importorskip("fastapi")
    shop = create_app(main.create, main.get_profile, settings=lambda: settings)
    application = fastapi.FastAPI()
    application.mount("/shop", shop)
    async with client_of(shop) as client:
        location = (await client.post(CREATE, json={"customer_id": "Canary 12/3"})).headers["location"]
        request = FuzzedRequest(method="GET", target=f"/shop{location}".encode(), headers=[], parts=[b""], ends=True)
        response = await send_request(application, request)

    assert unquote(location) == "/customer/get-profile/Canary 12/3"
    assert response.status == 200
