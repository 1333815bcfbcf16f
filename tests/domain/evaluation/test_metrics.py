"""How lists are measured, against numbers made by hand and the properties that every measure must keep."""

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
def measured(draw):
    """Draw hits and how many products are relevant: at least the hits, at least one."""
    hits = draw(arrays(np.bool_, st.tuples(st.integers(1, 8), st.integers(1, 8))))
    missed = draw(arrays(np.int64, len(hits), elements=st.integers(0, 9)))
    return hits, np.maximum(hits.sum(axis=1) + missed, 1)


def test_recall_divides_by_all_relevant_products_even_beyond_k():
    assert recall_at_k(HITS, N_RELEVANT).tolist() == [2 / 3, 0, 1, 4 / 6]


def test_ndcg_discounts_by_rank_and_compares_with_the_best_list():
    assert ndcg_at_k(HITS, N_RELEVANT) == pytest.approx(
        [(1 + 1 / log2(4)) / (1 + 1 / log2(3) + 1 / log2(4)), 0, 1 / log2(3), 1]
    )


def test_hit_rate_is_one_for_any_hit():
    assert hit_rate_at_k(HITS).tolist() == [1, 0, 1, 1]


def test_mrr_looks_at_the_first_hit_only():
    assert mrr_at_k(HITS).tolist() == [1, 0, 1 / 2, 1]


def test_coverage_counts_each_product_once_and_no_padding():
    lists = np.array([[0, 3, -1], [3, 7, 0]])

    assert catalogue_coverage(lists, n_products=12) == 3 / 12


def test_an_empty_catalogue_is_not_covered():
    assert catalogue_coverage(np.full((2, 3), -1), n_products=0) == 0


def test_no_customers_have_no_values():
    none, nothing = np.zeros((0, 5), dtype=bool), np.zeros(0, dtype=np.int64)

    for values in (recall_at_k(none, nothing), ndcg_at_k(none, nothing), hit_rate_at_k(none), mrr_at_k(none)):
        assert values.shape == (0,)


@pytest.mark.parametrize("measure", [recall_at_k, ndcg_at_k])
@pytest.mark.parametrize(
    ("hits", "n_relevant", "reason"),
    [
        ([[False, False]], [0], "leave out customers without relevant products"),
        ([[True, True]], [1], "twice"),
        ([[]], [1], "at least one place"),
    ],
)
def test_what_has_no_value_is_refused_instead_of_becoming_nan(measure, hits, n_relevant, reason):
    with pytest.raises(ValueError, match=reason):
        measure(np.array(hits, dtype=bool), np.array(n_relevant))


@given(measured())
def test_every_measure_lies_between_none_and_all(drawn):
    hits, n_relevant = drawn
    hit = hit_rate_at_k(hits)

    for values in (recall_at_k(hits, n_relevant), ndcg_at_k(hits, n_relevant), mrr_at_k(hits)):
        assert values.shape == (len(hits),)
        assert ((values >= 0) & (values <= hit)).all()
        assert ((values > 0) == hit.astype(bool)).all()


@given(measured())
def test_ndcg_is_one_only_for_a_list_that_begins_with_all_that_it_could_hold(drawn):
    hits, n_relevant = drawn
    best = np.arange(hits.shape[1]) < n_relevant[:, None]

    assert ndcg_at_k(best, n_relevant) == pytest.approx(1)
    assert ((ndcg_at_k(hits, n_relevant) > 1 - 1e-9) == (hits == best).all(axis=1)).all()


@given(measured(), st.data())
def test_a_hit_that_moves_up_raises_what_looks_at_ranks_and_nothing_else(drawn, data):
    hits, n_relevant = drawn
    upper, lower = sorted(data.draw(st.tuples(st.integers(0, hits.shape[1] - 1), st.integers(0, hits.shape[1] - 1))))
    moved = hits.copy()
    moves = hits[:, lower] & ~hits[:, upper]
    moved[moves, upper], moved[moves, lower] = True, False

    assert (recall_at_k(moved, n_relevant) == recall_at_k(hits, n_relevant)).all()
    assert (hit_rate_at_k(moved) == hit_rate_at_k(hits)).all()
    assert (mrr_at_k(moved) >= mrr_at_k(hits)).all()
    assert ((ndcg_at_k(moved, n_relevant) > ndcg_at_k(hits, n_relevant)) == moves).all()


@given(measured())
def test_each_customer_is_measured_apart_from_the_others(drawn):
    hits, n_relevant = drawn
    alone = [float(ndcg_at_k(hits[[row]], n_relevant[[row]])[0]) for row in range(len(hits))]

    assert ndcg_at_k(hits, n_relevant) == pytest.approx(alone)


def test_the_interval_is_that_of_the_normal_distribution_where_customers_are_many():
    values = np.random.default_rng(1).random(2000)
    low, high = bootstrap_interval(values, rng=np.random.default_rng(2), n=4000)
    spread = 1.96 * values.std() / np.sqrt(len(values))

    assert (low, high) == pytest.approx((values.mean() - spread, values.mean() + spread), abs=0.1 * spread)


@given(arrays(np.float64, st.integers(1, 20), elements=st.floats(0, 1)))
def test_the_interval_lies_within_the_values(values):
    low, high = bootstrap_interval(values, rng=np.random.default_rng(0), n=100)

    assert values.min() - 1e-12 <= low <= high <= values.max() + 1e-12


def test_the_same_seed_gives_the_same_interval_whatever_the_block(monkeypatch):
    values = np.arange(10.0)
    whole = bootstrap_interval(values, rng=np.random.default_rng(7), n=50)
    monkeypatch.setattr(metrics, "RESAMPLED_AT_ONCE", 1)

    assert bootstrap_interval(values, rng=np.random.default_rng(7), n=50) == pytest.approx(whole)


def test_an_interval_of_nothing_is_refused():
    with pytest.raises(ValueError, match="no values"):
        bootstrap_interval(np.zeros(0), rng=np.random.default_rng(0))
