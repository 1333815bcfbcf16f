"""Ranking metrics against hand-computed values, and their properties for any input."""

from math import log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from domain.evaluation import metrics
from domain.evaluation.metrics import bootstrap_interval, catalogue_coverage, hit_rate_at_k, mrr_at_k, ndcg_at_k, recall_at_k

HITS = np.array([[True, False, True, False], [False, False, False, False], [False, True, False, False], [True] * 4])
N_RELEVANT = np.array([3, 2, 1, 6])


@st.composite
def hits_and_n_relevant(draw):
    """Draw hits, and a number of relevant products for each customer: at least the hits, and at least 1."""
    hits = draw(arrays(np.bool_, st.tuples(st.integers(1, 8), st.integers(1, 8))))
    n_missed = draw(arrays(np.int64, len(hits), elements=st.integers(0, 9)))
    return hits, np.maximum(hits.sum(axis=1) + n_missed, 1)


def test_recall_divides_by_all_relevant_products_even_beyond_k():
    assert recall_at_k(HITS, N_RELEVANT).tolist() == [2 / 3, 0, 1, 4 / 6]


def test_ndcg_discounts_hits_by_rank_and_divides_by_the_gain_of_the_ideal_list():
    assert ndcg_at_k(HITS, N_RELEVANT) == pytest.approx(
        [(1 + 1 / log2(4)) / (1 + 1 / log2(3) + 1 / log2(4)), 0, 1 / log2(3), 1]
    )


def test_hit_rate_is_1_for_a_list_with_any_hit():
    assert hit_rate_at_k(HITS).tolist() == [1, 0, 1, 1]


def test_mrr_depends_on_the_first_hit_only():
    assert mrr_at_k(HITS).tolist() == [1, 0, 1 / 2, 1]


def test_coverage_counts_each_product_once_and_ignores_padding():
    lists = np.array([[0, 3, -1], [3, 7, 0]])

    assert catalogue_coverage(lists, n_products=12) == 3 / 12


def test_the_coverage_of_an_empty_catalogue_is_0():
    assert catalogue_coverage(np.full((2, 3), -1), n_products=0) == 0


def test_metrics_of_no_customers_have_no_values():
    hits, n_relevant = np.zeros((0, 5), dtype=bool), np.zeros(0, dtype=np.int64)

    for values in (recall_at_k(hits, n_relevant), ndcg_at_k(hits, n_relevant), hit_rate_at_k(hits), mrr_at_k(hits)):
        assert values.shape == (0,)


@pytest.mark.parametrize("metric", [recall_at_k, ndcg_at_k])
@pytest.mark.parametrize(
    ("hits", "n_relevant", "message"),
    [
        ([[False, False]], [0], "leave out customers without relevant products"),
        ([[True, True]], [1], "twice"),
        ([[]], [1], "at least one rank"),
    ],
    ids=["no relevant products", "more hits than relevant products", "no ranks"],
)
def test_an_undefined_metric_raises_an_error_instead_of_returning_nan(metric, hits, n_relevant, message):
    with pytest.raises(ValueError, match=message):
        metric(np.array(hits, dtype=bool), np.array(n_relevant))


@given(hits_and_n_relevant())
def test_every_metric_lies_between_0_and_1_and_is_0_only_without_hits(drawn):
    hits, n_relevant = drawn
    hit_rate = hit_rate_at_k(hits)

    for values in (recall_at_k(hits, n_relevant), ndcg_at_k(hits, n_relevant), mrr_at_k(hits)):
        assert values.shape == (len(hits),)
        assert ((values >= 0) & (values <= hit_rate)).all()
        assert ((values > 0) == hit_rate.astype(bool)).all()


@given(hits_and_n_relevant())
def test_ndcg_is_1_only_for_the_ideal_list(drawn):
    hits, n_relevant = drawn
    ideal = np.arange(hits.shape[1]) < n_relevant[:, None]

    assert ndcg_at_k(ideal, n_relevant) == pytest.approx(1)
    assert ((ndcg_at_k(hits, n_relevant) > 1 - 1e-9) == (hits == ideal).all(axis=1)).all()


@given(hits_and_n_relevant(), st.data())
def test_a_hit_at_a_higher_rank_raises_ndcg_never_lowers_mrr_and_keeps_recall_and_hit_rate(drawn, data):
    hits, n_relevant = drawn
    ranks = st.integers(0, hits.shape[1] - 1)
    upper, lower = sorted(data.draw(st.tuples(ranks, ranks)))
    moves = hits[:, lower] & ~hits[:, upper]
    moved = hits.copy()
    moved[moves, upper], moved[moves, lower] = True, False

    assert (recall_at_k(moved, n_relevant) == recall_at_k(hits, n_relevant)).all()
    assert (hit_rate_at_k(moved) == hit_rate_at_k(hits)).all()
    assert (mrr_at_k(moved) >= mrr_at_k(hits)).all()
    assert ((ndcg_at_k(moved, n_relevant) > ndcg_at_k(hits, n_relevant)) == moves).all()


@given(hits_and_n_relevant())
def test_the_ndcg_of_a_customer_does_not_depend_on_other_customers(drawn):
    hits, n_relevant = drawn
    one_by_one = [float(ndcg_at_k(hits[[row]], n_relevant[[row]])[0]) for row in range(len(hits))]

    assert ndcg_at_k(hits, n_relevant) == pytest.approx(one_by_one)


def test_the_interval_of_many_customers_is_that_of_the_normal_distribution():
    values = np.random.default_rng(1).random(2000)
    low, high = bootstrap_interval(values, rng=np.random.default_rng(2), n=4000)
    half_width = 1.96 * values.std() / np.sqrt(len(values))

    assert (low, high) == pytest.approx((values.mean() - half_width, values.mean() + half_width), abs=0.1 * half_width)


@given(arrays(np.float64, st.integers(1, 20), elements=st.floats(0, 1)))
def test_the_interval_lies_within_the_values(values):
    low, high = bootstrap_interval(values, rng=np.random.default_rng(0), n=100)

    assert values.min() - 1e-12 <= low <= high <= values.max() + 1e-12


def test_the_block_size_does_not_change_the_interval(monkeypatch):
    values = np.arange(10.0)
    in_one_block = bootstrap_interval(values, rng=np.random.default_rng(7), n=50)
    monkeypatch.setattr(metrics, "VALUES_PER_BLOCK", 1)

    assert bootstrap_interval(values, rng=np.random.default_rng(7), n=50) == pytest.approx(in_one_block)


def test_an_interval_of_no_values_raises_an_error():
    with pytest.raises(ValueError, match="no values"):
        bootstrap_interval(np.zeros(0), rng=np.random.default_rng(0))
