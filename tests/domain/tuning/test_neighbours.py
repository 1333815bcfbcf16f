"""The histories and the objective by which neighbours are tuned."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from domain.evaluation.replay import Replay
from domain.evaluation.splitting import GroundTruth, ground_truth_of, last_of_each, some_of_each
from domain.ranking.hyperparameters import FOREVER, Hyperparameters
from domain.ranking.interests import product_weights
from domain.ranking.model import UNTRAINED, TrainedModel
from domain.ranking.packed_history import MAX_HISTORY_EVENTS
from domain.records.interactions import EVENT_TYPES
from domain.training.neighbours import NeighbourModels
from domain.tuning.neighbours import (
    ALL,
    ALL_WITH_TIMES,
    HISTORY_STEPS,
    CustomerHistories,
    NeighbourObjective,
    run_trial,
)
from tests.domain.event_logs import event_log, training_data
from tests.domain.shop import NOW_US, product
from tests.domain.trained_shops import TWO_CATEGORIES


def histories_of(split, products=None):
    return CustomerHistories(training_data(split.train, products), ground_truth_of(split, seen="exclude"))


def test_histories_are_weighed_by_event_type_and_age_as_in_a_served_list():
    split = last_of_each(event_log(("a", 0, "view", 30), ("a", 0, "cart", 0), ("a", 1, "view", 0), ("a", 2, "view", 0)))

    weights = histories_of(split, TWO_CATEGORIES[:3]).seeds(Hyperparameters(history_days=30.0)).toarray()

    # Product 0 has half a view and a cart, 0.5 + 3; product 1 has one view.
    assert split.train.newest == NOW_US
    assert weights == pytest.approx(np.array([[1.0, (1 / 3.5) ** 0.5, 0.0]]))


EVENTS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 5), st.sampled_from(EVENT_TYPES), st.sampled_from([0, 0.01, 1, 1.01, 40])),
    min_size=1,
    max_size=30,
)


@given(EVENTS, st.sampled_from([0.5, 4.0, FOREVER]), st.sampled_from([0.5, 1.0]))
def test_tuning_weighs_histories_as_serving_does(events, history_steps, repeat_exponent):
    hyperparameters = Hyperparameters(history_steps=history_steps, repeat_exponent=repeat_exponent)
    log = event_log(*(("all", 6, "view", 0), *((f"c{number}", *event) for number, *event in events)))
    data = training_data(log)
    customers = np.unique(log.customers)
    everyone = GroundTruth(customers=customers, of_pair=customers, products=np.zeros_like(customers), left_out=0)

    seeds = CustomerHistories(data, everyone).seeds(hyperparameters).toarray()

    replay = Replay(data, TrainedModel(model=UNTRAINED, neighbours=[]))
    for customer in customers.tolist():
        history = replay.ranking_inputs(customer, model=UNTRAINED).history
        served = np.zeros(data.n_products)
        served[history.products] = product_weights(
            history,
            half_life_days=hyperparameters.history_days,
            half_life_steps=history_steps,
            hyperparameters=hyperparameters,
        )
        assert seeds[customer] == pytest.approx(served)


def test_only_the_newest_events_belong_to_a_history():
    log = event_log(
        *(("a", index, "view", index) for index in range(MAX_HISTORY_EVENTS + 20)),
        ("a", MAX_HISTORY_EVENTS + 20, "view", 0),
    )

    seeds = histories_of(last_of_each(log)).seeds(Hyperparameters(history_days=FOREVER))

    assert sorted(seeds.nonzero()[1].tolist()) == [*range(MAX_HISTORY_EVENTS)]


def test_neighbours_are_scored_by_the_rank_of_held_out_products_among_unseen_ones():
    split = last_of_each(event_log(("a", 0, "view", 2), ("a", 1, "view", 1), ("a", 2, "view", 0)))
    neighbours = sparse.csr_array(np.array([[0, 5.0, 1.0, 2.0], [0] * 4, [0] * 4, [0] * 4]))
    empty = sparse.csr_array((4, 4))
    models = NeighbourModels(
        hyperparameters=Hyperparameters(),
        together=neighbours,
        ridge=empty,
        regression=empty,
        momentum=np.ones(4),
        learn_transitions=lambda: empty,
        learn_factors=lambda: empty,
    )

    objective = NeighbourObjective(histories_of(split, TWO_CATEGORIES[:4]), models)

    # Of the neighbours of product 0, product 1 is seen; product 2 is held out and comes after product 3.
    assert objective.ndcg(Hyperparameters(ridge_share=0.0)) == pytest.approx([1 / np.log2(3)])
    assert objective.ndcg(Hyperparameters(ridge_share=1.0)) == 0.0
    assert objective.ndcg(Hyperparameters(ridge_share=0.0, factor_share=1.0)) == 0.0


@pytest.mark.parametrize(("n_customers", "n_own", "has_factors"), [(90, 4, True), (200, 5, False)])
def test_factors_have_a_share_only_where_they_surely_help(n_customers, n_own, has_factors):
    """With few events most products of a taste have no common customer, which only factors see through."""
    rng = np.random.default_rng(0)
    log = event_log(
        *(
            (f"c{customer}", index + 20 * (customer % 3), "view", 0.0)
            for customer in range(n_customers)
            for index in rng.permutation(20)[:n_own].tolist()
        )
    )
    split = some_of_each(log, rng=np.random.default_rng(0))
    timeless = Hyperparameters(history_days=FOREVER, momentum_exponent=0.0)

    trial = run_trial(timeless, histories_of(split, [product(index) for index in range(60)]), choices=ALL)

    assert (trial.hyperparameters.factor_share > 0) == has_factors


@pytest.mark.parametrize(("n_sessions", "is_surely_better"), [(4, False), (200, True)])
def test_a_half_life_in_steps_needs_proof_from_enough_customers(n_sessions, is_surely_better):
    # What comes next follows from the last product, not from the earlier ones.
    paths = np.random.default_rng(0).integers(20, size=(n_sessions, 5))
    paths[:, 3], paths[:, 4] = (paths[:, 2] + 1) % 20, (paths[:, 2] + 2) % 20
    log = event_log(
        *(
            (f"s{number}", int(index), "view", (4 - step) / 1440)
            for number, path in enumerate(paths)
            for step, index in enumerate(path)
        )
    )

    trial = run_trial(Hyperparameters(), histories_of(last_of_each(log)), choices=[("history_steps", HISTORY_STEPS)])

    assert (trial.hyperparameters.history_steps < FOREVER) == is_surely_better
    # What did not help at first is not tried again.
    repeated = [name for name, _ in trial.worth_repeating(ALL_WITH_TIMES)]
    assert ("history_steps" in repeated) == is_surely_better
    assert "history_days" in repeated
