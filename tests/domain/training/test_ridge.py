"""Ridge regressions against dense solutions of the normal equations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.training import gram_table, ridge
from domain.training.ridge import ease, slim
from tests.domain.training.baskets import (
    BASKETS,
    N_PRODUCTS,
    co_occurrence_of,
    customer_weights_of,
    gram_of,
    matrix_of,
)


@given(BASKETS, st.integers(1, N_PRODUCTS), st.sampled_from([0.1, 1.0, 10.0]))
def test_slim_solves_the_normal_equations_of_each_product_and_its_candidates(baskets, n_candidates, penalty):
    gram = gram_of(baskets)
    _, candidates = co_occurrence_of(baskets, n_candidates=n_candidates)
    expected = np.zeros((N_PRODUCTS, N_PRODUCTS))
    for index in range(N_PRODUCTS):
        chosen = candidates[[index]].indices
        regularised = gram[np.ix_(chosen, chosen)] + penalty * np.eye(len(chosen))
        expected[chosen, index] = np.linalg.solve(regularised, gram[chosen, index])

    weights = slim(matrix_of(baskets), customer_weights_of(baskets), candidates, penalty=penalty)

    assert weights.toarray() == pytest.approx(np.maximum(expected, 0.0), abs=1e-9)


@given(BASKETS, st.integers(1, N_PRODUCTS), st.sampled_from([0.1, 10.0]), st.sampled_from(["customers", "candidates"]))
def test_equations_of_customers_and_of_candidates_have_the_same_solution(baskets, n_candidates, penalty, equations):
    _, candidates = co_occurrence_of(baskets, n_candidates=n_candidates)
    matrix, customer_weights = matrix_of(baskets), customer_weights_of(baskets)
    usual = slim(matrix, customer_weights, candidates, penalty=penalty).toarray()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ridge, "FEW_CUSTOMERS", {"customers": 1e6, "candidates": 0.0}[equations])
        by_others = slim(matrix, customer_weights, candidates, penalty=penalty).toarray()

    assert by_others == pytest.approx(usual, abs=1e-12)


@given(BASKETS, st.integers(1, N_PRODUCTS), st.integers(0, N_PRODUCTS))
def test_a_table_of_co_occurrences_gives_the_same_weights_whatever_the_best_sellers_are(baskets, n_candidates, n_busiest):
    _, candidates = co_occurrence_of(baskets, n_candidates=n_candidates)
    matrix, customer_weights = matrix_of(baskets), customer_weights_of(baskets)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ridge, "FEW_CUSTOMERS", 0.0)
        patched.setattr(gram_table, "N_BUSIEST", n_busiest)
        by_table = slim(matrix, customer_weights, candidates, penalty=1.0).toarray()
        patched.setattr(ridge, "MAX_TABLE_PAIRS", -1)
        without = slim(matrix, customer_weights, candidates, penalty=1.0).toarray()

    assert by_table == pytest.approx(without, abs=1e-12)


@pytest.mark.parametrize(("bound", "value"), [("BATCH_CELLS", 1), ("BATCH_ENTRIES", 1), ("MAX_EMPTY_ROWS", 0)])
def test_bounds_of_memory_do_not_change_the_weights_of_slim(monkeypatch, bound, value):
    baskets = [[0, 1, 2], [1, 2, 3], [3, 4, 5], [0, 5], [0, 1], [2, 4]]
    _, candidates = co_occurrence_of(baskets)
    matrix, customer_weights = matrix_of(baskets), customer_weights_of(baskets)
    monkeypatch.setattr(ridge, "MAX_TABLE_PAIRS", -1)
    in_one_batch = slim(matrix, customer_weights, candidates, penalty=1.0).toarray()

    monkeypatch.setattr(ridge, bound, value)

    assert slim(matrix, customer_weights, candidates, penalty=1.0).toarray() == pytest.approx(in_one_batch)


@given(BASKETS)
def test_ease_has_the_weights_of_the_inverse_for_pairs_with_a_common_customer(baskets):
    gram = gram_of(baskets)
    inverse = np.linalg.inv(gram + 2.0 * np.eye(N_PRODUCTS))
    expected = -inverse / np.diag(inverse)
    np.fill_diagonal(expected, 0.0)

    weights = ease(matrix_of(baskets), customer_weights_of(baskets), penalty=2.0).toarray()

    assert weights == pytest.approx(np.where((gram > 0) & (expected > 1e-12), expected, 0.0), abs=1e-9)
