"""All lists of a page of a stored shop: no product twice, and what each viewer may see."""

import msgspec
import pytest

from domain.errors import CustomerNotFound
from domain.ranking.model import ProductActivity, TrainedModel
from domain.ranking.packing import pack
from domain.records.customers import NewCustomer
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.pages import PageRequest
from domain.records.products import ProductChange
from domain.records.recommendation_ids import origin_of
from infra.storage.sqlite import open_sqlite
from infra.use_cases.page import Viewer, page_of
from infra.use_cases.product_lists import product_list
from infra.use_cases.ranking_data import ranking_data_of
from tests.domain.shop import model_with, neighbour_lists

N_PRODUCTS = 40


@pytest.fixture
async def shop(database, now):
    """A shop of 40 products, the lower their number the more popular; p-1 and p-2 complete p-0, and c-1 bought p-2."""
    async with open_sqlite(database, currency="EUR") as repository:
        changes = [ProductChange(product_id=f"p-{n}", category="a", price=float(n)) for n in range(N_PRODUCTS)]
        await repository.put_products(changes, now=now)
        await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
        await repository.record([Purchase(customer_id="c-1", items=(OrderItem(product_id="p-2"),))], now=now)
        buyers = pack(list(range(N_PRODUCTS)), list(range(N_PRODUCTS, 0, -1)))
        await repository.save_model(
            TrainedModel(
                model=model_with(newest_product_index=N_PRODUCTS - 1),
                neighbours=[neighbour_lists(0, similar=[(3, 0.8), (1, 0.7)], completing=[(1, 0.5), (2, 0.4)])],
                activity=[ProductActivity(measure="buyers", age_days=0, products=buyers)],
            )
        )
        yield repository


async def page(repository, *lists, now, is_backend=True, **members):
    named = [{"name": f"list {number}", **one} for number, one in enumerate(lists)]
    request = msgspec.convert({"lists": named, **members}, PageRequest)
    request.check()
    return await page_of(repository, request, Viewer(is_backend=is_backend, now=now, reuse_seconds=3600))


def ids_of(answer):
    return [[item.product_id for item in one.items] for one in answer.lists]


POPULAR = {"kind": "popular", "limit": 3}
TOGETHER = {"kind": "bought-together", "product_ids": ["p-0"], "limit": 2}
SIMILAR = {"kind": "similar", "product_ids": ["p-0"], "limit": 2}


async def test_lists_that_come_first_choose_first(shop, now):
    assert ids_of(await page(shop, TOGETHER, POPULAR, POPULAR, now=now)) == [
        ["p-1", "p-2"], ["p-0", "p-3", "p-4"], ["p-5", "p-6", "p-7"],
    ]  # fmt: skip
    assert ids_of(await page(shop, POPULAR, TOGETHER, now=now))[0] == ["p-0", "p-1", "p-2"]


async def test_no_product_and_no_variant_of_one_is_on_a_page_twice(shop, now):
    await shop.put_products([ProductChange(product_id="p-3", variant_of="p-0")], now=now)

    answer = await page(shop, {"kind": "popular", "limit": 1}, {"kind": "new", "limit": N_PRODUCTS}, now=now)

    assert ids_of(answer)[0] == ["p-0"]
    assert not {"p-0", "p-3"} & set(ids_of(answer)[1])


async def test_every_list_says_what_it_is_and_counts_its_ranks(shop, now):
    answer = await page(shop, TOGETHER, POPULAR | {"placement": "home"}, customer_id="c-1", now=now)

    together, popular = answer.lists
    assert (answer.customer_id, answer.generated_at) == ("c-1", now)
    assert (together.name, together.kind, together.strategy) == ("list 0", "bought-together", "learned")
    assert [item.rank for item in popular.items] == [1, 2, 3]
    origins = [origin_of(one.recommendation_id, key=await shop.signing_key()) for one in answer.lists]
    assert [(origin.kind, origin.placement) for origin in origins] == [("bought-together", "list 0"), ("popular", "home")]


async def test_a_list_that_is_too_short_is_empty_and_takes_no_products(shop, now):
    short = {"kind": "popular", "limit": 3, "max_price": 1.0, "min_items": 3}

    answer = await page(shop, short, POPULAR, now=now)

    assert ids_of(answer) == [[], ["p-0", "p-1", "p-2"]]
    assert answer.lists[0].strategy == "empty"
    assert ids_of(await page(shop, short | {"min_items": 2}, now=now)) == [["p-0", "p-1"]]


async def test_a_list_about_products_that_nobody_knows_is_empty(shop, now):
    answer = await page(shop, SIMILAR | {"product_ids": ["gift card"]}, POPULAR, now=now)

    assert [one.strategy for one in answer.lists] == ["empty", "popular"]
    assert origin_of(answer.lists[0].recommendation_id, key=await shop.signing_key()).kind == "similar"


async def test_filters_are_those_of_single_lists(shop, now):
    await shop.put_products([ProductChange(product_id="p-9", attributes={"size": 42.0, "new": True})], now=now)

    for attributes in ({"size": [42]}, {"size": ["42"]}, {"new": [True, "x"]}):
        assert ids_of(await page(shop, POPULAR | {"attributes": attributes}, now=now)) == [["p-9"]]
    limits = POPULAR | {"min_price": 5, "max_price": 8, "exclude": ["p-6"], "category": ["a"]}
    assert ids_of(await page(shop, limits, now=now)) == [["p-5", "p-7", "p-8"]]
    assert ids_of(await page(shop, POPULAR | {"brand": ["x"], "tag": ["y"]}, now=now)) == [[]]


async def test_a_backend_key_gets_no_bought_product_in_lists_about_products(shop, now):
    assert "p-2" not in ids_of(await page(shop, TOGETHER, customer_id="c-1", now=now))[0]
    assert "p-2" in ids_of(await page(shop, TOGETHER, customer_id="c-1", is_backend=False, now=now))[0]


async def test_the_list_of_the_customer_is_the_one_of_its_endpoint_without_what_is_shown(shop, now):
    own = {"kind": "for-customer", "limit": 5}
    (alone,) = ids_of(await page(shop, own, customer_id="c-1", now=now))

    popular, rest = ids_of(await page(shop, POPULAR, own, customer_id="c-1", now=now))

    assert len(alone) == len(rest) == 5
    assert not set(popular) & set(rest)
    assert [one for one in rest if one in alone] == [one for one in alone if one not in popular]


async def test_a_storefront_key_gets_no_deeper_list_of_a_customer_than_by_itself(shop, now):
    deep = {"kind": "popular", "limit": 38}
    own = {"kind": "for-customer", "limit": 20}

    everything, nothing = ids_of(await page(shop, deep, own, customer_id="c-1", is_backend=False, now=now))

    assert len(everything) == 38
    assert set(nothing) <= {"p-38", "p-39"}
    answer = await page(shop, own, customer_id="c-1", is_backend=False, now=now)
    assert all(reason.product_id is None for item in answer.lists[0].items for reason in item.reasons)
    without = ids_of(await page(shop, own | {"limit": 3, "exclude": ["p-0"]}, customer_id="c-1", is_backend=False, now=now))
    assert "p-0" not in without[0]


async def test_lists_about_products_are_the_same_for_all_customers_without_a_taste(shop, now):
    request = msgspec.convert({"customer_id": "nobody", "lists": [{"name": "a", **TOGETHER}]}, PageRequest)

    answer = await page_of(shop, request, Viewer(is_backend=False, has_taste=False, now=now, reuse_seconds=3600))

    assert ids_of(answer) == [["p-1", "p-2"]]


async def test_a_later_list_about_products_is_as_long_as_the_first(shop, now):
    first = {"kind": "similar", "product_ids": ["p-0"], "limit": 10}

    one, other = ids_of(await page(shop, first, first, now=now))

    assert len(one) == len(other) == 10
    assert not set(one) & set(other)


async def test_an_unknown_customer_is_refused_unless_it_is_a_guest(shop, now):
    own = {"kind": "for-customer", "limit": 3}
    for one in (own, TOGETHER):
        with pytest.raises(CustomerNotFound):
            await page(shop, one, customer_id="nobody", now=now)

        assert ids_of(await page(shop, one, customer_id="nobody", guest=True, now=now))[0]


async def test_products_that_a_page_shows_are_left_out_also_if_a_new_catalogue_was_begun_meanwhile(shop, now, monkeypatch):
    """Codes of groups are numbered anew in a new catalogue, which has none of the rows yet."""
    answers = []

    async def regrouped(repository, ranked, *, now):
        answer = await product_list(repository, ranked, now=now)
        await shop.put_products([ProductChange(product_id="p-39", category=f"b-{len(answers)}")], now=now)
        await ranking_data_of(repository).catalogue_of((await shop.list_state()).catalogue_version)
        answers.append(answer)
        return answer

    monkeypatch.setattr("infra.use_cases.shop_lists.product_list", regrouped)

    first, second, third = ids_of(await page(shop, POPULAR, POPULAR, POPULAR | {"limit": N_PRODUCTS}, now=now))

    assert len({*first, *second, *third}) == len(first) + len(second) + len(third)
    assert len(third) >= N_PRODUCTS - 6 - 1


async def test_what_lists_share_is_read_once(shop, now, monkeypatch):
    await page(shop, POPULAR, TOGETHER, SIMILAR, customer_id="c-1", now=now)
    reads = []
    read = shop.engine.look_up

    async def counted(function, *arguments, **named):
        reads.append(function)
        return await read(function, *arguments, **named)

    monkeypatch.setattr(shop.engine, "look_up", counted)

    await page(shop, POPULAR, POPULAR, POPULAR, now=now)

    assert len(reads) == 1


async def test_lists_of_the_history_are_those_of_their_endpoints(shop, now):
    await shop.record([BrowsingEvent(customer_id="c-1", product_id="p-7")], now=now)
    lists = [{"kind": "recently-viewed"}, {"kind": "buy-again"}, POPULAR]

    viewed, again, popular = (await page(shop, *lists, customer_id="c-1", now=now)).lists

    assert (viewed.kind, viewed.strategy, [item.product_id for item in viewed.items]) == (
        "recently-viewed",
        "history",
        ["p-7"],
    )
    assert (again.kind, again.strategy, again.items) == ("buy-again", "empty", [])
    assert len(popular.items) == 3
    newcomer = await page(shop, *lists, customer_id="nobody", guest=True, now=now)
    assert [len(one.items) for one in newcomer.lists] == [0, 0, 3]
