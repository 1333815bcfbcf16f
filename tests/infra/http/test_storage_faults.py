"""The storage fails at any statement of any handler: a clean 503, nothing by halves, and the same request again succeeds."""

import sqlite3
from contextlib import closing
from itertools import count

import pytest

import main
from domain.errors import StoreBusy, StoreUnavailable
from domain.records.interactions import BrowsingEvent
from tests.conftest import NOW
from tests.fuzz.checks import faults
from tests.fuzz.requests import LEAVING, FuzzedRequest
from tests.fuzz.shop import EVERYTHING, ask, fuzzed_shop
from tests.power.replay import STATE

AN_ADDRESS = b'{"kind":"shipping","line1":"Canary %d","city":"Canaryville","postal_code":"CANARY-3000","country":"CH"}'
AN_ORDER = b'"order_id":"o-%d","items":[{"product_id":"p-1"},{"product_id":"p-2"}]'
A_VIEW = b'"event_id":"e-%d","product_id":"p-3"'

REQUESTS = {
    "create": (b"/customer/create", b'{"customer_id":"n-%d","email":"%d@canary.ch","segment":"Premium"}'),
    "add_address": (b"/customer/add-address", b'{"customer_id":"c-1","addresses":[' + AN_ADDRESS + b"]}"),
    "update_behavior": (
        b"/customer/update-behavior",
        b'{"customer_id":"c-1","browsing":[{' + A_VIEW + b'}],"purchases":[{' + AN_ORDER + b"}]}",
    ),
    "process_browsing": (b"/recommendations/process-browsing", b'{"customer_id":"c-1",' + A_VIEW + b"}"),
    "process_purchase": (b"/recommendations/process-purchase", b'{"customer_id":"c-1",' + AN_ORDER + b"}"),
    "for_customer": (b"/recommendations/c-1", None),
    "filtered": (b"/recommendations/c-1?limit=50&category=home", None),
    "get_profile": (b"/customer/get-profile/c-1", None),
    "export": (b"/customer/export/c-1", None),
    "erase": (b"/customer/erase/x-%d", None),
    "health": (b"/health", None),
}
HANDLERS = {"filtered": "for_customer"}
# Counts that no read changes: a list that is stored meanwhile is no fault.
N_FACTS = 7


class FailingAt:
    """An engine whose n-th statement from now on fails; the transaction around it is real."""

    def __init__(self, engine):
        self._engine = engine
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
            raise StoreBusy("busy") if self._code == sqlite3.SQLITE_BUSY else StoreUnavailable("away")
        await self._engine.scrub()

    def __getattr__(self, name):
        run = getattr(self._engine, name)
        return lambda transaction, *arguments, **named: run(self._steps, transaction, arguments, named)

    def _steps(self, transaction, arguments, named):
        steps = transaction(*arguments, **named)
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
    """Run a shop whose lists are never reused, so that every request does all of its work."""
    handlers = [getattr(main, HANDLERS.get(name, name))] if request.param == "alone" else EVERYTHING
    async with fuzzed_shop(database, reuse_seconds=0, handlers=handlers) as app:
        repository = (await app.storage.shop()).repository
        # All alike, so that each that is erased changes the counts by as much.
        for customer_id in LEAVING:
            await repository.record([BrowsingEvent(customer_id=customer_id, product_id="p-1")], now=NOW)
        repository.engine = FailingAt(repository.engine)
        yield app, repository.engine


def request(name, number):
    target, body = REQUESTS[name]
    if body is None:
        method = "DELETE" if name == "erase" else "GET"
        target = target.replace(b"%d", str(number).encode())
        return FuzzedRequest(method=method, target=target, headers=[], parts=[b""], ends=True)
    body = body.replace(b"%d", str(number).encode())
    return FuzzedRequest(
        method="POST", target=target, headers=[(b"content-type", b"application/json")], parts=[body], ends=True
    )


def facts(database):
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(STATE).fetchone()[:N_FACTS]


async def failures(app, engine, database, name, code=sqlite3.SQLITE_IOERR):
    """Let the first statement fail, then the second, until none does; yield each answer with the facts around it.

    They are the facts before, after the failure, and as they should be once the request succeeds.
    """
    first = facts(database)
    assert 200 <= (await ask(app, request(name, 0))).status < 300
    done = tuple(after - before for before, after in zip(first, facts(database), strict=True))
    for number in count(1):
        before = facts(database)
        engine.fail_at(number, code)
        answer = await ask(app, request(name, number))
        if not engine.has_failed:
            break
        whole = tuple(fact + more for fact, more in zip(before, done, strict=True))
        yield answer, before, facts(database), whole
        assert 200 <= (await ask(app, request(name, number))).status < 300
        assert facts(database) == whole


@pytest.mark.parametrize(
    ("code", "slug"), [(sqlite3.SQLITE_IOERR, b"store-unavailable"), (sqlite3.SQLITE_BUSY, b"store-busy")]
)
@pytest.mark.parametrize("name", REQUESTS)
async def test_a_fault_at_any_statement_is_a_clean_503_and_nothing_by_halves(shop, database, name, code, slug):
    app, engine = shop
    n_failures = 0

    async for answer, before, after, whole in failures(app, engine, database, name, code):
        assert (answer.status, answer.headers[b"retry-after"]) == (503, b"1")
        assert slug in answer.body
        assert faults(request(name, 0), answer) == ["status 503"]
        assert after in {before, whole}
        n_failures += 1

    assert n_failures > 0


async def test_the_check_finds_transactions_that_are_spread_over_statements(shop, database, monkeypatch):
    app, engine = shop
    write = engine._engine.write

    def alone(statement):
        return (yield statement)

    async def spread(run, transaction, *arguments):
        steps = run(transaction, *arguments)
        try:
            statement = next(steps)
            while True:
                statement = steps.send(await write(alone, statement))
        except StopIteration as done:
            return done.value
        except sqlite3.OperationalError as error:
            raise StoreUnavailable from error

    monkeypatch.setattr(engine._engine, "write", spread)

    async def all_or_nothing():
        async for _, before, after, whole in failures(app, engine, database, "process_purchase"):
            assert after in {before, whole}

    with pytest.raises(AssertionError):
        await all_or_nothing()


@pytest.mark.parametrize(
    "name", ["create", "add_address", "update_behavior", "process_browsing", "process_purchase", "erase"]
)
async def test_a_database_that_became_read_only_is_503_until_it_may_be_written_again(shop, name):
    app, engine = shop
    writer = engine._engine._writer

    await writer._inner.execute("PRAGMA query_only=ON")
    refused = await ask(app, request(name, 1))
    await writer._inner.execute("PRAGMA query_only=OFF")

    assert refused.status == 503
    assert b"store-unavailable" in refused.body
    assert 200 <= (await ask(app, request(name, 1))).status < 300
