"""Which events are hidden, and what of them is to be found."""

import numpy as np
import pytest

from domain.evaluation.splitting import by_day, for_tuning, ground_truth_of, last_days, last_of_each, some_of_each
from tests.domain.event_logs import log_of, tastes


def events_of(log):
    return list(zip(log.customers.tolist(), log.products.tolist(), strict=True))


def test_the_last_days_count_back_from_the_newest_event():
    split = last_days(log_of(("a", 0, "view", 2), ("a", 1, "view", 1), ("a", 2, "view", 0)), 1)

    assert events_of(split.train) == [(0, 0), (0, 1)]
    assert events_of(split.test) == [(0, 2)]


def test_the_last_event_of_each_customer_is_left_out():
    log = log_of(("a", 0, "view", 0), ("a", 1, "view", 2), ("b", 2, "view", 9), ("b", 3, "view", 9))

    assert events_of(last_of_each(log).test) == [(0, 0), (1, 3)]


def test_some_of_each_customers_products_are_held_out_with_all_their_events():
    log = log_of(*(("a", product, "view", day) for product in range(20) for day in (0, 1)), ("b", 0, "view", 0))

    split = some_of_each(log, rng=np.random.default_rng(3))

    held_out = {product for _, product in events_of(split.test)}
    assert len(held_out) == 2
    assert held_out.isdisjoint(product for customer, product in events_of(split.train) if customer == 0)
    assert (1, 0) in events_of(split.train)


def test_whole_days_with_about_a_seventh_of_the_events_are_held_out():
    log = log_of(*(("a", product, "view", product) for product in range(20)))

    assert [product for _, product in events_of(by_day(log).test)] == [0, 1, 2]


def test_the_oldest_day_is_always_shown():
    log = log_of(("a", 0, "view", 2), ("a", 1, "view", 1), *(("a", 2, "view", 0) for _ in range(50)))

    assert events_of(by_day(log).train) == [(0, 0), (0, 1)]


def test_times_are_not_taken_for_real_on_fewer_than_three_days():
    assert by_day(log_of(("a", 0, "view", 1), ("a", 1, "view", 0))) is None


def test_tuning_hides_the_last_days_where_enough_customers_come_back():
    split = for_tuning(tastes(n_customers=200, days=20), seed=0)

    assert split.test.occurred_at.min() > split.train.occurred_at.max()


@pytest.mark.parametrize("log", [tastes(), tastes(n_customers=30, days=3)])
def test_tuning_hides_some_of_each_customer_otherwise(log):
    assert len(np.unique(for_tuning(log, seed=0).test.customers)) == len(log.customer_ids)


def test_too_few_customers_leave_nothing_to_tune_on():
    assert for_tuning(tastes(n_customers=29), seed=0) is None
    assert for_tuning(log_of(), seed=0) is None


def test_what_was_seen_is_to_be_found_only_where_it_counts():
    split = last_days(
        log_of(
            ("a", 0, "view", 5), ("a", 0, "view", 0), ("a", 1, "view", 0), ("a", 1, "cart", 0),
            ("b", 2, "view", 5), ("b", 2, "view", 0), ("new", 0, "view", 0),
        ),
        1,
    )  # fmt: skip

    dropped, kept = ground_truth_of(split, seen="drop"), ground_truth_of(split, seen="keep")

    assert (dropped.customers.tolist(), dropped.of(0).tolist(), dropped.left_out) == ([0], [1], 2)
    assert (kept.customers.tolist(), kept.of(0).tolist(), kept.of(1).tolist(), kept.left_out) == ([0, 1], [0, 1], [2], 1)


def test_a_sample_keeps_all_that_its_customers_are_to_find():
    ground_truth = ground_truth_of(last_of_each(tastes()), seen="drop")

    sampled = ground_truth.sample(10, rng=np.random.default_rng(0))

    assert len(sampled.customers) == 10
    assert all(sampled.of(one).tolist() == ground_truth.of(one).tolist() for one in sampled.customers.tolist())
    assert ground_truth.sample(1000, rng=np.random.default_rng(0)) is ground_truth
