"""The matrix of who took an interest in what."""

import numpy as np
import pytest

from domain.training import interaction_matrix as module
from domain.training.interaction_matrix import activity_weights, interaction_matrix
from tests.domain.event_logs import log_of


def test_a_pair_of_customer_and_product_counts_once_with_its_largest_weight():
    log = log_of(("a", 1, "view", 3), ("a", 1, "purchase", 2), ("a", 2, "view", 1))

    matrix = interaction_matrix(log, np.array([1.0, 4.0, 2.0]), n_products=3)

    assert matrix.toarray().tolist() == [[0.0, 4.0, 2.0]]


def test_a_customer_counts_with_the_newest_products_only(monkeypatch):
    monkeypatch.setattr(module, "MAX_PRODUCTS_PER_CUSTOMER", 2)
    log = log_of(("a", 5, "view", 3), ("a", 0, "view", 2), ("a", 1, "view", 1), ("b", 3, "view", 9))

    matrix = interaction_matrix(log, np.ones(4), n_products=6)

    assert [row.tolist() for row in matrix.toarray().nonzero()] == [[0, 0, 1], [0, 1, 3]]


def test_no_events_make_an_empty_matrix():
    assert interaction_matrix(log_of(), np.empty(0), n_products=2).shape == (0, 2)


def test_active_customers_count_less():
    log = log_of(*(("a", product, "view", 0) for product in range(4)), ("b", 0, "view", 0))

    matrix = interaction_matrix(log, np.ones(5), n_products=4)

    assert activity_weights(matrix, exponent=0.5).tolist() == pytest.approx([1 / 2, 1.0])
