"""Hidden products of orders and sessions, and the rankings that look for them."""

import numpy as np
import pytest

from domain.evaluation.related import MAX_SEEDS, RELATED_MODELS, Case, RelatedTask, cases_of, measure_related, related_ranker
from domain.evaluation.replay import Replay
from tests.domain.event_logs import event_log, training_data
from tests.domain.shop import product
from tests.domain.trained_shops import train

PAIRS = [product(0, category="a"), product(1, category="b"), product(2, category="a"), product(3, category="b")]


def rng():
    return np.random.default_rng(0)


def task_for(kind, log, products=PAIRS, *, k=2, cases=()):
    replay = Replay(training_data(log, products), train(log, products))
    available = np.array([each.available for each in products])
    return RelatedTask(replay=replay, kind=kind, available=available, cases=cases, k=k)


def orders(*baskets):
    return event_log(*((f"c{n}", index, "purchase", 0, n + 1) for n, basket in enumerate(baskets) for index in basket))


def test_one_product_of_each_order_of_several_is_hidden():
    log = event_log(
        *(("a", index, "purchase", 0, 1) for index in (3, 4, 5)), ("b", 1, "purchase", 0, 2), ("a", 9, "view", 0)
    )

    (case,) = cases_of(log, "bought-together", rng=rng())

    assert {case.hidden, *case.seeds} == {3, 4, 5}
    assert case.hidden not in case.seeds


def test_a_long_order_gives_a_bounded_number_of_seeds():
    (case,) = cases_of(orders(range(MAX_SEEDS + 5)), "bought-together", rng=rng())

    assert len(case.seeds) == MAX_SEEDS


def test_the_next_other_product_of_a_session_is_hidden():
    log = event_log(
        ("a", 0, "view", 0.003), ("a", 0, "view", 0.002), ("a", 1, "cart", 0.001), ("a", 2, "purchase", 0, 1),
        ("b", 5, "view", 1), ("b", 6, "view", 0),
    )  # fmt: skip

    assert cases_of(log, "similar", rng=rng()) == [Case(seeds=(0,), hidden=1)]


@pytest.mark.parametrize("kind", ["bought-together", "similar"])
def test_without_held_out_events_there_is_no_case(kind):
    assert cases_of(event_log(), kind, rng=rng()) == []


@pytest.mark.parametrize(("model", "expected"), [("served", [1, 3]), ("cosine", [1]), ("popularity", [2])])
def test_models_rank_what_completes_products(model, expected):
    task = task_for("bought-together", orders(*[(0, 1)] * 5, *[(2, 3)] * 5))

    # The fill of the served list has the popular products of other categories first.
    assert list(related_ranker(model, task)([0])) == expected


def test_models_rank_what_sessions_look_at_together():
    views = [(f"c{n}", index, "view", 0) for n in range(5) for index in ((0, 2), (1, 3))[n % 2]]
    task = task_for("similar", event_log(*views), k=1)

    assert [list(related_ranker(model, task)([0])) for model in RELATED_MODELS] == [[2], [2], [2]]


@pytest.mark.parametrize("model", RELATED_MODELS)
def test_products_that_training_does_not_know_have_no_list(model):
    task = task_for("bought-together", orders(*[(0, 1)] * 5))

    assert list(related_ranker(model, task)([99])) == []


@pytest.mark.parametrize("model", RELATED_MODELS)
def test_products_that_are_not_available_are_not_ranked(model):
    products = [PAIRS[0], product(1, category="a", available=False), *PAIRS[2:]]
    task = task_for("bought-together", orders(*[(0, 1)] * 5), products)

    assert 1 not in related_ranker(model, task)([0])


def test_measures_are_means_over_the_cases():
    cases = [Case(seeds=(0,), hidden=1), Case(seeds=(2,), hidden=3), Case(seeds=(1,), hidden=0), Case(seeds=(3,), hidden=2)]
    task = task_for("bought-together", orders((0, 1)), cases=cases)

    result = measure_related("mine", [[1, 2], [0, 3], [], [1]], task, seconds=2.0)

    assert (result.model, result.cases, result.ms_per_list) == ("mine", 4, 500.0)
    assert result.hit_rate == 2 / 4
    assert result.mrr == (1 + 1 / 2) / 4
    assert result.coverage == 1.0
    assert result.hit_rate_interval[0] <= result.hit_rate <= result.hit_rate_interval[1]
