"""Many clients and several processes share one shop: sums are exact, and each event counts once."""

import asyncio
import os
import random
import subprocess
import sys
from contextlib import AsyncExitStack

import httpx
import pytest
import pytest_asyncio

from tests import postgres
from tests.canaries import search_later
from tests.fuzz.shop import fuzzed_shop
from tests.system.server import ROOT, serving, url_of

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]

BUY = "/recommendations/process-purchase"
UPDATE = "/customer/update-behavior"
BROWSE = "/recommendations/process-browsing"
AMEND = "/customer/amend-order"


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["sqlite", "postgres"])
async def shop(request, tmp_path_factory):
    """Serve a small shop with four processes; yield its server and its database. Each test uses its own customer."""
    async with AsyncExitStack() as stack:
        database = tmp_path_factory.mktemp("shop") / "shop.db"
        if request.param == "postgres":
            server_url = request.getfixturevalue("postgres_server")
            database = await stack.enter_async_context(postgres.new_database(server_url))
        async with fuzzed_shop(database):
            pass
        yield stack.enter_context(serving(database, WORKERS="4")), database


def clients_of(server):
    # A new connection for each request reaches all processes.
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=0)
    return httpx.AsyncClient(base_url=server.url, timeout=60, limits=limits)


async def activity(client, customer_id):
    return (await client.get(f"/customer/get-profile/{customer_id}")).json()["activity"]


async def test_64_concurrent_orders_of_one_customer_are_counted_exactly(shop):
    server, _ = shop
    async with clients_of(server) as client:
        orders = [
            {"customer_id": "c-1", "items": [{"product_id": "p-1", "quantity": n, "unit_price": 0.1}]} for n in range(1, 65)
        ]
        answers = await asyncio.gather(*(client.post(BUY, json=order) for order in orders))

        counts = await activity(client, "c-1")

    n_items = 64 * 65 // 2
    assert [answer.status_code for answer in answers] == [201] * 64
    assert (counts["orders"], counts["items_bought"], counts["spent"]) == (64, n_items, n_items / 10)


async def test_one_order_sent_to_several_processes_at_once_is_counted_once(shop):
    server, _ = shop
    order = {"customer_id": "c-2", "order_id": "o-2-1", "items": [{"product_id": "p-1", "quantity": 2}]}
    other_content = order | {"items": [{"product_id": "p-1", "quantity": 3}]}
    async with clients_of(server) as client:
        answers = await asyncio.gather(*(client.post(BUY, json=order) for order in [order, other_content] * 16))

        counts = await activity(client, "c-2")

    codes = [answer.status_code for answer in answers]
    quantity = 2 if codes[0] == 201 else 3
    assert codes == ([201, 422] if quantity == 2 else [422, 201]) * 16
    assert (counts["orders"], counts["items_bought"]) == (1, quantity)


async def test_events_sent_in_an_update_and_alone_at_once_are_counted_once(shop):
    server, _ = shop
    order = {"order_id": "o-3-1", "items": [{"product_id": "p-1", "quantity": 2}]}
    view = {"event_id": "e-3-1", "product_id": "p-2"}
    async with clients_of(server) as client:
        requests = [
            (UPDATE, {"customer_id": "c-3", "browsing": [view], "purchases": [order]}),
            (BUY, {"customer_id": "c-3", **order}),
            ("/recommendations/process-browsing", {"customer_id": "c-3", **view}),
        ]
        answers = await asyncio.gather(*(client.post(path, json=body) for path, body in requests * 8))

        counts = await activity(client, "c-3")

    assert [answer.status_code for answer in answers] == [200, 201, 201] * 8
    assert (counts["orders"], counts["views"]) == (1, 1)


async def test_64_amendments_and_removals_at_once_leave_exact_sums(shop):
    server, _ = shop
    async with clients_of(server) as client:
        await client.post("/customer/create", json={"customer_id": "c-5"})
        items = [{"product_id": "p-1", "quantity": 64}, {"product_id": "p-2", "quantity": 3}]
        bought = await client.post(BUY, json={"customer_id": "c-5", "order_id": "to-amend", "items": items})
        assert bought.status_code == 201
        cart = {"customer_id": "c-5", "product_id": "p-3", "event_type": "cart"}
        carts = await asyncio.gather(*(client.post(BROWSE, json=cart | {"event_id": f"a-{n}"}) for n in range(20)))
        amendment = {"customer_id": "c-5", "order_id": "to-amend"}
        requests = [
            *((AMEND, amendment | {"items": [{"product_id": "p-1", "quantity": n}]}) for n in range(1, 33)),
            *((BUY, {"customer_id": "c-5", "items": [{"product_id": "p-2"}]}) for _ in range(20)),
            *((BROWSE, cart | {"event_type": "remove_from_cart", "event_id": f"r-{n % 6}"}) for n in range(12)),
        ]

        answers = await asyncio.gather(*(client.post(path, json=body) for path, body in requests))
        last = await client.post(AMEND, json=amendment | {"items": [{"product_id": "p-1", "quantity": 7}]})
        counts = await activity(client, "c-5")
        exported = (await client.get("/customer/export/c-5")).json()

    assert [answer.status_code for answer in answers] == [200] * 32 + [201] * 32
    assert all(answer.status_code == 201 for answer in carts)
    amended = [answer.json() for answer in answers[:32]]
    # Each amendment saw the order as a whole: what it answers is what it said, and all that was bought.
    assert [answer["items"][0]["quantity"] for answer in amended] == list(range(1, 33))
    assert {answer["items"][0]["quantity"] + answer["returned"][0]["quantity"] for answer in amended} == {64}
    assert (last.status_code, counts["orders"], counts["items_bought"], counts["carts"]) == (200, 21, 27, 14)
    assert sum(event["taken_back"] for event in exported["browsing"]) == 6
    (order,) = exported["amended_orders"]
    assert order["adjusted"] == {"p-1": 57, "p-2": 3}


async def test_amendments_that_race_an_import_of_returns_lose_nothing(shop, tmp_path):
    server, database = shop
    header = "customer_id,product_id,event_type,occurred_at,order_id,quantity,event_id\n"
    lines = "".join(f"c-6,p-1,return,2026-01-02T10:00:00Z,o-6-{n},1,r-{n}\n" for n in range(16))
    (tmp_path / "returns.csv").write_text(header + lines)
    async with clients_of(server) as client:
        await client.post("/customer/create", json={"customer_id": "c-6"})
        for n in range(16):
            items = [{"product_id": "p-1", "quantity": 3}, {"product_id": "p-2", "quantity": 2}]
            order = {"customer_id": "c-6", "order_id": f"o-6-{n}", "items": items, "occurred_at": "2026-01-01T10:00:00Z"}
            assert (await client.post(BUY, json=order)).status_code == 201
        import_process = start_import(database, tmp_path / "returns.csv")
        # All of p-1 is left at that moment, and one of p-2: returns before it are taken back, and later ones count.
        left = [{"product_id": "p-1", "quantity": 3}, {"product_id": "p-2", "quantity": 1}]
        answers = []
        while import_process.poll() is None:
            answers += await asyncio.gather(
                *(client.post(AMEND, json={"customer_id": "c-6", "order_id": f"o-6-{n}", "items": left}) for n in range(16))
            )
        output, _ = await asyncio.to_thread(import_process.communicate)
        exported = (await client.get("/customer/export/c-6")).json()
        counts = await activity(client, "c-6")

    search_later(output)
    assert import_process.returncode == 0, output
    assert {answer.status_code for answer in answers} == {200}
    kept = {
        order["order_id"]: {item["product_id"]: item["quantity"] for item in order["items"]}
        for order in exported["purchases"]
    }
    assert kept.keys() == {f"o-6-{n}" for n in range(16)}
    assert all(order["p-2"] == 1 and order["p-1"] in {2, 3} for order in kept.values())
    assert len(exported["returns"]) == 16
    assert counts["items_bought"] == sum(sum(order.values()) for order in kept.values())


async def test_a_guest_who_buys_while_several_servers_merge_it_loses_nothing(shop):
    server, _ = shop
    merge = {"guest_id": "g-canary", "customer_id": "c-1"}
    async with clients_of(server) as client:
        before = await activity(client, "c-1")
        first = await client.post("/recommendations/process-browsing", json=guest_view(0))
        orders = [guest_order(n) for n in range(1, 41)]
        views = [("/recommendations/process-browsing", guest_view(n)) for n in range(1, 17)]
        requests = [*((BUY, order) for order in orders), *views, *([("/customer/merge", merge)] * 8)]
        random.Random(1).shuffle(requests)
        answers = await asyncio.gather(*(client.post(path, json=body) for path, body in requests))
        repeated = [await client.post(BUY, json=order) for order in orders[:3]]

        after = await activity(client, "c-1")
        of_guest = await client.get("/customer/get-profile/g-canary")

    merges = [answer for (path, _), answer in zip(requests, answers, strict=True) if path == "/customer/merge"]
    others = [answer for (path, _), answer in zip(requests, answers, strict=True) if path != "/customer/merge"]
    assert first.status_code == 201
    assert {answer.status_code for answer in merges} == {200}, [answer.text for answer in merges]
    assert len({answer.text for answer in merges}) == 1
    assert {answer.status_code for answer in [*others, *repeated]} == {201}, [answer.text for answer in others]
    n_items = 40 * 41 // 2
    assert after["orders"] - before["orders"] == 40
    assert after["items_bought"] - before["items_bought"] == n_items
    assert after["views"] - before["views"] == 17
    assert of_guest.json()["activity"] == after


async def test_of_two_merges_of_one_guest_into_different_customers_one_is_refused(shop):
    server, _ = shop
    async with clients_of(server) as client:
        answers = []
        for n in range(8):
            order = guest_order(n) | {"customer_id": f"g-canary-{n}", "order_id": f"race-{n}"}
            assert (await client.post(BUY, json=order)).status_code == 201
            merges = [{"guest_id": f"g-canary-{n}", "customer_id": name} for name in ("c-2", "c-3")]
            answers.append(await asyncio.gather(*(client.post("/customer/merge", json=merge) for merge in merges * 4)))

    for of_guest in answers:
        codes = [answer.status_code for answer in of_guest]
        assert codes in ([200, 409] * 4, [409, 200] * 4), [answer.text for answer in of_guest]


def guest_view(number):
    return {"customer_id": "g-canary", "product_id": "p-2", "event_id": f"guest-{number}", "guest": True}


def guest_order(number):
    items = [{"product_id": "p-1", "quantity": max(1, number)}]
    return {"customer_id": "g-canary", "order_id": f"guest-{number}", "items": items, "guest": True}


def start_import(database, file):
    return subprocess.Popen(
        [sys.executable, "main.py", "import", "events", str(file), "--no-train"],
        cwd=ROOT, env=os.environ | {"DATABASE_URL": url_of(database)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


async def test_events_sent_over_http_and_imported_at_once_are_counted_once(shop, tmp_path):
    server, database = shop
    header = "customer_id,product_id,event_type,occurred_at,event_id,order_id,quantity\n"
    lines = [
        f"c-4,p-1,purchase,2026-01-01T10:00:00Z,,o-{n},2\nc-4,p-2,view,2026-01-01T10:00:00Z,e-{n},,\n" for n in range(40)
    ]
    (tmp_path / "events.csv").write_text(header + "".join(lines))
    (tmp_path / "other.csv").write_text(header + "c-4,p-1,purchase,2026-01-01T10:00:00Z,,o-1,5\n")
    async with clients_of(server) as client:
        assert (await client.post("/customer/create", json={"customer_id": "c-4"})).status_code == 201
        import_process = start_import(database, tmp_path / "events.csv")
        for n in range(40):
            at = {"customer_id": "c-4", "occurred_at": "2026-01-01T10:00:00Z"}
            order = at | {"order_id": f"o-{n}", "items": [{"product_id": "p-1", "quantity": 2}]}
            view = at | {"event_id": f"e-{n}", "product_id": "p-2", "event_type": "view"}
            answer = await client.post(BUY, json=order)
            assert answer.status_code == 201, answer.text
            assert (await client.post("/recommendations/process-browsing", json=view)).status_code == 201
        output, _ = await asyncio.to_thread(import_process.communicate)
        other_process = start_import(database, tmp_path / "other.csv")
        other_output, _ = await asyncio.to_thread(other_process.communicate)

        counts = await activity(client, "c-4")

    search_later(output + other_output)
    assert import_process.returncode == 0, output
    assert (counts["orders"], counts["items_bought"], counts["views"]) == (40, 83, 40)
    # A file replaces an order; over HTTP, other content is refused.
    assert other_process.returncode == 0, other_output
    assert "1 replaced" in other_output
