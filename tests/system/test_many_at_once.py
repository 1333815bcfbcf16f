"""Many clients and several processes on one shop: exact sums, and each event once."""

import asyncio
import os
import subprocess
import sys
from contextlib import AsyncExitStack

import httpx
import pytest
import pytest_asyncio

from tests import postgres
from tests.canaries import hear
from tests.fuzz.shop import fuzzed_shop
from tests.system.server import ROOT, serving, url_of

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]

BUY = "/recommendations/process-purchase"
UPDATE = "/customer/update-behavior"


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["sqlite", "postgres"])
async def shop(request, tmp_path_factory):
    """Serve a small shop with four processes; give its server and its database. Each test has a customer of its own."""
    async with AsyncExitStack() as stack:
        database = tmp_path_factory.mktemp("shop") / "shop.db"
        if request.param == "postgres":
            server_url = request.getfixturevalue("postgres_server")
            database = await stack.enter_async_context(postgres.new_database(server_url))
        async with fuzzed_shop(database):
            pass
        yield stack.enter_context(serving(database, WORKERS="4")), database


def clients_of(server):
    # Each connection may reach another process.
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=0)
    return httpx.AsyncClient(base_url=server.url, timeout=60, limits=limits)


async def activity(client, customer_id):
    return (await client.get(f"/customer/get-profile/{customer_id}")).json()["activity"]


async def test_one_customer_buying_64_times_at_once_is_counted_exactly(shop):
    server, _ = shop
    async with clients_of(server) as client:
        orders = [
            {"customer_id": "c-1", "items": [{"product_id": "p-1", "quantity": n, "unit_price": 0.1}]} for n in range(1, 65)
        ]
        answers = await asyncio.gather(*(client.post(BUY, json=order) for order in orders))

        counted = await activity(client, "c-1")

    n_items = 64 * 65 // 2
    assert [answer.status_code for answer in answers] == [201] * 64
    assert (counted["orders"], counted["items_bought"], counted["spent"]) == (64, n_items, n_items / 10)


async def test_the_same_order_sent_to_several_processes_at_the_same_moment_is_counted_once(shop):
    server, _ = shop
    ours = {"customer_id": "c-2", "order_id": "o-2-1", "items": [{"product_id": "p-1", "quantity": 2}]}
    other = ours | {"items": [{"product_id": "p-1", "quantity": 3}]}
    async with clients_of(server) as client:
        answers = await asyncio.gather(*(client.post(BUY, json=order) for order in [ours, other] * 16))

        counted = await activity(client, "c-2")

    codes = [answer.status_code for answer in answers]
    won = 2 if codes[0] == 201 else 3
    assert codes == ([201, 422] if won == 2 else [422, 201]) * 16
    assert (counted["orders"], counted["items_bought"]) == (1, won)


async def test_one_order_in_an_update_and_alone_at_the_same_moment_is_counted_once(shop):
    server, _ = shop
    order = {"order_id": "o-3-1", "items": [{"product_id": "p-1", "quantity": 2}]}
    view = {"event_id": "e-3-1", "product_id": "p-2"}
    async with clients_of(server) as client:
        asked = [
            (UPDATE, {"customer_id": "c-3", "browsing": [view], "purchases": [order]}),
            (BUY, {"customer_id": "c-3", **order}),
            ("/recommendations/process-browsing", {"customer_id": "c-3", **view}),
        ]
        answers = await asyncio.gather(*(client.post(path, json=body) for path, body in asked * 8))

        counted = await activity(client, "c-3")

    assert [answer.status_code for answer in answers] == [200, 201, 201] * 8
    assert (counted["orders"], counted["views"]) == (1, 1)


def importing(database, file):
    return subprocess.Popen(
        [sys.executable, "main.py", "import", "events", str(file), "--no-train"],
        cwd=ROOT, env=os.environ | {"DATABASE_URL": url_of(database)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


async def test_an_event_over_http_and_by_import_is_counted_once(shop, tmp_path):
    server, database = shop
    header = "customer_id,product_id,event_type,occurred_at,event_id,order_id,quantity\n"
    lines = [
        f"c-4,p-1,purchase,2026-01-01T10:00:00Z,,o-{n},2\nc-4,p-2,view,2026-01-01T10:00:00Z,e-{n},,\n" for n in range(40)
    ]
    (tmp_path / "events.csv").write_text(header + "".join(lines))
    (tmp_path / "other.csv").write_text(header + "c-4,p-1,purchase,2026-01-01T10:00:00Z,,o-1,5\n")
    import_process = importing(database, tmp_path / "events.csv")
    async with clients_of(server) as client:
        for n in range(40):
            at = {"customer_id": "c-4", "occurred_at": "2026-01-01T10:00:00Z"}
            order = at | {"order_id": f"o-{n}", "items": [{"product_id": "p-1", "quantity": 2}]}
            view = at | {"event_id": f"e-{n}", "product_id": "p-2", "event_type": "view"}
            assert (await client.post(BUY, json=order)).status_code == 201
            assert (await client.post("/recommendations/process-browsing", json=view)).status_code == 201
        told, _ = await asyncio.to_thread(import_process.communicate)
        refused = importing(database, tmp_path / "other.csv")
        told_of_other, _ = await asyncio.to_thread(refused.communicate)

        counted = await activity(client, "c-4")

    hear(told + told_of_other)
    assert import_process.returncode == 0, told
    assert (counted["orders"], counted["items_bought"], counted["views"]) == (40, 80, 40)
    assert refused.returncode == 3, told_of_other
