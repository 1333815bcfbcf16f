"""The storage fails at each statement of each handler: the response is 503, nothing is half done, and a retry succeeds."""

import asyncio
import sqlite3
from contextlib import closing
from itertools import count

import pytest
from msgspec.structs import replace

import main
from domain.errors import StoreBusy, StoreUnavailable
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.rules import Rule, RuleTarget
from infra.http.examples.lists import RECOMMENDATION_ID
from infra.storage.sql import models
from infra.storage.sql.statements import rows
from tests.conftest import NOW
from tests.fuzz.checks import faults
from tests.fuzz.requests import TO_ERASE, FuzzedRequest
from tests.fuzz.shop import ALL_ROUTES, fuzzed_shop, send_request
from tests.invocations import AN_EXPERIMENT as OVER
from tests.power.replay import STATE

AN_ADDRESS = b'{"kind":"shipping","line1":"Canary %d","city":"Canaryville","postal_code":"CANARY-3000","country":"CH"}'
AN_ORDER = b'"order_id":"o-%d","items":[{"product_id":"p-1"},{"product_id":"p-2"}]'
A_VIEW = b'"event_id":"e-%d","product_id":"p-3"'
AN_EXPERIMENT = b'{"experiment_id":"e-%d","name":"Canary","arms":[{"name":"a"},{"name":"b"}]}'
A_RULE = b'{"rule_id":"r-%d","name":"Canary","action":"hide","target":{"product_ids":["p-1"]},"status":"live"}'

REQUESTS = {
    "create": (b"/customer/create", b'{"customer_id":"n-%d","email":"%d@canary.ch","segment":"Premium"}'),
    "add_address": (b"/customer/add-address", b'{"customer_id":"c-1","addresses":[' + AN_ADDRESS + b"]}"),
    "update_customer": (
        b"/customer/update",
        b'{"customer_id":"c-1","email":"u%d@canary.ch","segment":null,"profiling":false}',
    ),
    "remove_address": (b"/customer/remove-address", b'{"customer_id":"c-1","address_id":"address-%d"}'),
    "amend_order": (b"/customer/amend-order", b'{"customer_id":"c-1","order_id":"to-amend-%d","items":[]}'),
    "take_back": (
        b"/recommendations/process-browsing",
        b'{"customer_id":"c-1","product_id":"p-3","event_type":"remove_from_cart","event_id":"e-%d"}',
    ),
    "create_products": (
        b"/recommendations/process-purchase",
        b'{"customer_id":"c-1","order_id":"o-%d","items":[{"product_id":"g-%d"}],"unknown_products":"create"}',
    ),
    "update_behavior": (
        b"/customer/update-behavior",
        b'{"customer_id":"c-1","browsing":[{' + A_VIEW + b'}],"purchases":[{' + AN_ORDER + b"}]}",
    ),
    "process_browsing": (b"/recommendations/process-browsing", b'{"customer_id":"c-1",' + A_VIEW + b"}"),
    "process_purchase": (b"/recommendations/process-purchase", b'{"customer_id":"c-1",' + AN_ORDER + b"}"),
    "for_customer": (b"/recommendations/c-1", None),
    "filtered": (b"/recommendations/c-1?limit=50&category=home", None),
    "get_profile": (b"/customer/get-profile/c-1", None),
    "similar": (b"/products/similar/p-1", None),
    "popular": (b"/products/popular?days=7", None),
    "trending": (b"/products/trending", None),
    "new": (b"/products/new", None),
    "record_impressions": (
        b"/recommendations/record-impressions",
        b'{"impressions":[{"recommendation_id":"'
        + RECOMMENDATION_ID.encode()
        + b'","product_ids":["p-1","p-2"]},{"recommendation_id":"none-%d","product_ids":["p-1"]}]}',
    ),
    "placements": (b"/reports/placements", None),
    "for_page": (
        b"/recommendations/for-page",
        b'{"customer_id":"c-1","lists":[{"name":"a","kind":"similar","product_ids":["p-1"]},{"name":"b","kind":"popular"}]}',
    ),
    "bought_together": (b"/products/bought-together?product_id=p-1&customer_id=c-1", None),
    "buy_again": (b"/recommendations/buy-again/c-1", None),
    "recently_viewed": (b"/recommendations/recently-viewed/c-1", None),
    "why_not": (b"/recommendations/why-not/c-1?product_id=p-1", None),
    "health_of_data": (b"/reports/health-of-data", None),
    "export": (b"/customer/export/c-1", None),
    "erase": (b"/customer/erase/x-%d", None),
    "merge": (b"/customer/merge", b'{"guest_id":"g-%d","customer_id":"c-1"}'),
    "issue_token": (b"/customer/issue-token", b'{"customer_id":"n-%d","guest":true}'),
    "save_rule": (b"/rules/save", A_RULE),
    "list_rules": (b"/rules/list", None),
    "remove_rule": (b"/rules/remove/r-%d", None),
    "preview_rule": (b"/rules/preview", b'{"rule":' + A_RULE + b',"customer_ids":["c-1"]}'),
    "save_experiment": (b"/experiments/save", AN_EXPERIMENT),
    "list_experiments": (b"/experiments/list", None),
    "remove_experiment": (b"/experiments/remove/e-%d", None),
    "report_experiment": (b"/experiments/report/e-0", None),
    "guest": (b"/recommendations/process-browsing", b'{"customer_id":"n-%d","guest":true,' + A_VIEW + b"}"),
    "newcomer": (b"/recommendations/nobody?guest=true", None),
    "health": (b"/health", None),
}
HANDLERS = {
    "filtered": "for_customer", "newcomer": "for_customer", "guest": "process_browsing", "take_back": "process_browsing",
    "create_products": "process_purchase",
}  # fmt: skip
CODES = {sqlite3.SQLITE_IOERR: b"store-unavailable", sqlite3.SQLITE_BUSY: b"store-busy"}
N_GUESTS = 120
N_TO_CORRECT = 80
"""How many addresses and orders there are to remove and to amend: for each code, more than a handler has statements."""
N_COUNTS = 7
"""The first columns of STATE, which reads do not change: they may store lists."""


class FailingAt:
    """An engine whose n-th statement from now on fails, none for n = 0; the transaction around it is real."""

    def __init__(self, engine):
        self.inner = engine
        self._left = 0
        self._code = sqlite3.SQLITE_IOERR

    def fail_at(self, number, code):
        self._left, self._code = number, code

    @property
    def has_failed(self):
        return self._left <= 0

    async def scrub(self):
        self._left -= 1
        if self._left == 0:
            raise StoreBusy("busy") if self._code == sqlite3.SQLITE_BUSY else StoreUnavailable("unavailable")
        await self.inner.scrub()

    async def record_erasure(self, key, id_hashes):
        await self.inner.record_erasure(key, id_hashes)

    async def write_while(self, prepare, transaction, *arguments, **options):
        return await self.inner.write_while(prepare, self._steps, transaction, arguments, options)

    def __getattr__(self, name):
        run = getattr(self.inner, name)
        return lambda transaction, *arguments, **options: run(self._steps, transaction, arguments, options)

    def _steps(self, transaction, arguments, options):
        steps = transaction(*arguments, **options)
        try:
            statement = next(steps)
            while True:
                self._left -= 1
                if self._left == 0:
                    error = sqlite3.OperationalError("disk I/O error")
                    error.sqlite_errorcode = self._code
                    raise error
                statement = steps.send((yield statement))
        except StopIteration as done:
            return done.value


@pytest.fixture
def name():
    return "process_purchase"


@pytest.fixture(params=["together", "alone"])
async def shop(request, name, database):
    """Run a shop that never reuses lists: every request executes all of its statements."""
    handlers = [getattr(main, HANDLERS.get(name, name))] if request.param == "alone" else ALL_ROUTES
    async with fuzzed_shop(database, reuse_seconds=0, handlers=handlers, clock=lambda: NOW) as app:
        repository = (await app.storage.shop()).repository
        # One event each: every erasure changes the counts by the same amount.
        await record_views(repository, TO_ERASE if name == "erase" else (), guest=False)
        await record_views(repository, (f"g-{number}" for number in range(N_GUESTS if name == "merge" else 0)), guest=True)
        if name in {"amend_order", "take_back"}:
            await fill(repository)
        if name == "record_impressions":
            # The key of the example of an id.
            await repository.engine.write(models.write_signing_key, b"k" * 32)
        if name == "remove_address":
            await add_addresses(repository)
        if name == "remove_rule":
            await save_rules(repository)
        if name in {"remove_experiment", "report_experiment"}:
            await save_experiments(repository)
        repository.engine = FailingAt(repository.engine)
        yield app, repository.engine


async def record_views(repository, customer_ids, *, guest):
    """Record a view of each customer; they share commits."""
    views = [BrowsingEvent(customer_id=customer_id, product_id="p-1", guest=guest) for customer_id in customer_ids]
    await asyncio.gather(*(repository.record([view], now=NOW) for view in views))


async def fill(repository):
    """Give the first customer orders to amend, and carts to take back."""
    item = OrderItem(product_id="p-2")
    orders = [Purchase(customer_id="c-1", order_id=f"to-amend-{n}", items=(item,)) for n in range(N_TO_CORRECT)]
    carts = [BrowsingEvent(customer_id="c-1", product_id="p-3", event_type="cart") for _ in range(N_TO_CORRECT)]
    await repository.record([*carts, *orders], now=NOW)


async def save_rules(repository):
    """Save rules to remove."""
    for number in range(N_TO_CORRECT):
        rule = Rule(rule_id=f"r-{number}", name="Canary", action="hide", target=RuleTarget(product_ids=("p-1",)))
        await repository.save_rule(rule, now=NOW, actor="local")


async def save_experiments(repository):
    """Save experiments that are over, to report and to remove."""
    for number in range(N_TO_CORRECT):
        experiment = replace(OVER, experiment_id=f"e-{number}")
        await repository.save_experiment(experiment, now=NOW, actor="local")


async def add_addresses(repository):
    """Give the first customer addresses to remove, under ids that a request can name."""
    contents = {"line1": "Canary 1", "city": "Canaryville", "postal_code": "CANARY-3000", "country": "CH"}

    def insert():
        for number in range(N_TO_CORRECT):
            columns = {"customer_id": "c-1", "address_id": f"address-{number}", "position": number, "kind": "billing",
                       "is_default": int(not number)} | contents  # fmt: skip
            yield from rows(
                f"INSERT INTO customer_addresses ({', '.join(columns)}) VALUES ({', '.join(f':{one}' for one in columns)})",
                **columns,
            )

    await repository.engine.write(insert)


def request(name, number):
    target, body = REQUESTS[name]
    if body is None:
        method = "DELETE" if name in {"erase", "remove_rule", "remove_experiment"} else "GET"
        target = target.replace(b"%d", str(number).encode())
        return FuzzedRequest(method=method, target=target, headers=[], parts=[b""], ends=True)
    body = body.replace(b"%d", str(number).encode())
    return FuzzedRequest(
        method="POST", target=target, headers=[(b"content-type", b"application/json")], parts=[body], ends=True
    )


def counts(database):
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(STATE).fetchone()[:N_COUNTS]


async def failures(app, engine, database, name, code=sqlite3.SQLITE_IOERR, first=0):
    """Let the first statement fail, then the second, until none does; yield each response with the counts of rows.

    The counts are those before, those after the failure, and those expected after a successful retry. The requests have the
    numbers from `first` on.
    """
    engine.fail_at(0, code)
    initial = counts(database)
    assert 200 <= (await send_request(app, request(name, first))).status < 300
    changes = tuple(after - before for before, after in zip(initial, counts(database), strict=True))
    for number in count(first + 1):
        before = counts(database)
        engine.fail_at(number - first, code)
        response = await send_request(app, request(name, number))
        if not engine.has_failed:
            break
        complete = tuple(n + change for n, change in zip(before, changes, strict=True))
        yield response, before, counts(database), complete
        assert 200 <= (await send_request(app, request(name, number))).status < 300
        assert counts(database) == complete


@pytest.mark.parametrize("name", REQUESTS)
async def test_a_failing_statement_is_a_503_and_leaves_nothing_half_done(shop, database, name):
    app, engine = shop
    n_requests = 0

    for code, slug in CODES.items():
        n_failures = 0
        async for response, before, after, complete in failures(app, engine, database, name, code, n_requests):
            assert (response.status, response.headers[b"retry-after"]) == (503, b"1")
            assert slug in response.body
            assert faults(request(name, 0), response) == ["status 503"]
            assert after in {before, complete}
            n_failures += 1
        assert n_failures > 0
        # Neither the first request failed nor the last one.
        n_requests += n_failures + 2


async def test_the_check_detects_one_transaction_per_statement(shop, database, monkeypatch):
    app, engine = shop
    write = engine.inner.write

    def single(statement):
        return (yield statement)

    async def write_statement_by_statement(run, transaction, *arguments):
        steps = run(transaction, *arguments)
        try:
            statement = next(steps)
            while True:
                statement = steps.send(await write(single, statement))
        except StopIteration as done:
            return done.value
        except sqlite3.OperationalError as error:
            raise StoreUnavailable from error

    async def write_while(prepare, *transaction):
        result = await write_statement_by_statement(*transaction)
        await prepare(result)
        return result

    monkeypatch.setattr(engine.inner, "write_while", write_while)

    async def all_or_nothing():
        async for _, before, after, complete in failures(app, engine, database, "process_purchase"):
            assert after in {before, complete}

    with pytest.raises(AssertionError):
        await all_or_nothing()


@pytest.mark.parametrize(
    "name",
    [
        "create",
        "update_customer",
        "add_address",
        "remove_address",
        "amend_order",
        "update_behavior",
        "process_browsing",
        "take_back",
        "process_purchase",
        "create_products",
        "erase",
        "merge",
        "record_impressions",
        "save_rule",
        "remove_rule",
    ],
)
async def test_a_read_only_database_is_503_until_it_is_writable_again(shop, name):
    app, engine = shop
    writer = engine.inner.writer

    await writer.run(lambda connection: connection.execute("PRAGMA query_only=ON"))
    response = await send_request(app, request(name, 1))
    await writer.run(lambda connection: connection.execute("PRAGMA query_only=OFF"))

    assert response.status == 503
    assert b"store-unavailable" in response.body
    assert 200 <= (await send_request(app, request(name, 1))).status < 300
