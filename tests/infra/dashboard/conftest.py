"""A browser without a screen, and a shop with two customers."""

import re
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
import pytest_asyncio

import main
from domain.records.customers import NewCustomer
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from infra.dashboard import DASHBOARD_ROUTES
from infra.http.app import create_app
from infra.keys import hash_of
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.use_cases.train import train
from tests.conftest import NOW, running

OWNER, VIEWER, STOREFRONT = "b" * 43, "v" * 43, "s" * 43
API_KEYS = f"backend:{hash_of(OWNER)}:owner,viewer:{hash_of(VIEWER)}:board:2026-11-30,storefront:{hash_of(STOREFRONT)}:web"
HOSTILE = '<script>alert("x")</script>'
PERSON = NewCustomer(customer_id="canary", email="canary@example.com", first_name="Canary", last_name="O'Canary")


class Browser:
    """An HTTP client that keeps cookies and fills forms."""

    def __init__(self, app, client):
        self.app = app
        self.client = client
        self.cookies = client.cookies

    async def get(self, path="", **options):
        return await self.client.get(f"/dashboard{path}", **options)

    async def token(self, path="/data"):
        """Return the token of the forms of a page."""
        return re.search(r'name="token" value="([0-9a-f]{64})"', (await self.get(path)).text)[1]

    async def send(self, path, *, page="/data", fields=None, **options):
        return await self.post(path, fields={"token": await self.token(page), **(fields or {})}, **options)

    async def post(self, path, *, fields=None, **options):
        return await self.client.post(f"/dashboard{path}", data=fields, **options)

    async def sign_in(self, key):
        return await self.send("/login", page="/login", fields={"key": key})

    async def see(self, response):
        """Open the page that a form leads to."""
        assert response.status_code == 303, response.text
        return (await self.client.get(response.headers["location"])).text


@asynccontextmanager
async def browsing(settings, *, clock=lambda: NOW, base_url="http://127.0.0.1", client=("127.0.0.1", 123)):
    app = create_app(*DASHBOARD_ROUTES, *main.ENDPOINTS, settings=lambda: settings, clock=clock)
    transport = httpx.ASGITransport(app, client=client)
    async with running(app), httpx.AsyncClient(transport=transport, base_url=base_url) as opened:
        yield Browser(app, opened)


@pytest.fixture
def keyed(database):
    return Settings(database_url=f"sqlite:///{database}", api_keys=API_KEYS)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def filled_file(tmp_path_factory):
    """Return the content of the file of a shop with products, events and a model."""
    path = tmp_path_factory.mktemp("filled") / "shop.db"
    async with open_repository(Settings(database_url=f"sqlite:///{path}", api_keys=API_KEYS)) as shop:
        await shop.put_products(
            [
                ProductChange(
                    product_id=f"p-{n}",
                    name=f"Acme tent {n}",
                    brand="Acme",
                    category="outdoor/tents" if n % 2 else "outdoor/mats",
                    price=10.0 + n,
                    image_url=f"https://images.example/{n}.jpg",
                )
                for n in range(12)
            ],
            now=NOW - timedelta(days=40),
        )
        await shop.create_customer(PERSON, now=NOW)
        for number in range(8):
            name = "canary" if number == 0 else f"canary-{number}"
            if number:
                await shop.create_customer(NewCustomer(customer_id=name), now=NOW)
            at = NOW - timedelta(days=2, minutes=number)
            items = tuple(OrderItem(product_id=f"p-{n}", unit_price=5.0) for n in range(3))
            events = [
                Purchase(customer_id=name, order_id=f"o-{name}", items=items, occurred_at=at),
                *(
                    BrowsingEvent(customer_id=name, product_id=f"p-{n}", event_type=kind, occurred_at=at)
                    for n, kind in ((3, "view"), (4, "cart"), (5, "wishlist"))
                ),
            ]
            if number:
                more = tuple(OrderItem(product_id=f"p-{n}") for n in (6, 7))
                events.append(Purchase(customer_id=name, order_id=f"q-{name}", items=more, occurred_at=at))
            await shop.record(events, now=NOW)
        await train(shop, now=NOW)
    return path.read_bytes()


@pytest.fixture
def filled(keyed, database, filled_file):
    """Return settings of a shop with products, events and a model."""
    database.write_bytes(filled_file)
    return keyed


@pytest_asyncio.fixture
async def browser(filled):
    async with browsing(filled) as opened:
        yield opened


@pytest_asyncio.fixture
async def owner(browser):
    assert (await browser.sign_in(OWNER)).status_code == 303
    return browser


@pytest_asyncio.fixture
async def viewer(browser):
    assert (await browser.sign_in(VIEWER)).status_code == 303
    return browser
