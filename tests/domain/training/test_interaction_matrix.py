"""The matrix of customers and products."""

import numpy as np
import pytest

from domain.training import interaction_matrix as module
from domain.training.event_pairs import pairs_of
from domain.training.interaction_matrix import activity_weights, interaction_matrix, with_columns
from tests.domain.event_logs import event_log


def test_a_pair_of_customer_and_product_has_its_largest_weight():
    log = event_log(("a", 1, "view", 3), ("a", 1, "purchase", 2), ("a", 2, "view", 1))

    matrix = interaction_matrix(pairs_of(log), np.array([1.0, 4.0, 2.0]), n_products=3)

    assert matrix.toarray().tolist() == [[0.0, 4.0, 2.0]]


def test_only_the_newest_products_of_a_customer_count(monkeypatch):
    monkeypatch.setattr(module, "MAX_PRODUCTS_PER_CUSTOMER", 2)
    log = event_log(("a", 5, "view", 3), ("a", 0, "view", 2), ("a", 1, "view", 1), ("b", 3, "view", 9))

    matrix = interaction_matrix(pairs_of(log), np.ones(4), n_products=6)

    assert [positions.tolist() for positions in matrix.toarray().nonzero()] == [[0, 0, 1], [0, 1, 3]]


def test_the_matrix_of_no_events_has_no_customers():
    assert interaction_matrix(pairs_of(event_log()), np.empty(0), n_products=2).shape == (0, 2)


def test_customers_with_many_products_weigh_less():
    log = event_log(*(("a", index, "view", 0) for index in range(4)), ("b", 0, "view", 0))

    matrix = interaction_matrix(pairs_of(log), np.ones(5), n_products=4)

    assert activity_weights(matrix, exponent=0.5).tolist() == pytest.approx([1 / 2, 1.0])


def test_the_entries_of_other_columns_can_be_left_out():
    log = event_log(("a", 0, "view", 0), ("a", 1, "view", 0), ("b", 1, "view", 0), ("c", 2, "view", 0))
    matrix = interaction_matrix(pairs_of(log), np.array([1.0, 2.0, 3.0, 4.0]), n_products=3)

    chosen = with_columns(matrix, np.array([False, True, True]))

    assert chosen.toarray().tolist() == [[0.0, 2.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 4.0]]
