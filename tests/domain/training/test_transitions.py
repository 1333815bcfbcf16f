"""Item transitions of hand-made histories."""

import numpy as np
import pytest

from domain.training.transitions import GAP_DAYS, item_transitions
from tests.domain.event_logs import event_log


def test_a_transition_is_weighed_by_distance_and_halved_per_gap():
    log = event_log(("a", 0, "view", 2), ("a", 1, "view", 1), ("a", 2, "view", 0), ("b", 3, "view", 0))

    transitions = item_transitions(log, n_products=4, seed_exponent=0.0, candidate_exponent=0.0).toarray()

    one_day, two_days = 0.5 ** (1 / GAP_DAYS), 0.5 ** (2 / GAP_DAYS)
    assert transitions == pytest.approx(np.array([[0, one_day, two_days / 2, 0], [0, 0, one_day, 0], [0] * 4, [0] * 4]))


def test_events_of_one_instant_count_in_both_directions():
    log = event_log(("a", 0, "purchase", 0, 1), ("a", 1, "purchase", 0, 1))

    transitions = item_transitions(log, n_products=2, seed_exponent=0.0, candidate_exponent=0.0).toarray()

    assert transitions.tolist() == [[0.0, 1.0], [1.0, 0.0]]


def test_there_is_no_transition_from_a_product_to_itself():
    log = event_log(("a", 0, "view", 1), ("a", 0, "view", 0))

    assert item_transitions(log, n_products=1, seed_exponent=0.5, candidate_exponent=0.5).nnz == 0
