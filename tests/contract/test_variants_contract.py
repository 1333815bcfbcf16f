"""Variants of products in every repository: the groups that imports make, and the lists of a shop that has groups."""

from datetime import timedelta

import numpy as np
import pytest

from domain.evaluation.replay import Replay
from domain.ranking.model import TunedConfig
from domain.ranking.ranked_list import ranked_list as to_response
from domain.records.customers import NewCustomer
from domain.records.interactions import BrowsingEvent
from domain.records.products import ProductChange, group_of
from domain.records.recommendations import ListRequest
from domain.training.train import train_model
from infra.progress import NoProgress
from infra.use_cases.recommend import current_list, fresh_list
from infra.use_cases.train import read_training_data
from tests.imports import as_imported
from tests.inputs import candidate_query, candidates_of


@pytest.fixture
def put(repository, now):
    """Import products as pairs of id and parent, and return the statuses."""

    async def run(**parents):
        changes = [ProductChange(product_id=product_id, variant_of=parent) for product_id, parent in parents.items()]
        return [outcome.status for outcome in await repository.put_products(changes, now=now)]

    return run


async def groups(repository):
    products = [product async for batch in repository.training_products() for product in batch]
    return {product.product_id: product.variant_of for product in products}


async def test_a_chain_of_variants_leads_to_its_top_whatever_the_order_of_the_import(repository, put):
    await put(red="dark_red", dark_red="shirt", blue="unknown")
    await put(shirt=None)

    assert await groups(repository) == {"red": "shirt", "dark_red": "shirt", "blue": "unknown", "shirt": None}
    assert await put(red="dark_red", shirt=None) == ["unchanged", "unchanged"]


async def test_products_below_a_moved_product_move_with_it(repository, put):
    await put(crimson="red", red=None)

    await put(red="shirt")
    moved = await groups(repository)
    await put(red=None)

    assert moved == {"crimson": "shirt", "red": "shirt"}
    assert await groups(repository) == {"crimson": "red", "red": None}


async def test_an_import_without_parents_keeps_them(repository, put, now):
    await put(red="shirt")

    await repository.put_products([ProductChange(product_id="red", name="Red shirt")], now=now)

    assert await groups(repository) == {"red": "shirt"}


async def test_a_product_that_names_itself_is_no_variant_and_a_circle_is_one_group(repository, put):
    await put(shirt="shirt", b="c", c="a", a="b")

    assert await groups(repository) == {"shirt": None, "b": "a", "c": "a", "a": None}


async def test_the_last_parent_of_a_product_in_a_batch_counts(repository, now):
    parents = ("shirt", "hat", "shirt")

    await repository.put_products([ProductChange(product_id="red", variant_of=parent) for parent in parents], now=now)

    assert await groups(repository) == {"red": "shirt"}


async def test_of_a_group_only_the_newest_available_product_fills_a_list(repository, now):
    variants = {"old": "shirt", "new": "shirt", "sold-out": "shirt", "shirt": None, "hat": None}
    await repository.put_products(
        [
            ProductChange(
                product_id=product_id,
                variant_of=parent,
                category="wear",
                in_stock=product_id != "sold-out",
                created_at=now - timedelta(days={"new": 2, "sold-out": 1}.get(product_id, 3)),
            )
            for product_id, parent in variants.items()
        ],
        now=now,
    )

    async def found(**values):
        return {product.product_id for product in await candidates_of(repository, candidate_query(**values))}

    await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
    assert await found(categories=("wear",), n_newest=9) == {"new", "hat"}
    assert await found(n_fill=9) == {"new", "hat"}


COLOURS = ("red", "blue", "green")


async def test_lists_have_one_product_of_a_group_and_the_replay_ranks_the_same_groups(repository, now):
    rng = np.random.default_rng(2)
    products = [
        ProductChange(
            product_id=f"{colour}-{model}",
            name=f"Model {model} {colour}",
            category=f"wear/c{model % 4}",
            brand=f"b{model % 3}",
            price=10.0,
            variant_of=None if colour == "red" else f"red-{model}",
            in_stock=bool(rng.random() < 0.8),
            created_at=now - timedelta(days=40),
        )
        for model in range(20)
        for colour in COLOURS
    ]
    events = [
        BrowsingEvent(
            customer_id=f"c-{number % 15}",
            product_id=f"{COLOURS[number % 3]}-{rng.integers(20)}",
            occurred_at=now - timedelta(minutes=int(rng.integers(50_000))),
        )
        for number in range(200)
    ]
    await repository.put_products(products, now=now)
    await repository.put_events(as_imported(events), create_products=False, now=now)
    data = await read_training_data(repository, progress=NoProgress())
    trained = train_model(data, config=TunedConfig(), model_id="m-1", trained_at=data.log.newest)
    await repository.save_model(trained)
    replay = Replay(data, trained)

    for customer, customer_id in enumerate(data.log.customer_ids):
        listed = await fresh_list(repository, customer_id, request=ListRequest(limit=100), now=replay.now)
        replayed = to_response(replay.list_for(customer, model=trained.model, request=ListRequest(limit=100)))

        listed_groups = [group_in(data, item) for item in listed.items]
        assert len(set(listed_groups)) == len(listed_groups) > 5
        assert listed_groups == [group_in(data, item) for item in replayed.items]
        assert [item.score for item in listed.items] == pytest.approx([item.score for item in replayed.items])


def group_in(data, item):
    return group_of(next(product for product in data.products if product.product_id == item.product_id))


async def test_a_stored_list_is_stale_after_a_product_joins_a_group(repository, put, now):
    await put(red=None, blue=None)
    await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
    before = await current_list(repository, "c-1", now=now, reuse_seconds=3600)

    await put(blue="red")

    after = await current_list(repository, "c-1", now=now, reuse_seconds=3600)
    assert [len(before.items), len(after.items)] == [2, 1]
