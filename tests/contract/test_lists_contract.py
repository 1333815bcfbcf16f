"""Stored lists, ranking inputs and candidates, in every repository."""

from datetime import timedelta

import msgspec
import pytest

from domain.ports.repository import ListVersions, StoredList
from domain.ranking.inputs import MAX_HISTORY_CATEGORIES, trend_categories
from domain.ranking.model import UNTRAINED, Model, TrainedModel, WeightedProducts
from domain.records.customers import NewCustomer
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from domain.records.recommendation_ids import origin_of
from domain.records.recommendations import ListRequest, RankedList
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.use_cases.recommend import current_list
from tests.answers import places_of
from tests.domain.shop import neighbour_lists, neighbours_of
from tests.inputs import candidate_query, candidates_of, inputs_of


@pytest.fixture
async def shop(repository, now):
    await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
    await repository.put_products(
        [
            ProductChange(
                product_id=f"p-{number}",
                name=f"Thing {number}",
                category="a/b" if number % 2 else "c",
                price=float(number),
            )
            for number in range(6)
        ],
        now=now,
    )
    return repository


async def list_of(repository, now):
    return await current_list(repository, "c-1", now=now, reuse_seconds=3600)


async def test_a_stored_list_is_served_while_everything_is_current(shop, now):
    fresh = await list_of(shop, now)

    again = await current_list(shop, "c-1", now=now + timedelta(minutes=59), reuse_seconds=3600)

    assert (fresh.cached, again.cached) == (False, True)
    assert again.items == fresh.items
    assert again.generated_at == now


async def test_a_list_is_not_reused_after_the_reuse_time_nor_if_the_clock_went_back(shop, now):
    await list_of(shop, now)

    for moment in (now + timedelta(hours=1), now - timedelta(hours=1)):
        assert not (await current_list(shop, "c-1", now=moment, reuse_seconds=3600)).cached


async def change_by_event(shop, now):
    await shop.record([BrowsingEvent(customer_id="c-1", product_id="p-1")], now=now)


async def change_by_stock(shop, now):
    await shop.put_products([ProductChange(product_id="p-1", in_stock=False)], now=now)


async def change_by_model(shop, now):
    await shop.save_model(TrainedModel(model=Model(model_id="m-2"), neighbours=[]))


@pytest.mark.parametrize("change", [change_by_event, change_by_stock, change_by_model], ids=["event", "stock", "model"])
async def test_a_list_is_not_served_after_its_inputs_have_changed(shop, now, change):
    await list_of(shop, now)

    await change(shop, now)

    assert await shop.stored_list("c-1", length=10) is None
    assert not (await list_of(shop, now)).cached


async def test_a_product_that_goes_out_of_stock_is_not_in_the_next_list(shop, now):
    before = await list_of(shop, now)

    await change_by_stock(shop, now)

    assert "p-1" in {item.product_id for item in before.items}
    assert "p-1" not in {item.product_id for item in (await list_of(shop, now)).items}


def versions_of(state):
    return ListVersions(customer=state.version, catalogue=state.catalogue_version, model_id=state.model.model_id)


SHORT = ListRequest(limit=3)


async def short_list_of(shop, now):
    return await current_list(shop, "c-1", request=SHORT, now=now, reuse_seconds=3600)


async def test_a_stored_list_shows_what_its_products_now_are(shop, now):
    before = await short_list_of(shop, now)
    first = before.items[0]
    await shop.put_products([ProductChange(product_id=first.product_id, price=77.0, name="Renamed", url=None)], now=now)

    after = await short_list_of(shop, now)

    assert after.cached
    assert (after.items[0].name, after.items[0].price) == ("Renamed", 77.0)
    assert places_of(after) == places_of(before)
    assert after.items[1:] == before.items[1:]


async def test_another_process_sees_a_change_in_its_next_list(shop, database_url, now):
    async with open_repository(Settings(database_url=database_url)) as other:
        first = (await short_list_of(other, now)).items[0].product_id
        await shop.put_products([ProductChange(product_id=first, price=77.0)], now=now)

        stored = await short_list_of(other, now)
        fresh = await current_list(other, "c-1", request=SHORT, now=now, reuse_seconds=0)

    assert (stored.cached, fresh.cached) == (True, False)
    assert {item.price for item in (*stored.items, *fresh.items) if item.product_id == first} == {77.0}


async def test_a_stored_list_is_reused_while_other_products_change_and_come(shop, now):
    before = await short_list_of(shop, now)
    others = [f"p-{n}" for n in range(6) if f"p-{n}" not in {item.product_id for item in before.items}]
    await shop.put_products([ProductChange(product_id=others[0], in_stock=False), ProductChange(product_id="new")], now=now)

    after = await short_list_of(shop, now)

    assert after.cached
    assert after.items == before.items


@pytest.mark.parametrize(
    "change", [{"in_stock": False}, {"withdrawn": True}, {"category": "else"}, {"variant_of": "parent"}]
)
async def test_a_stored_list_is_computed_again_where_its_products_no_longer_fit(shop, now, change):
    gone = (await short_list_of(shop, now)).items[0].product_id
    await shop.put_products([ProductChange(product_id=gone, **change)], now=now)

    after = await short_list_of(shop, now)

    assert not after.cached
    assert change.keys() - {"in_stock", "withdrawn"} or gone not in {item.product_id for item in after.items}


async def test_a_list_that_was_not_full_takes_a_new_product(shop, now):
    assert len((await list_of(shop, now)).items) == 6
    await shop.put_products([ProductChange(product_id="new")], now=now)

    assert "new" in {item.product_id for item in (await list_of(shop, now)).items}


async def test_many_changes_at_once_are_seen_too(shop, now):
    await short_list_of(shop, now)
    for first in range(0, 3000, 1000):
        await shop.put_products([ProductChange(product_id=f"n-{first + n}") for n in range(1000)], now=now)
    await shop.put_products([ProductChange(product_id=f"p-{n}", name="Renamed") for n in range(6)], now=now)

    after = await short_list_of(shop, now)

    assert {item.name for item in after.items if item.product_id.startswith("p-")} <= {"Renamed"}
    assert after.cached


async def test_the_id_of_an_answer_says_which_list_it_is(shop, now):
    first, again = await short_list_of(shop, now), await short_list_of(shop, now)

    origin = origin_of(again.recommendation_id, key=await shop.signing_key())

    assert origin is not None
    assert (origin.kind, origin.model_id, origin.at) == ("for-customer", "untrained", int(now.timestamp()))
    assert first.recommendation_id != again.recommendation_id
    assert origin_of(first.recommendation_id, key=b"another") is None


async def test_a_list_computed_before_an_event_does_not_replace_a_newer_one(shop, now):
    old = await shop.customer_state("c-1")
    await change_by_event(shop, now)
    newer = await list_of(shop, now)
    late = RankedList(
        customer_id="c-1", segment="Regular", strategy="empty", generated_at=now + timedelta(minutes=1), items=[]
    )

    await shop.store_list(StoredList(ranked=late, length=10, versions=versions_of(old)))

    assert (await list_of(shop, now)).items == newer.items


@pytest.mark.parametrize("limit", [1, 3, 10, 100])
async def test_a_stored_list_answers_every_limit(shop, now, limit):
    request = ListRequest(limit=limit)
    fresh = await current_list(shop, "c-1", request=request, now=now, reuse_seconds=3600)

    stored = await current_list(shop, "c-1", request=request, now=now, reuse_seconds=3600)

    assert (fresh.cached, stored.cached) == (False, True)
    assert stored.items == fresh.items
    assert len(stored.items) == min(limit, 6)


async def test_a_stored_list_serves_shorter_requests_and_a_longer_one_replaces_it(shop, now):
    async def listed(limit):
        return await current_list(shop, "c-1", request=ListRequest(limit=limit), now=now, reuse_seconds=3600)

    lists = [await listed(limit) for limit in (3, 2, 5, 2, 3, 5)]

    assert [one.cached for one in lists] == [False, True, False, True, True, True]
    assert [len(one.items) for one in lists] == [3, 2, 5, 2, 3, 5]
    assert all(one.items == lists[2].items[: len(one.items)] for one in lists)


async def test_a_list_that_is_shorter_than_asked_for_is_stored_for_that_length(shop, now):
    for is_cached in (False, True):
        listed = await current_list(shop, "c-1", request=ListRequest(limit=100), now=now, reuse_seconds=3600)

        assert (listed.cached, len(listed.items)) == (is_cached, 6)


async def test_an_unchanged_import_keeps_stored_lists(shop, now):
    await list_of(shop, now)

    outcomes = await shop.put_products([ProductChange(product_id="p-1", price=1.0)], now=now)

    assert [one.status for one in outcomes] == ["unchanged"]
    assert (await list_of(shop, now)).cached


@pytest.mark.parametrize(
    "request_",
    [ListRequest(categories=frozenset({"a"})), ListRequest(seen="exclude"), ListRequest(seen="include")],
    ids=repr,
)
async def test_requests_with_conditions_are_computed_and_leave_the_stored_list(shop, now, request_):
    first = await list_of(shop, now)

    answers = [await current_list(shop, "c-1", request=request_, now=now, reuse_seconds=3600) for _ in range(2)]

    assert [answer.cached for answer in answers] == [False, False]
    assert [item.rank for item in answers[0].items] == list(range(1, len(answers[0].items) + 1))
    again = await list_of(shop, now)
    assert (again.cached, again.items) == (True, first.items)


async def test_filters_search_the_whole_catalogue(shop, now):
    await shop.put_products(
        [
            ProductChange(product_id=f"q-{number}", category="many", created_at=now - timedelta(days=1))
            for number in range(150)
        ],
        now=now,
    )
    await shop.put_products(
        [ProductChange(product_id="rare", category="rare", created_at=now - timedelta(days=900))], now=now
    )
    first = await list_of(shop, now)

    answer = await current_list(
        shop, "c-1", request=ListRequest(categories=frozenset({"rare"})), now=now, reuse_seconds=3600
    )

    assert [item.product_id for item in answer.items] == ["rare"]
    assert not answer.cached
    assert (await list_of(shop, now)).items == first.items


async def test_candidates_are_found_by_index_then_by_category_then_among_the_newest(shop):
    async def ids(**values):
        return {product.product_id for product in await candidates_of(shop, candidate_query(**values))}

    assert await ids(product_indexes=(0, 4, 99)) == {"p-0", "p-4"}
    assert await ids(categories=("a/b", "none"), n_newest=2) == {"p-5", "p-3"}
    assert await ids(n_fill=2) == {"p-5", "p-4"}
    assert await ids(n_fill=2, own=[5]) >= {"p-4", "p-3"}


async def test_candidates_pass_the_filters(shop):
    request = ListRequest(categories=frozenset({"a"}), min_price=1, max_price=3, exclude=frozenset({"p-1"}))

    found = await candidates_of(shop, candidate_query(product_indexes=(0, 1, 2, 3, 5), n_fill=10, request=request))

    assert [product.product_id for product in found] == ["p-3"]


async def test_withdrawn_products_are_no_candidates(shop, now):
    await shop.put_products([ProductChange(product_id="p-5", withdrawn=True)], now=now)

    query = candidate_query(product_indexes=(5,), categories=("a/b",), n_newest=9, n_fill=9)

    assert "p-5" not in {product.product_id for product in await candidates_of(shop, query)}


async def test_a_category_is_matched_by_whole_levels(shop, now):
    await shop.put_products(
        [ProductChange(product_id="ab", category="ab"), ProductChange(product_id="a", category="a")], now=now
    )

    found = await candidates_of(shop, candidate_query(n_fill=20, request=ListRequest(categories=frozenset({"a"}))))

    assert {product.product_id for product in found} == {"a", "p-1", "p-3", "p-5"}


async def test_the_newest_products_are_newest_first_and_those_of_one_instant_by_index(shop, now):
    later = now + timedelta(days=1)
    await shop.put_products([ProductChange(product_id="p-2", created_at=later)], now=now)

    assert await shop.newest_products(ListRequest(), n=3) == [2, 5, 4]
    assert await shop.newest_products(ListRequest(categories=frozenset({"a"}), exclude=frozenset({"p-5"})), n=9) == [3, 1]
    assert await shop.newest_of_categories(["c", "a", "a/b"], n=2) == {"c": [2, 4], "a": [], "a/b": [5, 3]}


async def test_the_newest_products_of_a_category_are_its_own_and_those_below_it(shop, now):
    names = ["a", "a b", "a-b", "a.b", "a0", "a/", "ab", "A", "a/b/c"]
    changes = [ProductChange(product_id=f"x-{number}", category=name) for number, name in enumerate(names)]
    await shop.put_products(changes, now=now)

    found = await shop.products(await shop.newest_products(ListRequest(categories=frozenset({"a"})), n=99))

    assert {product.category for product in found} == {"a", "a/", "a/b", "a/b/c"}


async def test_unknown_products_and_neighbours_are_left_out(shop):
    assert [product.product_id for product in await shop.products([2, 99])] == ["p-2"]
    assert await shop.neighbours("untrained", [2]) == []
    assert await shop.category_trends("untrained", ["c"]) == {}


async def test_ranking_inputs_contain_the_trained_lists_of_the_history(shop, now):
    lists = neighbour_lists(1, bought=[(2, 0.5)])
    model = Model(model_id="m-1", popular=WeightedProducts(products=(2,), weights=(1.0,)))
    await shop.save_model(TrainedModel(model=model, neighbours=[lists], category_trends={"a/b": b"x", "c": b"y", "d": b"z"}))
    await change_by_event(shop, now)

    state = await shop.customer_state("c-1")
    inputs = await inputs_of(shop, "c-1", category="c")

    assert (state.version, state.catalogue_version, state.model.model_id) == (1, 1, "m-1")
    assert neighbours_of(inputs) == [[(2, 0.5)], [], []]
    assert inputs.category_trends == {"a/b": b"x", "c": b"y"}
    assert inputs.model == model
    assert inputs.recent_popularity.products == ()


async def test_ranking_inputs_contain_the_trends_of_the_categories_that_the_domain_chooses(shop, now):
    names = [f"many/{number:02}" for number in range(MAX_HISTORY_CATEGORIES + 4)]
    await shop.put_products([ProductChange(product_id=f"m-{name[-2:]}", category=name) for name in names], now=now)
    await shop.save_model(
        TrainedModel(model=Model(model_id="m-1"), neighbours=[], category_trends=dict.fromkeys(names, b"x"))
    )
    views = [
        BrowsingEvent(customer_id="c-1", product_id=f"m-{name[-2:]}", occurred_at=now - timedelta(minutes=number))
        for number, name in enumerate(names)
    ]
    await shop.record(views, now=now)

    for asked in (None, names[-1], names[0], "unknown"):
        inputs = await inputs_of(shop, "c-1", category=asked)
        chosen = trend_categories(inputs.history, inputs.catalogue, asked=[asked] if asked else [])

        assert len(chosen) == MAX_HISTORY_CATEGORIES
        assert list(inputs.category_trends) == list(dict.fromkeys(name for name in chosen if name in names))


async def test_the_popularity_of_an_untrained_shop_counts_customers_and_not_their_events(shop, now):
    await shop.create_customer(NewCustomer(customer_id="c-2"), now=now)
    await shop.record([BrowsingEvent(customer_id="c-1", product_id="p-1")] * 9, now=now)
    for customer_id in ("c-1", "c-2"):
        order = Purchase(customer_id=customer_id, items=(OrderItem(product_id="p-2"),))
        await shop.record([BrowsingEvent(customer_id=customer_id, product_id="p-2"), order], now=now)

    inputs = await inputs_of(shop, "c-1")

    assert inputs.model is UNTRAINED
    assert inputs.recent_popularity == WeightedProducts(products=(2, 1), weights=(1.0, 0.5))


async def test_a_newer_model_replaces_the_older_one_and_its_lists(shop, now):
    lists = [neighbour_lists(number, similar=[(2, 0.5)]) for number in range(1500)]
    await shop.save_model(TrainedModel(model=Model(model_id="m-1"), neighbours=lists, category_trends={"c": b"y"}))

    await shop.save_model(TrainedModel(model=Model(model_id="m-2"), neighbours=lists[:1], category_trends={}))

    await shop.record(
        [BrowsingEvent(customer_id="c-1", product_id="p-1"), BrowsingEvent(customer_id="c-1", product_id="p-0")],
        now=now,
    )
    inputs = await inputs_of(shop, "c-1")
    assert inputs.model.model_id == "m-2"
    assert neighbours_of(inputs) == [[], [], [], [], [(2, 0.5)], []]
    assert inputs.category_trends == {}


async def test_the_next_list_shows_a_changed_product(shop, now):
    await list_of(shop, now)

    await shop.put_products([ProductChange(product_id="p-1", name="Renamed", price=None)], now=now)

    item = next(item for item in (await list_of(shop, now)).items if item.product_id == "p-1")
    assert (item.name, item.price) == ("Renamed", None)


async def test_products_are_new_then_unchanged_then_changed_and_values_can_be_cleared(repository, now):
    change = ProductChange(
        product_id="p-1", name="Lamp", category="home", brand="Lumo", price=1.5, currency="CHF", tags=("a", "b"),
        in_stock=True, withdrawn=False, url="u", image_url="i", created_at=now,
    )  # fmt: skip
    first = await repository.put_products([change, change], now=now)
    cleared = await repository.put_products(
        [
            msgspec.structs.replace(
                ProductChange(product_id="p-1"), name=None, category=None, tags=None, currency=None, created_at=None
            )
        ],
        now=now + timedelta(days=1),
    )

    assert [one.status for one in (*first, *cleared)] == ["new", "unchanged", "changed"]
    (product,) = await repository.products([0])
    assert (product.name, product.category, product.brand, product.price) == ("p-1", None, "Lumo", 1.5)
    assert (product.currency, product.url, product.image_url) == ("EUR", "u", "i")
