"""The replay of an evaluation reads and recommends what every repository does: the same inputs, candidates and lists."""

from datetime import timedelta
from itertools import product

import numpy as np
import pytest
from msgspec.structs import asdict

from domain.evaluation.replay import Replay
from domain.ranking.model import TrainedModel
from domain.ranking.ranked_list import ranked_list
from domain.ranking.recommend import recommend, shortlist
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from domain.records.recommendations import ListRequest
from domain.training.train import train_model
from infra.progress import NoProgress
from infra.use_cases.evaluate_rules import replayed_rules
from infra.use_cases.ranking_data import ranking_data_of
from infra.use_cases.recommend import current_list
from infra.use_cases.train import read_training_data
from tests.conftest import NOW
from tests.domain.rules import rule
from tests.domain.shop import neighbours_of
from tests.imports import as_imported
from tests.inputs import inputs_of

N_PRODUCTS = 150
N_CUSTOMERS = 40


@pytest.fixture
async def trained_shop(repository):
    """A shop with more categories than a history considers, trained on all its events."""
    rng = np.random.default_rng(5)
    moments = iter(rng.permutation(100_000).tolist())

    def earlier():
        return NOW - np.timedelta64(next(moments), "s").item()

    products = [
        ProductChange(
            product_id=f"p-{index}",
            name=f"Product {index}",
            category=f"c{index % 30}/d{index % 60}" if index % 7 else None,
            brand=f"b{index % 5}",
            price=float(1 + index % 40),
            in_stock=index % 11 > 0,
            created_at=earlier(),
        )
        for index in range(N_PRODUCTS)
    ]
    events = []
    for customer in range(N_CUSTOMERS):
        # A few customers have hardly any event, which leaves room for products that fill the list up.
        for index in rng.choice(N_PRODUCTS, size=2 + 2 * customer).tolist():
            item = f"p-{index}"
            if rng.random() < 0.4:
                order = (OrderItem(product_id=item, unit_price=5.0),)
                events.append(Purchase(customer_id=f"c-{customer}", items=order, occurred_at=earlier()))
            else:
                events.append(BrowsingEvent(customer_id=f"c-{customer}", product_id=item, occurred_at=earlier()))
    await repository.put_products(products, now=NOW)
    for first in range(0, len(events), 300):
        await repository.put_events(as_imported(events[first : first + 300]), create_products=False, now=NOW)
    data = await read_training_data(repository, progress=NoProgress())
    config = (await repository.current_model()).config
    trained = train_model(data, config=config, model_id="m-1", trained_at=data.log.newest)
    await repository.save_model(trained)
    return repository, Replay(data, trained)


async def test_the_replay_reads_and_recommends_what_the_repository_does(trained_shop):
    repository, replay = trained_shop
    n_considered = []

    for seen, (customer, customer_id) in product(("few", "exclude", "include"), enumerate(replay.data.log.customer_ids)):
        request = ListRequest(seen=seen)
        stored = await inputs_of(repository, customer_id)
        replayed = replay.ranking_inputs(customer, model=stored.model)
        shortlisted = shortlist(stored, request=request)
        candidates = await ranking_data_of(repository).candidates(stored, shortlisted.query)

        assert columns_of(stored.history) == columns_of(replayed.history)
        assert (stored.segment_inputs, neighbours_of(stored)) == (replayed.segment_inputs, neighbours_of(replayed))
        assert list(stored.category_trends.items()) == list(replayed.category_trends.items())
        assert candidates.tolist() == replay.candidates(shortlisted.query).tolist()
        listed = recommend(stored, shortlisted, candidates, now=replay.now)
        assert ranked_list(listed) == ranked_list(replay.list_for(customer, model=stored.model, request=request))
        n_considered.append(len(stored.category_trends))

    # The largest histories have more categories than are considered.
    assert max(n_considered) == 16


async def test_the_replay_applies_the_rules_of_the_shop(trained_shop):
    repository, replay = trained_shop
    for saved in (
        rule("hide", category=["c1", "c2"]),
        rule("pin", "p-9", position=2),
        rule("boost", brand=["b1"], strength=3, where={"segments": ["Regular"]}),
        rule("bury", "p-4", strength=2, until=(NOW + timedelta(days=1)).isoformat()),
        rule("hide", "p-5", starts_at=(NOW + timedelta(days=1)).isoformat()),
    ):
        await repository.save_rule(saved, now=NOW, actor="erp")
    trained = TrainedModel(
        model=await repository.current_model(),
        neighbours=await repository.neighbours("m-1", range(N_PRODUCTS)),
        category_trends=await repository.category_trends("m-1", replay.catalogue.categories.paths),
    )
    ruled = Replay(replay.data, trained, rules=await replayed_rules(repository, now=NOW))
    request = ListRequest(limit=20)

    for customer, customer_id in enumerate(replay.data.log.customer_ids):
        served = await current_list(repository, customer_id, request=request, now=replay.now, reuse_seconds=0)
        replayed = ranked_list(ruled.list_for(customer, model=trained.model, request=request))
        assert [item.product_id for item in served.items] == [item.product_id for item in replayed.items]
        assert [item.reasons for item in served.items] == [item.reasons for item in replayed.items]
    first = ruled.ranking(0, model=trained.model, seen="few", k=5)
    assert first != replay.ranking(0, model=trained.model, seen="few", k=5)
    assert ruled.related([0], kind="bought-together", k=9)[1] == 9
    # The pin shows here too if it is of a product that the customer bought.
    assert set(ruled.buy_again(0, k=9, now=NOW)) - set(replay.buy_again(0, k=9, now=NOW)) <= {9}


def columns_of(history):
    return {name: column.tolist() for name, column in asdict(history).items()}


async def test_the_category_that_is_asked_for_is_considered_first(trained_shop):
    repository, _ = trained_shop

    inputs = await inputs_of(repository, f"c-{N_CUSTOMERS - 1}", category="c1/d1")

    assert next(iter(inputs.category_trends)) == "c1/d1"
    assert len(inputs.category_trends) == 16
