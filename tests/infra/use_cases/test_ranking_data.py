"""What lists are computed from is read once, and again when it changes."""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from domain.ranking.model import Model, TrainedModel
from domain.records.customers import NewCustomer
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from domain.records.recommendations import ListRequest
from infra.storage.sqlite import open_sqlite
from infra.use_cases import ranking_data
from infra.use_cases.ranking_data import RankingData, ranking_data_of
from infra.use_cases.recommend import current_list, fresh_list
from infra.use_cases.related import RelatedRequest, related_list
from infra.use_cases.versioned_cache import VersionedCache
from tests.answers import without_id
from tests.domain.shop import neighbour_lists, neighbours_of
from tests.inputs import candidate_query, candidates_of, inputs_of


@pytest.fixture
async def repository(database):
    async with open_sqlite(database, currency="EUR") as repository:
        yield repository


@pytest.fixture
async def shop(repository, now):
    await repository.put_products(
        [ProductChange(product_id=f"p-{number}", category="a" if number < 3 else "b") for number in range(6)], now=now
    )
    await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
    await repository.record([BrowsingEvent(customer_id="c-1", product_id="p-0")], now=now)
    return repository


class Counting:
    """A repository that counts the calls of each method."""

    def __init__(self, repository):
        self._repository = repository
        self.calls = []

    def __getattr__(self, name):
        self.calls.append(name)
        return getattr(self._repository, name)


async def test_a_stored_list_that_cannot_be_decoded_is_computed_again(repository, database, now, caplog):
    await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
    await current_list(repository, "c-1", now=now, reuse_seconds=3600)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE customer_recommendations SET list = x'c1'")

    answer = await current_list(repository, "c-1", now=now, reuse_seconds=3600)

    assert not answer.cached
    assert "cannot be decoded" in caplog.text


async def test_cached_products_follow_the_catalogue(shop, now):
    query = candidate_query(product_indexes=(0, 1, 2))

    for _ in range(3):
        assert len(await candidates_of(shop, query)) == 3
    await shop.put_products([ProductChange(product_id="p-0", name="New name")], now=now)

    assert (await candidates_of(shop, query))[0].name == "New name"


async def test_a_second_list_reads_the_customer_only(shop, now):
    await shop.save_model(TrainedModel(model=Model(model_id="m-1"), neighbours=[]))
    counting = Counting(shop)
    first = await fresh_list(counting, "c-1", now=now)
    assert len(counting.calls) > 5

    counting.calls.clear()
    second = await fresh_list(counting, "c-1", now=now)

    assert without_id(second) == without_id(first)
    assert counting.calls == ["customer_state", "store_list"]


async def test_neighbours_and_trends_follow_the_model(shop):
    lists = neighbour_lists(0, bought=[(3, 0.5)])
    await shop.save_model(TrainedModel(model=Model(model_id="m-1"), neighbours=[], category_trends={"a": b"x"}))
    before = await inputs_of(shop, "c-1")
    await shop.save_model(TrainedModel(model=Model(model_id="m-2"), neighbours=[lists], category_trends={}))

    after = await inputs_of(shop, "c-1")

    assert (neighbours_of(before), before.category_trends) == ([[], [], []], {"a": b"x"})
    assert (neighbours_of(after), after.category_trends) == ([[(3, 0.5)], [], []], {})


async def test_a_full_table_of_neighbours_is_read_anew(shop, monkeypatch):
    lists = [neighbour_lists(0, bought=[(3, 0.5), (4, 0.25)]), neighbour_lists(1, similar=[(3, 0.5)])]
    await shop.save_model(TrainedModel(model=Model(model_id="m-1"), neighbours=lists))
    data, state = RankingData(shop), await shop.customer_state("c-1")
    first = await data.inputs(state)
    assert (await data.inputs(state)).neighbours is first.neighbours
    monkeypatch.setattr(ranking_data, "MAX_CACHED_NEIGHBOURS", 1)

    again = await data.inputs(state)

    assert again.neighbours is not first.neighbours
    assert neighbours_of(again) == neighbours_of(first)


async def test_a_state_that_was_read_before_a_change_of_the_catalogue_gets_the_newer_products(shop, now):
    old = await shop.customer_state("c-1")
    await shop.put_products([ProductChange(product_id="p-0", name="New name")], now=now)
    data = ranking_data_of(shop)
    new = await data.inputs(await shop.customer_state("c-1"))

    again = await data.inputs(old)

    assert again.catalogue is new.catalogue
    assert again.catalogue.product(0).name == "New name"


async def test_requests_that_see_a_change_at_the_same_moment_apply_it_once(shop, now):
    data = ranking_data_of(shop)
    before = (await data.inputs(await shop.customer_state("c-1"))).catalogue
    await shop.put_products([ProductChange(product_id="p-0", name="New name")], now=now)
    state = await shop.customer_state("c-1")

    both = await asyncio.gather(data.inputs(state), data.inputs(state))

    assert [inputs.catalogue.product(0).name for inputs in both] == ["New name"] * 2
    assert all(inputs.catalogue is before for inputs in both)


async def test_a_product_that_changes_while_it_is_read_is_read_again(shop, now):
    class ChangedMeanwhile:
        n_reads = 0

        def __getattr__(self, name):
            return getattr(shop, name)

        async def products(self, indexes):
            found = await shop.products(indexes)
            self.n_reads += 1
            if self.n_reads == 1:
                await shop.put_products([ProductChange(product_id="p-0", name="New name")], now=now)
                await data.inputs(await shop.customer_state("c-1"))
            return found

    data = RankingData(ChangedMeanwhile())

    inputs = await data.inputs(await shop.customer_state("c-1"))

    assert inputs.catalogue.product(0).name == "New name"


async def test_a_catalogue_that_grew_too_large_is_read_anew(shop, monkeypatch):
    monkeypatch.setattr(ranking_data, "MAX_CACHED_PRODUCTS", 2)
    data, state = RankingData(shop), await shop.customer_state("c-1")
    small = await data.inputs(state)
    assert (await data.inputs(state)).catalogue is small.catalogue
    await data.candidates(small, candidate_query(product_indexes=range(6)))

    large = await data.inputs(state)

    assert large.catalogue is not small.catalogue
    assert large.catalogue.n_added == 1


async def test_the_newest_products_fill_a_list_for_every_filter(shop, now, monkeypatch):
    monkeypatch.setattr(ranking_data, "FILLER_SIZES", (1, 2, 4, 1000))
    for request, expected in [
        (ListRequest(), {"p-5", "p-4"}),
        (ListRequest(categories=frozenset({"a"})), {"p-2", "p-1"}),
        (ListRequest(categories=frozenset({"a"}), exclude=frozenset({"p-2"})), {"p-1", "p-0"}),
    ]:
        for _ in range(2):
            found = await candidates_of(shop, candidate_query(n_fill=2, request=request))
            assert {product.product_id for product in found} == expected


async def test_indexes_without_a_product_are_looked_up_once(shop):
    counting = Counting(shop)
    data = RankingData(counting)
    state = await shop.customer_state("c-1")
    inputs = await data.inputs(state)

    for _ in range(2):
        found = await data.candidates(inputs, candidate_query(product_indexes=(0, 77)))
        assert found.tolist() == [0]

    assert counting.calls.count("products") == 2


def test_a_full_cache_keeps_the_values_used_last_and_only_those_of_one_version():
    cache: VersionedCache[int, str] = VersionedCache(2)
    cached, missing = cache.lookup(1, [1, 2])
    cached.update({1: "one", 2: "two"})
    assert missing == [1, 2]

    cached, missing = cache.lookup(1, [1, 3])
    cached[3] = "three"

    assert (cached, missing) == ({1: "one", 3: "three"}, [3])
    assert cache.lookup(1, [1, 2, 3]) == ({1: "one", 3: "three"}, [2])
    assert cache.lookup(2, [1]) == ({}, [1])


class MergingAfter:
    """A repository in which a product becomes an alias of another right after `method` answered."""

    def __init__(self, repository, method, now):
        self._repository, self._method, self._now = repository, method, now

    def __getattr__(self, name):
        attribute = getattr(self._repository, name)
        if name != self._method:
            return attribute

        async def answer_and_merge(*arguments, **options):
            answer = await attribute(*arguments, **options)
            await self._repository.update_products([ProductChange(product_id="p-1", aliases=("gift",))], now=self._now)
            return answer

        return answer_and_merge


async def buy_a_gift(shop, now):
    gift = Purchase(customer_id="c-1", items=(OrderItem(product_id="gift"), OrderItem(product_id="p-2")))
    await shop.record([gift], now=now, create_products=True)


async def test_a_list_is_given_while_a_product_of_the_history_is_merged_into_another(shop, now):
    await buy_a_gift(shop, now)

    answer = await fresh_list(MergingAfter(shop, "customer_state", now), "c-1", now=now)
    after = await current_list(shop, "c-1", now=now, reuse_seconds=60)

    assert "p-2" not in {item.product_id for item in answer.items}
    assert "p-1" not in {item.product_id for item in after.items}
    assert not after.cached


@pytest.mark.parametrize("kind", ["similar", "bought-together"])
@pytest.mark.parametrize("product_ids", [["gift"], ["gift", "p-2"]])
async def test_a_list_about_a_product_is_given_while_that_is_merged_into_another(shop, now, kind, product_ids):
    await buy_a_gift(shop, now)
    request = RelatedRequest(kind=kind, product_ids=product_ids, list_request=ListRequest())

    answer = await related_list(MergingAfter(shop, "seed_state", now), request, now=now)

    assert answer.items
    assert "gift" not in {item.product_id for item in answer.items}
    # Alone, the id is read again, and then names p-1.
    assert ("p-1" in {item.product_id for item in answer.items}) is (len(product_ids) > 1)
