"""Filters that the database searches often are searched in memory, with the same result."""

import pytest

from domain.records.customers import NewCustomer
from domain.records.products import ProductChange
from domain.records.recommendations import ListRequest
from infra.storage.sqlite import open_sqlite
from infra.use_cases import whole_catalogue
from infra.use_cases.ranking_data import RankingData
from tests.inputs import candidate_query

N = 30


@pytest.fixture
async def repository(database, now):
    async with open_sqlite(database, currency="EUR") as repository:
        await repository.put_products([change(n) for n in range(N)], now=now)
        await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
        yield repository


def change(n, **values):
    return ProductChange(product_id=f"p-{n}", **{"attributes": {"line": f"l-{n % 10}"}, "tags": (f"t-{n}",)} | values)


def line(number):
    return ListRequest(attributes=(("line", frozenset({f"l-{number}"})),))


class Shop:
    """Ask for candidates as lists do, and count the searches of the database."""

    def __init__(self, repository):
        self.repository = repository
        self.data = RankingData(self)
        self.n_searches = 0

    def __getattr__(self, name):
        return getattr(self.repository, name)

    async def newest_products(self, request, *, n):
        self.n_searches += 1
        return await self.repository.newest_products(request, n=n)

    async def ids(self, request):
        inputs = await self.data.inputs(await self.repository.customer_state("c-1"))
        found = await self.data.candidates(inputs, candidate_query(n_fill=100, request=request))
        return [inputs.catalogue.product(index).product_id for index in found.tolist()]


async def searched(repository, requests):
    """Return a shop after it was asked for all requests, each of which has a result."""
    shop = Shop(repository)
    for request in requests:
        assert await shop.ids(request)
    return shop


async def test_the_catalogue_is_read_after_some_searches_and_answers_as_the_database_did(repository):
    shop = await searched(repository, [line(n) for n in range(10)])

    assert shop.n_searches == whole_catalogue.SEARCHES_BEFORE_READING - 1
    for n in range(10):
        assert await shop.ids(line(n)) == [f"p-{n}", f"p-{n + 10}", f"p-{n + 20}"]
    assert await shop.ids(ListRequest(tags=frozenset({"t-3"}))) == ["p-3"]
    assert shop.n_searches == whole_catalogue.SEARCHES_BEFORE_READING - 1


async def test_filters_with_an_index_are_left_to_the_database(repository, now):
    await repository.put_products([change(n, brand=f"b-{n}") for n in range(N)], now=now)

    shop = await searched(repository, [ListRequest(brands=frozenset({f"b-{n}"})) for n in range(N)])

    assert shop.n_searches == N


async def test_a_whole_catalogue_follows_changes_and_has_new_products(repository, now):
    shop = await searched(repository, [line(n) for n in range(9)])

    await repository.put_products(
        [change(0, in_stock=False), change(10, attributes={"line": "other"}), change(N, attributes={"line": "l-0"})], now=now
    )

    assert await shop.ids(line(0)) == ["p-20", f"p-{N}"]
    assert await shop.ids(ListRequest(attributes=(("line", frozenset({"other"})),))) == ["p-10"]
    assert shop.n_searches == whole_catalogue.SEARCHES_BEFORE_READING - 1


async def test_a_catalogue_that_is_begun_anew_is_searched_in_the_database_again(repository, now):
    shop = await searched(repository, [line(n) for n in range(9)])
    before = shop.n_searches

    await repository.put_products([change(0, category="moved")], now=now)

    assert await shop.ids(line(0)) == ["p-0", "p-10", "p-20"]
    assert shop.n_searches == before + 1


async def test_a_catalogue_that_is_too_large_stays_in_the_database(repository, monkeypatch):
    monkeypatch.setattr(whole_catalogue, "MAX_PRODUCTS", N - 1)

    shop = await searched(repository, [line(n) for n in range(10)] + [ListRequest(tags=frozenset({"t-1"}))])

    assert shop.n_searches == 11


async def test_rows_that_lack_a_change_of_the_meantime_are_read_again(repository, now):
    shop = await searched(repository, [line(n) for n in range(7)])
    read, n_changes = repository.products_after, 0

    async def read_while_another_request_applies_a_change(index):
        nonlocal n_changes
        page = await read(index)
        if not n_changes:
            n_changes += 1
            await repository.put_products([change(29, attributes={"line": "changed"})], now=now)
            await shop.data.inputs(await repository.customer_state("c-1"))
        return page

    shop.products_after = read_while_another_request_applies_a_change

    assert await shop.ids(line(9)) == ["p-9", "p-19"]
    assert await shop.ids(ListRequest(attributes=(("line", frozenset({"changed"})),))) == ["p-29"]


async def test_while_one_request_reads_the_others_search(repository):
    shop = await searched(repository, [line(n) for n in range(7)])
    read, answers = repository.products_after, []

    async def read_while_another_request_searches(index):
        if not answers:
            answers.append(None)
            answers[0] = await shop.ids(line(8))
        return await read(index)

    shop.products_after = read_while_another_request_searches

    assert await shop.ids(line(9)) == ["p-9", "p-19", "p-29"]
    assert answers == [["p-8", "p-18", "p-28"]]
