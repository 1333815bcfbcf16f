"""64 clients buy, browse, amend, merge and change products while an import returns: sums are exact, and nothing is lost."""

import asyncio
import random
from collections import Counter
from contextlib import AsyncExitStack

import httpx
import pytest

from domain.records.customers import NewCustomer
from domain.records.products import ProductChange
from infra.settings import Settings
from infra.storage.opening import open_repository
from tests import postgres
from tests.canaries import search_later
from tests.fuzz.run import faults_of_database
from tests.system.server import serving, url_of
from tests.system.test_many_at_once import AMEND, BROWSE, BUY, start_import

pytestmark = pytest.mark.system

MERGE, CHANGE = "/customer/merge", "/products/update"
N_CLIENTS = 64
CUSTOMERS = [f"canary-{n}" for n in range(4)]
GUESTS = [f"canary-guest-{n}" for n in range(16)]
PRODUCTS = [f"p-{n}" for n in range(1, 6)]
CHANGED = [f"u-{n}" for n in range(5)]
LONG_AGO = "2026-01-01T10:00:00Z"
N_RETURNED = 3
"""How many orders of each guest the import takes one item of."""


@pytest.fixture(params=["sqlite", "postgres"])
async def shop(request, database, now):
    """Serve a shop with four processes; yield its server and its database."""
    async with AsyncExitStack() as stack:
        if request.param == "postgres":
            server_url = request.getfixturevalue("postgres_server")
            database = await stack.enter_async_context(postgres.new_database(server_url))
        async with open_repository(Settings(database_url=url_of(database))) as repository:
            await repository.put_products([ProductChange(product_id=name, price=1.0) for name in PRODUCTS], now=now)
            for name in CUSTOMERS:
                await repository.create_customer(NewCustomer(customer_id=name), now=now)
        yield stack.enter_context(serving(database, WORKERS="4")), database
        if request.param == "sqlite":
            assert faults_of_database(database) == []


class Ledger:
    """What was acknowledged, by the id that the request named."""

    def __init__(self):
        self.counts = Counter()
        self.orders = {}
        self.owners = {}
        self.created = Counter()

    def owner(self, name):
        return self.owners.get(name, name)

    def count(self, kind, owner):
        return sum(n for (one, name), n in self.counts.items() if one == kind and self.owner(name) == owner)

    def orders_of(self, owner):
        """Return what is left of the orders of a customer, without cancelled ones."""
        return {order_id: left for order_id, (name, left) in self.orders.items() if self.owner(name) == owner and left}


async def sent(client, path, body, *, refusals=()):
    """Send a request until the storage is not busy; return the answer."""
    while True:
        answer = await client.post(path, json=body)
        if answer.status_code != 503:
            assert answer.status_code in {200, 201, *refusals}, answer.text
            return answer
        assert answer.json()["type"] == "urn:problem:store-busy"
        await asyncio.sleep(int(answer.headers["retry-after"]))


async def buy_and_amend(client, ledger, rng, who, order_id):
    quantity = rng.randint(2, 9)
    items = [{"product_id": "p-1", "quantity": quantity, "unit_price": 0.5}, {"product_id": "p-2", "unit_price": 0.25}]
    order = {"customer_id": who, "order_id": order_id, "items": items, "guest": True}
    for _ in range(rng.choice([1, 1, 2])):
        await sent(client, BUY, order)
    ledger.orders[order_id] = (who, {"p-1": quantity, "p-2": 1})
    for _ in range(rng.choice([0, 1, 2])):
        left = rng.randint(0, quantity)
        remaining = [{"product_id": "p-1", "quantity": left}] if left else []
        amended = (await sent(client, AMEND, {"customer_id": who, "order_id": order_id, "items": remaining})).json()
        ledger.orders[order_id] = (who, {"p-1": left} if left else {})
        # The answer speaks of the whole order: what is left, and all that went back.
        assert [item["quantity"] for item in amended["items"]] == ([left] if left else [])
        assert sum(item["quantity"] for item in (*amended["items"], *amended["returned"])) == quantity + 1


async def browse(client, ledger, rng, who, event_id):
    kinds = rng.choice([["view"], ["cart"], ["cart", "remove_from_cart"], ["wishlist", "remove_from_wishlist"]])
    for kind in kinds:
        event = {"customer_id": who, "product_id": rng.choice(PRODUCTS), "event_id": f"{event_id}-{kind}", "guest": True}
        # One product for what is taken back: each removal then finds a cart.
        event |= {"event_type": kind} if kind == "view" else {"event_type": kind, "product_id": "p-4"}
        for _ in range(rng.choice([1, 1, 2])):
            await sent(client, BROWSE, event)
        ledger.counts[kind, who] += 1


async def change_products(client, ledger, rng, price):
    products = [{"product_id": name, "price": price, "name": f"Name {price}"} for name in CHANGED]
    rng.shuffle(products)
    answer = (await sent(client, CHANGE, {"products": products})).json()
    assert sum(answer.values()) == len(CHANGED)
    ledger.created.update(answer)


async def amend_what_is_returned(client, ledger, rng, guest):
    """Say that a whole order is left, while the import takes one item of it."""
    order_id = f"{guest}-{rng.randrange(N_RETURNED)}"
    whole = [{"product_id": "p-3", "quantity": 3}]
    await sent(client, AMEND, {"customer_id": guest, "order_id": order_id, "items": whole})
    ledger.orders[order_id] = (guest, {"p-3": {2, 3}})


async def merge(client, ledger, number):
    """Merge a guest, whom other clients merge too: two of three into the same customer."""
    guest, is_other = GUESTS[number % len(GUESTS)], number // len(GUESTS) == 2
    into = CUSTOMERS[(number + is_other) % len(CUSTOMERS)]
    answer = await sent(client, MERGE, {"guest_id": guest, "customer_id": into}, refusals={409})
    if answer.status_code == 200:
        assert ledger.owners.setdefault(guest, into) == into
    else:
        assert answer.json()["type"] == "urn:problem:merge-refused"


async def act(client, ledger, number, *, n_steps):
    rng = random.Random(number)
    merges_at = rng.randrange(n_steps) if number < 3 * len(GUESTS) else None
    for step in range(n_steps):
        name, who = f"{number}-{step}", rng.choice([*CUSTOMERS, *GUESTS])
        if step == merges_at:
            await merge(client, ledger, number)
        match rng.randrange(8):
            case 0 | 1 | 2:
                await buy_and_amend(client, ledger, rng, who, name)
            case 3 | 4 | 5:
                await browse(client, ledger, rng, who, name)
            case 6:
                await change_products(client, ledger, rng, 1 + number + n_steps * step / 100)
            case 7:
                await amend_what_is_returned(client, ledger, rng, rng.choice(GUESTS))


async def prepare(client, ledger, file):
    """Let each guest buy what the file gives back one of."""
    lines = ["customer_id,product_id,event_type,occurred_at,order_id,quantity,event_id"]
    for guest in GUESTS:
        for n in range(N_RETURNED):
            order = {"customer_id": guest, "order_id": f"{guest}-{n}", "guest": True, "occurred_at": LONG_AGO}
            await sent(client, BUY, order | {"items": [{"product_id": "p-3", "quantity": 3, "unit_price": 0.75}]})
            ledger.orders[f"{guest}-{n}"] = (guest, {"p-3": 2})
            lines.append(f"{guest},p-3,return,2026-01-02T10:00:00Z,{guest}-{n},1,r-{guest}-{n}")
    file.write_text("\n".join(lines) + "\n")


async def compare(client, ledger):
    """Compare what each customer and each guest who was not merged has with what was acknowledged."""
    for owner in [*CUSTOMERS, *(guest for guest in GUESTS if guest not in ledger.owners)]:
        exported = (await client.get(f"/customer/export/{owner}")).json()
        activity = (await client.get(f"/customer/get-profile/{owner}")).json()["activity"]
        expected = ledger.orders_of(owner)
        left = {
            one["order_id"]: {item["product_id"]: item["quantity"] for item in one["items"]} for one in exported["purchases"]
        }
        assert left.keys() == expected.keys()
        for order_id, quantities in expected.items():
            either = quantities.get("p-3")
            if isinstance(either, set):
                assert left[order_id]["p-3"] in either
            else:
                assert left[order_id] == quantities
        bought = [item for one in exported["purchases"] for item in one["items"]]
        assert (activity["orders"], activity["items_bought"]) == (len(left), sum(item["quantity"] for item in bought))
        assert activity["spent"] == sum(item["quantity"] * item["unit_price"] for item in bought)
        n_carts, n_removed = ledger.count("cart", owner), ledger.count("remove_from_cart", owner)
        n_wishes, n_unwished = ledger.count("wishlist", owner), ledger.count("remove_from_wishlist", owner)
        assert activity["views"] == ledger.count("view", owner)
        assert (activity["carts"], activity["wishlists"]) == (n_carts - n_removed, n_wishes - n_unwished)
        assert sum(one["taken_back"] for one in exported["browsing"]) == n_removed + n_unwished
        merged = {one["guest_id"] for one in exported["merged_guests"]}
        assert merged == {guest for guest, into in ledger.owners.items() if into == owner}
        assert len(exported["returns"]) == N_RETURNED * (len(merged) + (owner in GUESTS))
        for guest in merged:
            of_guest = (await client.get(f"/customer/export/{guest}")).json()
            # A list may be written meanwhile.
            assert of_guest | {"recommendations": None} == exported | {"recommendations": None}


async def raise_storm(shop, folder, *, n_steps):
    server, database = shop
    ledger = Ledger()
    limits = httpx.Limits(max_connections=N_CLIENTS, max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=server.url, timeout=60, limits=limits) as client:
        await prepare(client, ledger, folder / "returns.csv")
        returns = start_import(database, folder / "returns.csv")
        await asyncio.gather(*(act(client, ledger, number, n_steps=n_steps) for number in range(N_CLIENTS)))
        output, _ = await asyncio.to_thread(returns.communicate)
        search_later(output)
        assert returns.returncode == 0, output

        assert len(ledger.owners) == len(GUESTS)
        await compare(client, ledger)
        # Each of these requests was seen as a whole.
        shown = [(await client.get(f"/products/get-product/{name}")).json() for name in CHANGED]
        assert ledger.created["new"] == len(CHANGED)
        assert len({(one["price"], one["name"]) for one in shown}) == 1


async def test_64_clients_at_once_leave_exact_sums(shop, tmp_path):
    await raise_storm(shop, tmp_path, n_steps=4)


@pytest.mark.slow
async def test_64_clients_leave_exact_sums_after_a_long_storm(shop, tmp_path):
    await raise_storm(shop, tmp_path, n_steps=60)


async def test_of_products_that_claim_one_alias_at_once_one_gets_it(shop):
    server, _ = shop
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        claims = [
            {"products": [{"product_id": f"a-{n}", "aliases": ["SKU 1"]}, {"product_id": "a"}]} for n in range(N_CLIENTS)
        ]
        answers = await asyncio.gather(*(sent(client, CHANGE, claim, refusals={400}) for claim in claims))
        owner = (await client.get("/products/get-product/SKU%201")).json()
        known = [(await client.get(f"/products/get-product/a-{n}")).status_code for n in range(N_CLIENTS)]

    (winner,) = (n for n, answer in enumerate(answers) if answer.status_code == 200)
    assert owner["product_id"] == f"a-{winner}"
    # Of the others, nothing was changed.
    assert known == [200 if n == winner else 404 for n in range(N_CLIENTS)]
    for n, answer in enumerate(answers):
        if n != winner:
            assert [error["pointer"] for error in answer.json()["errors"]] == ["#/products/0/aliases/0"]


async def test_orders_that_create_what_becomes_an_alias_meanwhile_are_orders_of_its_product(shop):
    server, _ = shop
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        item = {"product_id": "gift/1", "quantity": 2, "unit_price": 0.5}
        orders = [
            {"customer_id": CUSTOMERS[n % 4], "order_id": f"o-{n}", "items": [item], "unknown_products": "create"}
            for n in range(N_CLIENTS)
        ]
        buying = [sent(client, BUY, order) for order in orders]
        buying.insert(24, sent(client, CHANGE, {"products": [{"product_id": "p-1", "aliases": ["gift/1"]}]}))
        await asyncio.gather(*buying)
        await asyncio.gather(*(sent(client, BUY, order) for order in orders))
        exported = [(await client.get(f"/customer/export/{name}")).json()["purchases"] for name in CUSTOMERS]
        shown = (await client.get("/products/get-product/gift%2F1")).json()

    assert shown["product_id"] == "p-1"
    bought = [(one["product_id"], one["quantity"]) for orders in exported for order in orders for one in order["items"]]
    assert bought == [("p-1", 2)] * N_CLIENTS
