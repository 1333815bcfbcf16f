"""Unusual but valid inputs: repeated events, unusual names, customers without events, and a clock that goes back."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

import main
from domain.records.customers import NewCustomer
from domain.records.products import ProductChange
from infra.http.app import create_app
from infra.settings import Settings
from tests.conftest import NOW, client_of
from tests.infra.http.examples import A_PURCHASE, A_VIEW, BROWSE, BUY, CREATE, LIST, stored_state

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_unusual_but_printable_names_are_stored_unchanged(send):
    names = ["\u202eyranaC", "Cana\u200bry", "👩🏽\u200d🚀", "\U0001d49c"]
    for number, name in enumerate(names):
        response = await send("POST", CREATE, json={"customer_id": f"n-{number}", "first_name": name})
        assert response.status_code == 201
        assert (await send("GET", f"/customer/get-profile/n-{number}")).json()["customer"]["first_name"] == name


@pytest.mark.parametrize(
    ("target", "body"),
    [(BROWSE, A_VIEW | {"event_id": "e-1"}), (BUY, A_PURCHASE | {"order_id": "o-1"})],
    ids=["interaction", "order"],
)
async def test_an_event_sent_again_gets_the_same_status_and_counts_once(send, target, body):
    before = await stored_state(send)

    responses = await asyncio.gather(*(send("POST", target, json=body) for _ in range(8)))

    assert {response.status_code for response in responses} == {201}
    assert await stored_state(send) == before


async def test_a_customer_without_events_gets_a_list(send):
    await send("POST", CREATE, json={"customer_id": "c-2"})

    response = await send("GET", "/recommendations/c-2")

    assert (response.status_code, response.json()["strategy"]) == (200, "popular")


@pytest.mark.parametrize(
    "groups", [[main.ENDPOINTS], [[main.process_purchase], [main.for_customer]]], ids=["together", "alone"]
)
async def test_a_clock_that_goes_back_does_not_hide_orders(tmp_path, groups):
    statuses = []

    def backward_clock():
        return NOW - timedelta(hours=len(statuses))

    settings = Settings(database_url=f"sqlite:///{tmp_path}/shop.db")
    apps = [create_app(*endpoints, settings=lambda: settings, clock=backward_clock) for endpoints in groups]
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(client_of(app)) for app in apps]
        repository = (await apps[0].storage.shop()).repository
        await repository.put_products([ProductChange(product_id=f"p-{n}") for n in range(6)], now=NOW)
        await repository.create_customer(NewCustomer(customer_id="c-1"), now=NOW)
        for n in range(3):
            order = {"customer_id": "c-1", "items": [{"product_id": f"p-{n}"}]}
            statuses.append((await clients[0].post(BUY, json=order)).status_code)
            response = await clients[-1].get(LIST)
            statuses.append(response.status_code)
            assert {item["product_id"] for item in response.json()["items"]} == {f"p-{other}" for other in range(n + 1, 6)}

    assert statuses == [201, 200] * 3
