"""Item-to-item neighbours against a slow and obvious computation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import neighbours as module
from domain.neighbours import SHRINKAGE, neighbours, preferences


def matrix_of(baskets, n_products=6):
    """Make the matrix of customers who each took an interest in some products, one after the other."""
    rows = [(customer, product, at) for customer, basket in enumerate(baskets) for at, product in enumerate(basket)]
    customers, products, occurred_at = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return preferences(customers, products, np.ones(len(rows)), occurred_at, n_products=n_products)


def slowly(baskets, n_products=6):
    """Compute all weights pair by pair."""
    together = np.zeros((n_products, n_products))
    for basket in baskets:
        for one in basket:
            for other in basket:
                together[one, other] += len(basket) ** -0.5
    strength = np.sqrt(np.diag(together))
    weights = together / (np.outer(strength, strength) + SHRINKAGE)
    np.fill_diagonal(weights, 0)
    return weights


@given(st.lists(st.sets(st.integers(0, 5), min_size=1).map(sorted), min_size=1, max_size=12))
def test_the_weights_are_shrunk_cosines_of_activity_weighted_co_occurrence(baskets):
    expected = slowly(baskets)

    found = {one.product_index: one for one in neighbours(matrix_of(baskets))}

    for product in range(6):
        best = [other for other in np.lexsort((np.arange(6), -expected[product].round(12))) if expected[product, other] > 0]
        if product not in found:
            assert not best
            continue
        assert sorted(found[product].products.tolist()) == sorted(best)
        assert found[product].weights == pytest.approx(expected[product, found[product].products], rel=1e-5)
        assert (np.diff(found[product].weights) <= 1e-7).all()


def test_only_the_strongest_neighbours_are_kept_and_ties_go_to_the_lower_index():
    (first, *_) = neighbours(matrix_of([[0, 1, 2, 3, 4]]), n_neighbours=2)

    assert first.product_index == 0
    assert first.products.tolist() == [1, 2]


def test_a_pair_of_customer_and_product_counts_once_with_its_largest_weight():
    customers, products = np.array([0, 0, 0]), np.array([1, 1, 2])

    matrix = preferences(customers, products, np.array([1.0, 4.0, 2.0]), np.array([1, 2, 3]), n_products=3)

    assert matrix.toarray().tolist() == [[0.0, 4.0, 2.0]]


def test_a_customer_counts_with_the_newest_products_only(monkeypatch):
    monkeypatch.setattr(module, "MOST_PRODUCTS", 2)

    assert matrix_of([[5, 0, 1], [3]]).toarray().nonzero()[1].tolist() == [0, 1, 3]


def test_no_events_have_no_neighbours():
    assert list(neighbours(matrix_of([]))) == []


def test_blocks_make_no_difference(monkeypatch):
    baskets = [[0, 1, 2], [1, 2, 3], [3, 4, 5], [0, 5]]
    whole = [(one.product_index, one.products.tolist()) for one in neighbours(matrix_of(baskets))]

    monkeypatch.setattr(module, "BLOCK", 2)

    assert [(one.product_index, one.products.tolist()) for one in neighbours(matrix_of(baskets))] == whole
