"""The products that next orders repeat, and the rankings that look for them."""

import numpy as np
import pytest

from domain.evaluation.buy_again import (
    BUY_AGAIN_MODELS,
    BuyAgainCase,
    BuyAgainTask,
    buy_again_ranker,
    measure_buy_again,
    repeated_orders,
)
from domain.evaluation.replay import Replay
from domain.evaluation.splitting import Split
from domain.records.values import DAY
from tests.domain.event_logs import event_log, training_data
from tests.domain.shop import NOW_US, product
from tests.domain.trained_shops import train

TRAIN = [
    ("a", 0, "purchase", 90, 1), ("a", 1, "purchase", 90, 1), ("a", 0, "purchase", 75, 2), ("a", 1, "purchase", 75, 2),
    ("a", 1, "purchase", 60, 3), ("a", 2, "purchase", 60, 3), ("a", 2, "purchase", 30, 4), ("a", 3, "view", 30),
    ("b", 3, "purchase", 60, 5), ("b", 4, "purchase", 60, 5), ("b", 3, "purchase", 30, 6), ("b", 4, "purchase", 30, 6),
]  # fmt: skip


def cases_of(*test, train=TRAIN, seed=0):
    """Return the cases of the last events of a log."""
    log = event_log(*train, *test)
    is_test = np.arange(len(log.products)) >= len(train)
    return repeated_orders(Split(train=log.only(~is_test), test=log.only(is_test)), rng=np.random.default_rng(seed))


def task_for(*, k=2, cases=(), unavailable=()):
    log = event_log(*TRAIN)
    products = [product(index, category="food", available=index not in unavailable) for index in range(5)]
    replay = Replay(training_data(log, products), train(log, products))
    available = np.array([each.available for each in products])
    return BuyAgainTask(replay=replay, available=available, cases=cases, k=k)


def case(customer=0, products=(), days_ago=0):
    return BuyAgainCase(customer=customer, at=NOW_US - days_ago * DAY, products=products)


def test_a_case_is_the_first_order_that_repeats_a_product():
    cases = cases_of(
        ("a", 4, "purchase", 9, 15), ("a", 0, "view", 9), ("a", 3, "purchase", 8, 16), ("a", 2, "purchase", 7, 17),
        ("a", 0, "purchase", 7, 17), ("a", 4, "purchase", 7, 17), ("a", 1, "purchase", 6, 18), ("b", 4, "purchase", 9, 19),
    )  # fmt: skip

    # What a customer only viewed is not repeated, and neither is what another one bought.
    assert cases == [case(0, (0, 2), 7), case(1, (4,), 9)]


def test_items_without_an_order_are_one_order_if_they_are_of_one_instant():
    assert cases_of(("a", 0, "purchase", 9), ("a", 1, "purchase", 9), ("a", 2, "purchase", 8)) == [case(0, (0, 1), 9)]


def test_without_a_repeated_product_there_is_no_case():
    assert cases_of(("a", 4, "purchase", 9, 5), ("c", 0, "purchase", 9, 6)) == []


def test_no_more_customers_are_measured_than_the_limit(monkeypatch):
    monkeypatch.setattr("domain.evaluation.buy_again.MAX_CUSTOMERS", 1)

    assert len(cases_of(("a", 0, "purchase", 9, 5), ("b", 3, "purchase", 9, 6))) == 1


@pytest.mark.parametrize(
    ("model", "expected"), [("top-personal", [1, 2, 0]), ("last-bought", [2, 1, 0]), ("served", [1, 2, 0])]
)
def test_models_rank_what_the_customer_bought(model, expected):
    task = task_for(k=3)

    assert list(buy_again_ranker(model, task)(case(0))) == expected
    assert list(buy_again_ranker(model, task_for(k=1))(case(0))) == expected[:1]


@pytest.mark.parametrize("model", BUY_AGAIN_MODELS)
def test_products_that_are_not_available_are_not_ranked(model):
    assert list(buy_again_ranker(model, task_for(unavailable={4}))(case(1))) == [3]


def test_the_served_list_is_that_of_the_instant_of_the_case():
    served = buy_again_ranker("served", task_for())

    assert list(served(case(1))) == [3, 4]
    assert list(served(case(1, days_ago=30))) == []


def test_measures_are_means_over_the_cases():
    cases = [case(0, (0, 1)), case(1, (4,)), case(0, (2,))]
    task = task_for(cases=cases)

    result = measure_buy_again("mine", [[1, 2], [3, 4], []], task, seconds=1.5)

    second = 1 / np.log2(3)
    assert (result.model, result.cases, result.ms_per_list) == ("mine", 3, 500.0)
    assert result.recall == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert result.ndcg == pytest.approx((1 / (1 + second) + second + 0) / 3)
    assert (result.hit_rate, result.coverage) == (pytest.approx(2 / 3), pytest.approx(4 / 5))
    assert result.recall_interval[0] <= result.recall <= result.recall_interval[1]
    assert result.ndcg_interval[0] <= result.ndcg <= result.ndcg_interval[1]
