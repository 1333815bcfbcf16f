"""What is measured of the rankings of a model, by hand for a small shop."""

import numpy as np
import pytest

from domain.evaluation.measurement import Comparison, Rankings, Slice, customer_metrics, measure
from domain.evaluation.metrics import top_product_share
from domain.evaluation.splitting import Split, ground_truth_of, newcomers_of
from domain.records.values import DAY
from tests.domain.evaluation.test_baselines import ranking_task
from tests.domain.event_logs import event_log
from tests.domain.shop import NOW_US, product

OLD, YOUNG = NOW_US - 90 * DAY, NOW_US - 5 * DAY
PRODUCTS = [product(index, created_at=YOUNG if index == 3 else OLD) for index in range(5)]
LOG = event_log(
    ("a", 0, "view", 2), ("b", 1, "view", 2), ("a", 2, "view", 0), ("a", 3, "view", 0), ("b", 3, "view", 0),
    ("new", 4, "view", 0),
)  # fmt: skip


def comparison(assigned=None):
    is_test = LOG.occurred_at > NOW_US - DAY
    split = Split(train=LOG.only(~is_test), test=LOG.only(is_test))
    return Comparison(
        task=ranking_task(split.train, PRODUCTS, assigned=assigned, k=3),
        ground_truth=ground_truth_of(split, seen="exclude"),
        newcomers=newcomers_of(split),
    )


def rankings(*ranked):
    return Rankings(by_customer=dict(enumerate(ranked)), train_seconds=1.0, seconds=0.3)


def test_newcomers_are_measured_apart_from_customers_with_train_events():
    # a: both of two; b: one of one at rank 2; the newcomer: one of one at rank 1.
    result = measure("served", rankings([2, 3], [4, 3], [4]), comparison())

    assert (result.customers, result.left_out) == (2, 1)
    assert result.recall == 1.0
    assert result.slices["newcomers"] == Slice(customers=1, recall=1.0, ndcg=1.0, hit_rate=1.0)
    assert result.slices["Regular"].ndcg == pytest.approx((1 + 1 / np.log2(3)) / 2)


def test_each_segment_with_customers_has_a_slice():
    result = measure("served", rankings([2, 3], [], [4]), comparison(assigned={"a": "Premium"}))

    assert {name: (part.customers, part.hit_rate) for name, part in result.slices.items()} == {
        "newcomers": (1, 1.0), "Premium": (1, 1.0), "Regular": (1, 0.0),
    }  # fmt: skip


def test_the_shares_of_new_products_count_ranks_and_hits():
    # Of the five ranks of regular customers two have the young product 3, as have two of the three hits.
    result = measure("served", rankings([2, 3, 1], [4, 3], [3]), comparison())

    assert result.new_product_share == pytest.approx(2 / 5)
    assert result.new_product_hit_share == pytest.approx(2 / 3)
    assert result.top_product_share == 1.0


def test_empty_rankings_have_no_shares():
    result = measure("ranking", rankings([], [], []), comparison())

    assert (result.new_product_share, result.new_product_hit_share, result.top_product_share) == (0.0, 0.0, 0.0)


def test_a_product_that_nobody_knows_takes_a_rank_without_a_hit():
    result = measure("ranking", rankings([-1, 2, 3], [-1], []), comparison())

    assert (result.hit_rate, result.new_product_share) == (0.5, pytest.approx(1 / 4))


def test_the_share_of_the_most_listed_product_counts_lists():
    assert top_product_share([[1, 2], [2, 3], [4], [2]]) == 3 / 4
    assert top_product_share([]) == 0.0


def test_the_result_is_the_mean_of_the_metrics_of_each_customer():
    # a: one of two, at rank 2; b: the only one, at rank 1.
    ranked, compared = rankings([4, 3], [3], []), comparison()

    own, result = customer_metrics(ranked, compared.ground_truth, k=3), measure("served", ranked, compared)

    assert own.customers.tolist() == [0, 1]
    assert (own.recall.tolist(), own.hit_rate.tolist(), own.mrr.tolist()) == ([1 / 2, 1.0], [1.0, 1.0], [1 / 2, 1.0])
    assert (result.ndcg, result.mrr) == (own.ndcg.mean(), own.mrr.mean())
