"""Lists of what a customer bought or looked at before, in every repository."""

from datetime import timedelta

import numpy as np
import pytest
from msgspec import UNSET

from domain.errors import CustomerNotFound
from domain.evaluation.replay import Replay
from domain.ranking.model import Repeats, TrainedModel
from domain.records.amendments import OrderAmendment
from domain.records.customers import CustomerUpdate, NewCustomer
from domain.records.guests import GuestMerge
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from domain.records.recommendation_ids import origin_of
from domain.records.recommendations import ListRequest
from domain.training.train import train_model
from infra.progress import NoProgress
from infra.use_cases.customer_lists import CustomerListRequest, customer_list
from infra.use_cases.train import read_training_data
from tests.domain.shop import model_with

KINDS = ("buy-again", "recently-viewed")


@pytest.fixture
async def shop(repository, now):
    """A shop where coffee is bought again after 10 days; c-1 bought p-0 and p-1, and looked at p-2 and p-3."""
    changes = [ProductChange(product_id=f"p-{n}", category="coffee", price=float(n)) for n in range(6)]
    await repository.put_products(changes, now=now)
    for name in ("c-1", "c-2"):
        await repository.create_customer(NewCustomer(customer_id=name), now=now)
    repeats = Repeats(purchases={"": 1.0, "coffee": 1.0}, days={"": 10.0, "coffee": 10.0})
    await repository.save_model(TrainedModel(model=model_with(repeats=repeats, newest_product_index=5), neighbours=[]))
    events = [
        order("p-0", now=now, days_ago=20), order("p-1", now=now, days_ago=15, order_id="o-1"),
        view("p-2", now=now, days_ago=2), view("p-3", now=now, days_ago=1),
    ]  # fmt: skip
    await repository.record(events, now=now)
    return repository


def order(product_id, *, now, days_ago, customer_id="c-1", **fields):
    items = (OrderItem(product_id=product_id),)
    return Purchase(customer_id=customer_id, items=items, occurred_at=now - timedelta(days=days_ago), **fields)


def view(product_id, *, now, days_ago, customer_id="c-1", **fields):
    at = now - timedelta(days=days_ago)
    return BrowsingEvent(customer_id=customer_id, product_id=product_id, occurred_at=at, **fields)


async def answer_of(shop, kind, *, now, customer_id="c-1", guest=False, **conditions):
    request = CustomerListRequest(
        kind=kind, customer_id=customer_id, list_request=ListRequest(**conditions), guest=guest
    )  # fmt: skip
    return await customer_list(shop, request, now=now)


async def ids_of(shop, kind, **options):
    return [item.product_id for item in (await answer_of(shop, kind, **options)).items]


async def both(shop, **options):
    return [await ids_of(shop, kind, **options) for kind in KINDS]


async def test_a_customer_has_what_was_bought_and_what_was_looked_at(shop, now):
    assert await both(shop, now=now) == [["p-1", "p-0"], ["p-3", "p-2"]]


async def test_every_item_says_when_it_is_due_if_it_is_bought_again(shop, now):
    again, viewed = [(await answer_of(shop, kind, now=now)).items for kind in KINDS]

    assert [now - item.due_at for item in again] == pytest.approx(
        [timedelta(days=5), timedelta(days=10)], abs=timedelta(1e-6)
    )
    assert [item.due_at for item in viewed] == [UNSET, UNSET]


@pytest.mark.parametrize("kind", KINDS)
async def test_an_answer_has_an_id_that_names_its_kind_model_and_placement(shop, now, kind):
    answer = await answer_of(shop, kind, now=now, placement="account")

    origin = origin_of(answer.recommendation_id, key=await shop.signing_key())
    assert (origin.kind, origin.model_id, origin.placement) == (kind, "m-1", "account")
    assert (answer.kind, answer.strategy, answer.generated_at) == (kind, "history", now)


async def test_filters_apply(shop, now):
    assert await both(shop, now=now, min_price=1.0, limit=1, exclude=frozenset({"p-3"})) == [["p-1"], ["p-2"]]


async def test_what_is_withdrawn_or_out_of_stock_is_missing_in_the_next_list(shop, now):
    await both(shop, now=now)

    changes = [ProductChange(product_id="p-1", withdrawn=True), ProductChange(product_id="p-3", in_stock=False)]
    await shop.put_products(changes, now=now)

    assert await both(shop, now=now) == [["p-0"], ["p-2"]]


async def test_a_new_event_shows_in_the_next_list(shop, now):
    await shop.record([order("p-0", now=now, days_ago=0), view("p-2", now=now, days_ago=0)], now=now)

    assert await both(shop, now=now) == [["p-1"], ["p-2", "p-3"]]


async def test_what_went_back_is_neither_due_nor_shown(shop, now):
    await shop.record([view("p-1", now=now, days_ago=0)], now=now)
    await shop.amend_order(OrderAmendment(customer_id="c-1", order_id="o-1", items=()))

    assert await both(shop, now=now) == [["p-0"], ["p-3", "p-2"]]


async def test_a_cart_that_was_taken_back_was_not_looked_at(shop, now):
    events = [
        view("p-4", now=now, days_ago=0.2, event_type="cart"),
        view("p-4", now=now, days_ago=0.1, event_type="remove_from_cart"),
    ]
    await shop.record(events, now=now)

    assert await ids_of(shop, "recently-viewed", now=now) == ["p-3", "p-2"]


async def test_of_several_variants_one_is_listed(shop, now):
    changes = [ProductChange(product_id=f"p-{n}", variant_of=f"v-{n // 2}") for n in range(4)]
    await shop.put_products(changes, now=now)

    assert await both(shop, now=now) == [["p-1"], ["p-3"]]


async def test_a_customer_who_objects_to_profiling_has_empty_lists(shop, now):
    await shop.update_customer(CustomerUpdate(customer_id="c-1", profiling=False), now=now)

    for kind in KINDS:
        answer = await answer_of(shop, kind, now=now)
        assert (answer.strategy, answer.items) == ("empty", [])


async def test_an_unknown_customer_has_an_empty_list_as_a_guest_only(shop, now):
    for kind in KINDS:
        answer = await answer_of(shop, kind, now=now, customer_id="nobody", guest=True)
        assert (answer.strategy, answer.items) == ("empty", [])
        with pytest.raises(CustomerNotFound):
            await answer_of(shop, kind, now=now, customer_id="nobody")
        assert await ids_of(shop, kind, now=now, guest=True)


async def test_the_id_of_a_merged_guest_stands_for_its_customer(shop, now):
    guest = {"customer_id": "g-1", "guest": True, "now": now}
    await shop.record([order("p-4", days_ago=30, **guest), view("p-5", days_ago=0, **guest)], now=now)
    assert await both(shop, now=now, customer_id="g-1") == [["p-4"], ["p-5"]]

    await shop.merge_guest(GuestMerge(guest_id="g-1", customer_id="c-1"), now=now)

    for customer_id in ("g-1", "c-1"):
        assert await both(shop, now=now, customer_id=customer_id) == [["p-1", "p-0", "p-4"], ["p-5", "p-3", "p-2"]]


async def test_the_replay_of_an_evaluation_lists_what_is_served(shop, now):
    rng = np.random.default_rng(3)
    for customer_id in ("c-1", "c-2"):
        days_ago = rng.integers(1, 60, size=40).tolist()
        products = [f"p-{n}" for n in rng.integers(0, 6, size=40).tolist()]
        events = [
            order(product_id, now=now, days_ago=days, customer_id=customer_id)
            for product_id, days in zip(products, days_ago, strict=True)
        ]
        await shop.record(events, now=now)
    data = await read_training_data(shop, progress=NoProgress())
    trained = train_model(data, config=(await shop.current_model()).config, model_id="m-2", trained_at=data.log.newest)
    await shop.save_model(trained)
    replay = Replay(data, trained)
    indexes = {product.product_index: product.product_id for product in data.products}

    for customer, customer_id in enumerate(data.log.customer_ids):
        replayed = [indexes[index] for index in replay.buy_again(customer, k=10, now=now)]
        assert replayed == await ids_of(shop, "buy-again", now=now, customer_id=customer_id)
        assert replayed
