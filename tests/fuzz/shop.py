"""A small shop, and raw requests to its application over ASGI, in process."""

from contextlib import asynccontextmanager
from urllib.parse import unquote

from msgspec import Struct

import main
from domain.records.browser_tokens import MAX_TTL_SECONDS, TokenRequest
from domain.records.customers import CustomerChange, NewCustomer
from domain.records.products import ProductChange
from infra.http.app import create_app
from infra.http.openapi import documentation
from infra.keys import hash_of
from infra.settings import Settings
from infra.storage.opening import open_repository, system_clock
from infra.use_cases.browser_tokens import issue_token
from tests.conftest import NOW, running
from tests.fuzz.requests import CUSTOMERS, PRODUCTS, TO_ERASE
from tests.system.server import url_of

KEYS = {"backend": "b" * 43, "storefront": "s" * 43}
API_KEYS = ",".join(f"{scope}:{hash_of(key)}" for scope, key in KEYS.items())
ALL_ROUTES = (*main.ENDPOINTS, *documentation(*main.ENDPOINTS), main.recommend_js)


class Response(Struct, frozen=True, kw_only=True):
    status: int
    headers: dict[bytes, bytes]
    body: bytes


@asynccontextmanager
async def fuzzed_shop(database, *, handlers=ALL_ROUTES, clock=system_clock, **settings):
    """Create a small shop and run an application of `handlers` on it."""
    settings = Settings(
        **{"database_url": url_of(database), "address_limit_per_second": 0, "browser_limit_per_second": 0} | settings
    )
    async with open_repository(settings) as repository:
        changes = [ProductChange(product_id=name, name=name, category="home/lamps", price=9.95) for name in PRODUCTS]
        await repository.put_products(changes, now=NOW)
        await repository.put_customers([CustomerChange(customer_id=name) for name in TO_ERASE], now=NOW)
        for name in CUSTOMERS:
            await repository.create_customer(NewCustomer(customer_id=name), now=NOW)
    app = create_app(*handlers, settings=lambda: settings, clock=clock)
    async with running(app):
        yield app


async def browser_token(app, customer_id=CUSTOMERS[0]):
    """Return a token for the browser of a customer, good for a day."""
    shop = await app.storage.shop()
    asked = TokenRequest(customer_id=customer_id, ttl_seconds=MAX_TTL_SECONDS)
    return (await issue_token(shop.repository, asked, now=shop.now())).token


async def send_request(app, request):
    """Return the response to a request; raise any exception that the application does not handle."""
    path, _, query = request.target.partition(b"?")
    # Only HTTP/1.0 allows requests without a host.
    version = "1.1" if any(name == b"host" for name, _ in request.headers) else "1.0"
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": version, "scheme": "http",
        "method": request.method, "path": unquote(path, errors="replace"), "raw_path": path, "query_string": query,
        "root_path": "", "headers": request.headers, "client": ("127.0.0.1", 50_000), "server": ("127.0.0.1", 8000),
    }  # fmt: skip
    pending = [{"type": "http.request", "body": part, "more_body": True} for part in request.parts]
    if request.ends:
        pending[-1]["more_body"] = False
    messages = []

    async def receive():
        return pending.pop(0) if pending else {"type": "http.disconnect"}

    async def collect(message):
        messages.append(message)

    await app(scope, receive, collect)
    start, *bodies = messages
    return Response(
        status=start["status"], headers=dict(start["headers"]), body=b"".join(message["body"] for message in bodies)
    )
