"""Lists of the whole shop of a stored shop: what is read, and what fills them."""

from datetime import timedelta

import pytest

from domain.ranking.model import ProductActivity, TrainedModel
from domain.ranking.packing import pack
from domain.records.customers import NewCustomer
from domain.records.interactions import BrowsingEvent
from domain.records.products import ProductChange
from domain.records.recommendation_ids import origin_of
from domain.records.recommendations import ListRequest
from infra.storage.sql.statements import rows
from infra.storage.sqlite import open_sqlite
from infra.use_cases.ranking_data import ranking_data_of
from infra.use_cases.shop_lists import MIN_LOOKED_UP, ShopListRequest, days_for_all, shop_list
from tests.domain.shop import model_with


@pytest.fixture
async def untrained(database, now):
    """A shop whose products are the newer, the higher their number."""
    async with open_sqlite(database, currency="EUR") as repository:
        changes = [
            ProductChange(
                product_id=f"p-{n}", category="a" if n < 3 else "b", price=float(n), created_at=now - timedelta(days=9 - n)
            )
            for n in range(6)
        ]
        await repository.put_products(changes, now=now)
        yield repository


def activity(**values):
    """Return activity, given as `measure_days={product index: value}`."""
    return [
        ProductActivity(
            measure=name.split("_")[0], age_days=int(name.split("_")[1]), products=pack(list(by), list(by.values()))
        )
        for name, by in values.items()
    ]


@pytest.fixture
async def shop(untrained):
    """A shop where p-1 has most buyers of a month, p-2 of a week, p-0 was only looked at, and p-4 rises."""
    learned = activity(
        buyers_2={2: 4, 1: 1}, buyers_9={1: 9}, visitors_2={2: 5, 1: 1, 0: 2}, visitors_9={1: 9}, rising_0={4: 2.5, 1: 1.2}
    )
    await untrained.save_model(TrainedModel(model=model_with(newest_product_index=5), neighbours=[], activity=learned))
    return untrained


async def asked(repository, kind="popular", *, now, days=30, **fields):
    request = ShopListRequest(kind=kind, days=days, list_request=ListRequest(**{"limit": 3} | fields))
    return await shop_list(repository, request, now=now)


async def ids_of(repository, kind="popular", *, now, **fields):
    return [item.product_id for item in (await asked(repository, kind, now=now, **fields)).items]


async def test_most_customers_of_the_days_win(shop, now):
    assert await ids_of(shop, now=now) == ["p-1", "p-2", "p-0"]
    assert await ids_of(shop, days=3, now=now) == ["p-2", "p-1", "p-0"]
    assert (await asked(shop, now=now)).strategy == "popular"


async def test_new_products_fill_a_list_that_is_too_short(shop, now):
    assert await ids_of(shop, limit=5, now=now) == ["p-1", "p-2", "p-0", "p-5", "p-4"]
    assert (await asked(shop, days=1, now=now)).strategy == "catalogue"


async def test_what_rises_is_followed_by_what_is_popular(shop, now):
    assert await ids_of(shop, "trending", limit=4, now=now) == ["p-4", "p-1", "p-2", "p-0"]
    assert (await asked(shop, "trending", now=now)).strategy == "learned"


async def test_new_products_are_the_newest_with_a_third_of_a_category(shop, now):
    assert await ids_of(shop, "new", now=now) == ["p-5", "p-4", "p-2"]
    assert await ids_of(shop, "new", limit=6, now=now) == ["p-5", "p-4", "p-3", "p-2", "p-1", "p-0"]
    assert (await asked(shop, "new", now=now)).strategy == "catalogue"


@pytest.mark.parametrize("kind", ["popular", "trending", "new"])
async def test_filters_apply_before_the_best_are_taken(shop, now, kind):
    assert set(await ids_of(shop, kind, categories=frozenset({"b"}), now=now)) == {"p-3", "p-4", "p-5"}
    assert set(await ids_of(shop, kind, max_price=2.0, exclude=frozenset({"p-1"}), now=now)) == {"p-0", "p-2"}
    assert await ids_of(shop, kind, brands=frozenset({"none"}), now=now) == []
    assert (await asked(shop, kind, brands=frozenset({"none"}), now=now)).strategy == "empty"


@pytest.mark.parametrize("kind", ["popular", "trending", "new"])
async def test_a_change_of_stock_shows_in_the_next_list(shop, now, kind):
    await ids_of(shop, kind, limit=6, now=now)

    await shop.put_products([ProductChange(product_id="p-1", in_stock=False)], now=now)

    assert len(await ids_of(shop, kind, limit=6, now=now)) == 5
    assert "p-1" not in await ids_of(shop, kind, limit=6, now=now)


async def test_one_variant_stands_in_a_list(shop, now):
    await shop.put_products([ProductChange(product_id="p-2", variant_of="p-1")], now=now)

    assert await ids_of(shop, now=now) == ["p-1", "p-0", "p-5"]


async def test_an_untrained_shop_counts_its_last_events(untrained, now):
    await untrained.create_customer(NewCustomer(customer_id="c-1"), now=now)
    await untrained.record([BrowsingEvent(customer_id="c-1", product_id="p-3")], now=now)

    for kind in ("popular", "trending"):
        assert await ids_of(untrained, kind, now=now) == ["p-3", "p-5", "p-4"]
        assert (await asked(untrained, kind, now=now)).strategy == "popular"


async def test_a_shop_without_products_has_empty_lists(database, now):
    async with open_sqlite(database, currency="EUR") as repository:
        for kind in ("popular", "trending", "new"):
            assert (await asked(repository, kind, now=now)).strategy == "empty"


async def test_rare_filters_find_products_that_few_customers_turned_to(untrained, now):
    n = 3 * MIN_LOOKED_UP
    changes = [ProductChange(product_id=f"q-{number}", category="c" if number == n - 1 else "d") for number in range(n)]
    await untrained.put_products(changes, now=now)
    by_product = {index + 6: n - index for index in range(n)}
    learned = activity(buyers_0=by_product, visitors_0=by_product)
    await untrained.save_model(TrainedModel(model=model_with(newest_product_index=n + 5), neighbours=[], activity=learned))

    answer = await asked(untrained, categories=frozenset({"c"}), now=now)

    assert [item.product_id for item in answer.items] == [f"q-{n - 1}"]
    assert answer.strategy == "popular"


@pytest.mark.parametrize(("days", "counted"), [(1, 1), (2, 7), (7, 7), (31, 90), (365, 365)])
def test_days_of_those_who_may_be_anybody_are_a_few_numbers(days, counted):
    assert days_for_all(days) == counted


async def test_products_that_a_request_excludes_do_not_make_a_list_of_their_own(shop, now):
    """Whoever excludes ever other products would fill the memory."""
    data = ranking_data_of(shop)
    for number in range(5):
        await ids_of(shop, "new", exclude=frozenset({f"p-{number}"}), now=now)

    assert await ids_of(shop, "new", exclude=frozenset({"p-5", "p-4"}), now=now) == ["p-3", "p-2", "p-1"]
    assert await data.newest(ListRequest(), n=3) is await data.newest(ListRequest(exclude=frozenset({"p-1"})), n=3)


async def test_an_answer_has_an_id_that_names_its_kind_model_and_placement(shop, now):
    answer = await asked(shop, "trending", placement="home", now=now)

    origin = origin_of(answer.recommendation_id, key=await shop.signing_key())
    assert (origin.kind, origin.model_id, origin.placement) == ("trending", "m-1", "home")


async def test_what_was_read_is_not_read_again_until_the_next_training(shop, now):
    await ids_of(shop, now=now)
    await shop.engine.write(_forget_activity)
    assert await ids_of(shop, now=now) == ["p-1", "p-2", "p-0"]

    await shop.save_model(TrainedModel(model=model_with(model_id="m-2", trained_at=2**60), neighbours=[]))

    assert (await asked(shop, now=now)).strategy == "catalogue"


def _forget_activity():
    yield from rows("DELETE FROM product_activity")
