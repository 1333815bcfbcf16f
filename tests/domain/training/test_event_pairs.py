"""The events of a log by pair of customer and product."""

import numpy as np

from domain.training.event_pairs import pairs_of
from tests.domain.event_logs import event_log


def test_events_are_grouped_by_pair_the_oldest_first():
    pairs = pairs_of(event_log(("b", 1, "view", 0), ("a", 1, "view", 2), ("b", 1, "cart", 3), ("b", 0, "view", 1)))

    # Customers are numbered as they first occur: b, then a.
    assert [*zip(pairs.customers.tolist(), pairs.products.tolist(), strict=True)] == [(0, 0), (0, 1), (1, 1)]
    assert pairs.first.tolist() == [3, 2, 1]
    assert pairs.largest(np.array([1.0, 5.0, 2.0, 7.0])).tolist() == [7.0, 2.0, 5.0]


def test_the_pairs_of_a_customer_are_ranked_by_their_newest_event():
    pairs = pairs_of(event_log(("a", 0, "view", 5), ("a", 0, "view", 1), ("a", 1, "view", 2), ("b", 0, "view", 9)))

    assert pairs.recency_rank.tolist() == [0, 1, 0]


def test_a_log_without_events_has_no_pairs():
    pairs = pairs_of(event_log())

    assert (len(pairs.starts), len(pairs.recency_rank), len(pairs.largest(np.empty(0)))) == (0, 0, 0)
    assert len(pairs.sums(np.empty(0))) == 0


def test_weights_are_summed_by_pair():
    pairs = pairs_of(event_log(("a", 1, "view", 0), ("b", 0, "view", 0), ("a", 1, "cart", 2)))

    assert pairs.sums(np.array([1.0, 2.0, 4.0])).tolist() == [1.0 + 4.0, 2.0]
