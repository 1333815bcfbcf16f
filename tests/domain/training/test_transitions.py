"""Item transitions of hand-made histories."""

import numpy as np
import pytest

from domain.training.transitions import GAP_DAYS, item_transitions
from tests.domain.event_logs import event_log


def transitions_of(log, *, n_products):
    return item_transitions(log, among=np.ones(n_products, dtype=np.bool_)).weights


def test_a_transition_is_weighed_by_distance_and_halved_per_gap():
    log = event_log(("a", 0, "view", 2), ("a", 1, "view", 1), ("a", 2, "view", 0), ("b", 3, "view", 0))

    transitions = transitions_of(log, n_products=4).toarray()

    one_day, two_days = 0.5 ** (1 / GAP_DAYS), 0.5 ** (2 / GAP_DAYS)
    assert transitions == pytest.approx(np.array([[0, one_day, two_days / 2, 0], [0, 0, one_day, 0], [0] * 4, [0] * 4]))


def test_events_of_one_instant_count_in_both_directions():
    log = event_log(("a", 0, "purchase", 0, 1), ("a", 1, "purchase", 0, 1))

    transitions = transitions_of(log, n_products=2).toarray()

    assert transitions.tolist() == [[0.0, 1.0], [1.0, 0.0]]


def test_there_is_no_transition_from_a_product_to_itself():
    log = event_log(("a", 0, "view", 1), ("a", 0, "view", 0))

    assert transitions_of(log, n_products=1).nnz == 0


def test_transitions_are_divided_by_all_that_leads_away_and_towards_also_outside_the_chosen_products():
    log = event_log(("a", 0, "view", 0), ("a", 1, "view", 0), ("b", 0, "view", 0), ("b", 2, "view", 0))

    transitions = item_transitions(log, among=np.array([True, True, False]))

    # Two lead away from product 0, one of them to product 1; one leads to product 1.
    assert transitions.normalised(seed_exponent=0.5, candidate_exponent=1.0).toarray() == pytest.approx(
        np.array([[0, (2 + 0.5) ** -0.5 / (1 + 0.5), 0], [(1 + 0.5) ** -0.5 / (2 + 0.5), 0, 0], [0, 0, 0]])
    )
