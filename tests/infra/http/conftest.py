"""A client for all endpoints in one application, or for one application per endpoint."""

import re
from contextlib import AsyncExitStack

import pytest_asyncio

import main
from domain.records.customers import NewCustomer
from domain.records.products import ProductChange
from infra.http.app import create_app
from infra.keys import hash_of
from infra.settings import Settings
from infra.storage.sqlite import open_sqlite
from tests.conftest import NOW, client_of
from tests.infra.http.examples import A_PURCHASE, A_VIEW, BACKEND_HEADER, BROWSE, BUY, KEYS, RETENTION_DAYS


def path_matcher(endpoints):
    """Return a function that matches the paths of `endpoints`; a path parameter never matches another endpoint's path."""
    patterns = [
        re.sub(r"{[^}]*}", "(?!process-|record-|for-page)[^/]+", path) for endpoint in endpoints for path in endpoint.paths
    ]
    return re.compile("|".join(patterns)).fullmatch


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["together", "alone"])
async def send(request, tmp_path_factory):
    """Send a request to a shop with one customer, one product, the event e-1 and the order o-1."""
    database = tmp_path_factory.mktemp("shop") / "shop.db"
    api_keys = ",".join(f"{scope}:{hash_of(key)}" for scope, key in KEYS.items())
    settings = Settings(
        database_url=f"sqlite:///{database}",
        api_keys=api_keys,
        event_retention_days=RETENTION_DAYS,
        address_limit_per_second=0,
    )
    async with open_sqlite(database, currency="EUR") as repository:
        await repository.create_customer(NewCustomer(customer_id="c-1", email="canary@example.com"), now=NOW)
        await repository.put_products([ProductChange(product_id="p-1", price=1.5)], now=NOW)
    groups = [main.ENDPOINTS] if request.param == "together" else [(endpoint,) for endpoint in main.ENDPOINTS]
    async with AsyncExitStack() as stack:
        clients = [
            (path_matcher(group), await stack.enter_async_context(client_of(create_app(*group, settings=lambda: settings))))
            for group in groups
        ]

        async def send(method, target, *, headers=(), credentials=(BACKEND_HEADER,), **body):
            path = target.partition("?")[0]
            client = next(client for matches, client in clients if matches(path) or client is clients[-1][1])
            return await client.request(method, target, headers=[*dict(headers).items(), *credentials], **body)

        event = await send("POST", BROWSE, json=A_VIEW | {"event_id": "e-1"})
        order = await send("POST", BUY, json=A_PURCHASE | {"order_id": "o-1"})
        assert (event.status_code, order.status_code) == (201, 201)
        yield send
