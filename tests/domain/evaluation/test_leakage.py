"""Lists know nothing of the held-out events: with shuffled labels they find what chance finds, and cheating shows."""

import numpy as np
import pytest
from msgspec.structs import replace

from domain.evaluation.baselines import RankingTask, model_of
from domain.evaluation.explanation import Explained, part_result
from domain.evaluation.metrics import ndcg_at_k
from domain.evaluation.parts import weighted_parts
from domain.evaluation.replay import Replay
from domain.evaluation.splitting import Split, ground_truth_of, last_of_each
from domain.ranking.extension import OwnSource
from domain.ranking.hyperparameters import Hyperparameters
from domain.ranking.model import TunedConfig
from domain.training.train import train_model
from domain.tuning.tune import tune
from tests.domain.event_logs import event_log, training_data
from tests.domain.ranking.own_sources import table_source, use_own_sources
from tests.domain.shop import product

K = 10
N_CUSTOMERS = 80
PRODUCTS = [product(index, category=f"c{index % 3}") for index in range(36)]

LEARNERS = {
    "co-occurrence": {"ridge_share": 0.0},
    "regression": {"ridge_share": 1.0},
    "transitions": {"ridge_share": 0.0, "succession_share": 1.0},
    "factors": {"factor_share": 1.0},
}


def grouped_log():
    """Return a log of customers who view 6 of the 9 products of their group, one a day; the last of them is held out."""
    rng = np.random.default_rng(5)
    return event_log(
        *(
            (f"c{customer}", 9 * (customer % 4) + int(index), "view", 30.0 - day)
            for customer in range(N_CUSTOMERS)
            for day, index in enumerate(rng.permutation(9)[:6])
        )
    )


def with_shuffled_customers(split):
    """Let each customer turn to what a random customer turned to."""
    rng = np.random.default_rng(6)
    return replace(split, test=replace(split.test, products=rng.permutation(split.test.products)))


def with_shuffled_products(split):
    """Let every event be about the product of a random event, in both parts."""
    rng = np.random.default_rng(7)
    return Split(
        train=replace(split.train, products=rng.permutation(split.train.products)),
        test=replace(split.test, products=rng.permutation(split.test.products)),
    )


SHUFFLES = {"customers": with_shuffled_customers, "products": with_shuffled_products}


def surplus(split, config, *, name, learned_from=None):
    """Return the NDCG of each customer's list minus that with what a random customer turned to, as seen from this list.

    Whoever turned to it, a popular product is found more often: chance is the mean over all held-out events of products
    that are new to the customer. The model is learned from the train part unless `learned_from` says otherwise.
    """
    data = training_data(split.train, PRODUCTS)
    trained = train_model(learned_from or data, config=config, model_id="m", trained_at=0)
    replay, model, truth = Replay(data, trained), model_of(name, trained.model), ground_truth_of(split, seen="exclude")
    lists = {customer: replay.ranking(customer, model=model, seen="exclude", k=K) for customer in truth.customers.tolist()}
    chance = []
    for customer, ranking in lists.items():
        gains = np.zeros(len(PRODUCTS))
        gains[ranking] = 1 / np.log2(np.arange(len(ranking)) + 2)
        is_new = ~np.isin(split.test.products, list(replay.seen(customer)))
        chance.append(gains[split.test.products[is_new]].mean())
    return ndcg_at_k(*truth.hits(lists, k=K)) - np.array(chance)


def n_errors(differences):
    """Return the mean in its standard errors."""
    return differences.mean() / (differences.std() / np.sqrt(len(differences)))


@pytest.mark.parametrize("shares", LEARNERS.values(), ids=LEARNERS)
def test_each_neighbour_model_finds_more_than_chance_but_not_with_shuffled_labels(shares):
    split = last_of_each(grouped_log())
    config = TunedConfig(hyperparameters=Hyperparameters(**shares))

    assert n_errors(surplus(split, config, name="neighbours")) > 10
    for shuffled in SHUFFLES.values():
        assert abs(n_errors(surplus(shuffled(split), config, name="neighbours"))) < 3


@pytest.fixture(scope="module")
def tuned_on_shuffled_products():
    """Return the split and the config that tuning chose without seeing its held-out part."""
    split = with_shuffled_products(last_of_each(grouped_log()))
    return split, tuned(split)


@pytest.mark.parametrize("shares", LEARNERS.values(), ids=LEARNERS)
def test_a_neighbour_model_that_saw_the_held_out_events_is_found_by_shuffled_labels(shares):
    split = with_shuffled_products(last_of_each(grouped_log()))
    everything = {
        name: np.concatenate([getattr(split.train, name), getattr(split.test, name)])
        for name in ("customers", "products", "event_types", "occurred_at", "orders", "spent")
    }
    learned_from = training_data(replace(split.train, **everything), PRODUCTS)
    config = TunedConfig(hyperparameters=Hyperparameters(**shares))

    assert n_errors(surplus(split, config, name="neighbours", learned_from=learned_from)) > 5


def tuned(split):
    return tune(training_data(split.train, PRODUCTS), trials=1, seed=0, on_trial=lambda _: True)


def test_tuned_lists_find_more_than_chance_but_not_with_shuffled_labels(tuned_on_shuffled_products):
    split = last_of_each(grouped_log())
    config = tuned(split)

    assert n_errors(surplus(split, config, name="served")) > 10
    assert abs(n_errors(surplus(with_shuffled_customers(split), config, name="served"))) < 3
    assert abs(n_errors(surplus(*tuned_on_shuffled_products, name="served"))) < 3


def test_a_learner_that_finds_no_gain_has_no_share(tuned_on_shuffled_products):
    _, config = tuned_on_shuffled_products

    assert config.tuning.trials == 1
    assert config.hyperparameters.factor_share == 0.0


def cheating_source(split, *, weight=0.5):
    """Return a source that looks up what each customer turns to next."""
    customer_ids = split.test.customer_ids
    found = {
        (customer_ids[customer], index)
        for customer, index in zip(split.test.customers.tolist(), split.test.products.tolist(), strict=True)
    }

    def scores(products, inputs, *, now):
        return np.array([float((inputs.customer_id, index) in found) for index in products.tolist()])

    return OwnSource(name="oracle", weight=weight, scores=scores)


@pytest.mark.parametrize("shuffled", SHUFFLES.values(), ids=SHUFFLES)
def test_a_source_that_knows_the_future_is_seen_above_chance(monkeypatch, shuffled):
    split = shuffled(last_of_each(grouped_log()))
    use_own_sources(monkeypatch, cheating_source(split))

    assert n_errors(surplus(split, TunedConfig(), name="served")) > 10


COMPARED = ("bought_together", "viewed_together", "category_interest", "new", "oracle", "season")


def explained(split):
    data = training_data(split.train, PRODUCTS)
    trained = train_model(data, config=TunedConfig(), model_id="m", trained_at=0)
    task = RankingTask(replay=Replay(data, trained), available=data.available, seen="exclude", k=K)
    lists = Explained(name="served", model=trained.model, task=task, ground_truth=ground_truth_of(split, seen="exclude"))
    ndcg = lists.ndcg()
    return {
        part.name: part_result(part, model=lists.name, ndcg=ndcg, without=lists.ndcg_without(part))
        for part in weighted_parts(lists.model)
        if part.name in COMPARED
    }


@pytest.mark.parametrize("shuffle", [lambda split: split, with_shuffled_products], ids=["as it is", "shuffled"])
def test_a_source_that_knows_the_future_earns_implausibly_much_and_no_other_part_does(monkeypatch, shuffle):
    split = shuffle(last_of_each(grouped_log()))
    use_own_sources(monkeypatch, cheating_source(split), table_source("season", weight=0.1, p1=1.0, p20=0.5))

    parts = explained(split)

    assert [name for name, part in parts.items() if part.is_implausible] == ["oracle"]
    assert parts["oracle"].verdict == "better"


def test_nothing_is_implausible_in_an_honest_shop(monkeypatch):
    use_own_sources(monkeypatch, table_source("season", weight=0.1, p1=1.0, p20=0.5))

    parts = explained(last_of_each(grouped_log()))

    assert not any(part.is_implausible for part in parts.values())
    assert parts["viewed_together"].verdict == "better"
