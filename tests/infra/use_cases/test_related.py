"""Lists about products of a stored shop: what is read, and what a customer changes."""

import pytest

from domain.errors import CustomerNotFound, ProductNotFound
from domain.ranking.model import TrainedModel
from domain.ranking.packing import pack
from domain.records.customers import CustomerChange, NewCustomer
from domain.records.guests import GuestMerge
from domain.records.interactions import OrderItem, Purchase
from domain.records.products import ProductChange
from domain.records.recommendation_ids import origin_of
from domain.records.recommendations import ListRequest
from infra.storage.sql.statements import rows
from infra.storage.sqlite import open_sqlite
from infra.use_cases.ranking_data import ranking_data_of
from infra.use_cases.related import RelatedRequest, related_list
from tests.domain.shop import model_with, neighbour_lists


@pytest.fixture
async def untrained(database, now):
    async with open_sqlite(database, currency="EUR") as repository:
        changes = [ProductChange(product_id=f"p-{n}", category="a" if n < 3 else "b", price=float(n)) for n in range(6)]
        await repository.put_products(changes, now=now)
        await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
        await repository.record([Purchase(customer_id="c-1", items=(OrderItem(product_id="p-4"),))], now=now)
        yield repository


@pytest.fixture
async def shop(untrained):
    """A shop in which p-3, p-4 and p-5 complete p-0, and p-1 is similar to it; nobody bought p-1 with others."""
    await untrained.save_model(
        TrainedModel(
            model=model_with(newest_product_index=5),
            neighbours=[
                neighbour_lists(0, similar=[(1, 0.8)], completing=[(3, 0.5), (4, 0.4), (5, 0.3)]),
                neighbour_lists(1, similar=[(0, 0.8)]),
            ],
        )
    )
    return untrained


async def ids_of(repository, *product_ids, kind="bought-together", now, **fields):
    conditions = fields.pop("list_request", ListRequest(limit=3))
    request = RelatedRequest(kind=kind, product_ids=product_ids, list_request=conditions, **fields)
    return [item.product_id for item in (await related_list(repository, request, now=now)).items]


async def test_a_list_has_what_completes_the_products(shop, now):
    assert await ids_of(shop, "p-0", now=now) == ["p-3", "p-4", "p-5"]


async def test_an_answer_has_an_id_that_names_its_kind_model_and_placement(shop, now):
    request = RelatedRequest(kind="similar", product_ids=["p-0"], list_request=ListRequest(placement="product page"))

    answer = await related_list(shop, request, now=now)
    again = await related_list(shop, request, now=now)

    origin = origin_of(answer.recommendation_id, key=await shop.signing_key())
    assert (origin.kind, origin.model_id, origin.placement) == ("similar", "m-1", "product page")
    assert (answer.kind, answer.strategy, answer.generated_at) == ("similar", "content", now)
    assert answer.recommendation_id != again.recommendation_id
    assert answer.items == again.items


async def test_similar_products_speak_for_a_product_that_nobody_bought_with_others(shop, now):
    assert await ids_of(shop, "p-1", now=now) == ["p-3", "p-4", "p-5"]


async def test_filters_and_exclusions_apply(shop, now):
    assert await ids_of(shop, "p-0", now=now, list_request=ListRequest(max_price=4.0, exclude=frozenset({"p-3"}))) == [
        "p-4", "p-2",
    ]  # fmt: skip


async def test_a_change_of_stock_shows_in_the_next_list(shop, now):
    await ids_of(shop, "p-0", now=now)

    await shop.put_products([ProductChange(product_id="p-3", in_stock=False)], now=now)

    assert await ids_of(shop, "p-0", now=now, list_request=ListRequest(limit=2)) == ["p-4", "p-5"]


async def test_unknown_products_are_ignored_while_one_is_known(shop, now):
    assert await ids_of(shop, "gift card", "p-0", "p-0", now=now) == ["p-3", "p-4", "p-5"]
    with pytest.raises(ProductNotFound):
        await ids_of(shop, "gift card", now=now)


async def test_a_product_that_storage_finds_and_the_catalogue_takes_for_gone_ends_with_an_error(shop, now):
    state = await shop.seed_state(["p-5"])
    catalogue = await ranking_data_of(shop).catalogue_of(state.shop.catalogue_version)
    catalogue.add([], unknown=state.product_indexes)

    with pytest.raises(ProductNotFound):
        await ids_of(shop, "p-5", now=now)


async def test_an_alias_names_its_product(shop, now):
    await shop.put_products([ProductChange(product_id="p-0", aliases=("SKU 0",))], now=now)

    assert await ids_of(shop, "SKU 0", "p-0", now=now) == ["p-3", "p-4", "p-5"]


async def test_what_the_customer_bought_is_left_out_of_a_personal_list_only(shop, now):
    assert await ids_of(shop, "p-0", now=now, customer_id="c-1", is_personal=True, list_request=ListRequest(limit=2)) == [
        "p-3", "p-5",
    ]  # fmt: skip
    assert "p-4" in await ids_of(shop, "p-0", now=now, customer_id="c-1")
    with pytest.raises(CustomerNotFound):
        await ids_of(shop, "p-0", now=now, customer_id="nobody")


@pytest.mark.parametrize("is_personal", [True, False])
async def test_the_id_of_a_merged_guest_gets_the_lists_of_its_customer(shop, now, is_personal):
    await shop.put_customers([CustomerChange(customer_id="g-1", is_guest=True)], now=now)
    await shop.record([Purchase(customer_id="g-1", items=(OrderItem(product_id="p-3"),))], now=now)
    await shop.merge_guest(GuestMerge(guest_id="g-1", customer_id="c-1"), now=now)

    lists = [
        await ids_of(shop, "p-0", now=now, customer_id=name, is_personal=is_personal, allows_guest=allows_guest)
        for name in ("g-1", "c-1")
        for allows_guest in (True, False)
    ]

    assert lists == [lists[0]] * 4
    assert ({"p-3", "p-4"} & set(lists[0]) == set()) is is_personal


@pytest.mark.parametrize("is_personal", [True, False])
async def test_an_unknown_customer_may_be_a_newcomer_whose_list_is_that_without_a_customer(shop, now, is_personal):
    options = {"now": now, "is_personal": is_personal, "allows_guest": True}

    assert await ids_of(shop, "p-0", customer_id="nobody", **options) == await ids_of(shop, "p-0", now=now)
    assert await shop.engine.read(rows, "SELECT customer_id FROM customer_profiles") == [("c-1",)]
    await shop.erase("c-1")
    with pytest.raises(CustomerNotFound):
        await ids_of(shop, "p-0", customer_id="c-1", **options)


async def test_a_model_without_complements_falls_back(shop, now):
    await shop.engine.write(_forget_complements)

    request = RelatedRequest(kind="bought-together", product_ids=["p-0"], list_request=ListRequest())
    answer = await related_list(shop, request, now=now)

    assert answer.strategy == "catalogue"
    # Without p-1, which is like p-0 and so no complement of it.
    assert {item.product_id for item in answer.items} == {f"p-{n}" for n in range(2, 6)}


async def test_what_was_read_is_not_read_again(shop, now):
    await ids_of(shop, "p-0", now=now)
    await shop.engine.write(_forget_complements)

    assert await ids_of(shop, "p-0", now=now) == ["p-3", "p-4", "p-5"]


@pytest.mark.parametrize("kind", ["bought-together", "similar"])
async def test_an_untrained_shop_has_lists(untrained, now, kind):
    answer = await related_list(
        untrained, RelatedRequest(kind=kind, product_ids=["p-0"], list_request=ListRequest()), now=now
    )

    assert answer.strategy == {"bought-together": "popular", "similar": "content"}[kind]
    assert answer.items[0].product_id == {"bought-together": "p-4", "similar": "p-1"}[kind]
    assert answer.items


async def test_the_data_of_a_list_are_those_of_other_lists(shop, now):
    await ids_of(shop, "p-0", now=now)

    assert ranking_data_of(shop) is ranking_data_of(shop)
    assert await shop.complements("m-1", [0, 1]) == {0: pack([3, 4, 5], [0.5, 0.4, 0.3])}


def _forget_complements():
    yield from rows("UPDATE product_neighbours SET complements = NULL")
