"""Train and test events, and the ground truth."""

import numpy as np
import pytest

from domain.evaluation.splitting import by_day, for_tuning, ground_truth_of, last_days, last_of_each, some_of_each
from tests.domain.event_logs import event_log, two_group_log


def pairs_of(log):
    return list(zip(log.customers.tolist(), log.products.tolist(), strict=True))


def test_the_last_days_count_from_the_newest_event():
    split = last_days(event_log(("a", 0, "view", 2), ("a", 1, "view", 1), ("a", 2, "view", 0)), 1)

    assert pairs_of(split.train) == [(0, 0), (0, 1)]
    assert pairs_of(split.test) == [(0, 2)]


def test_the_newest_event_of_each_customer_is_held_out():
    log = event_log(("a", 0, "view", 0), ("a", 1, "view", 2), ("b", 2, "view", 9), ("b", 3, "view", 9))

    assert pairs_of(last_of_each(log).test) == [(0, 0), (1, 3)]


def test_a_tenth_of_each_customers_products_is_held_out_with_all_their_events():
    log = event_log(*(("a", index, "view", day) for index in range(20) for day in (0, 1)), ("b", 0, "view", 0))

    split = some_of_each(log, rng=np.random.default_rng(3))

    held_out = {index for _, index in pairs_of(split.test)}
    assert len(held_out) == 2
    assert held_out.isdisjoint(index for customer, index in pairs_of(split.train) if customer == 0)
    assert (1, 0) in pairs_of(split.train)


def test_whole_days_with_about_15_percent_of_the_events_are_held_out():
    log = event_log(*(("a", index, "view", index) for index in range(20)))

    assert [index for _, index in pairs_of(by_day(log).test)] == [0, 1, 2]


def test_a_day_with_most_events_is_held_out_alone():
    log = event_log(("a", 0, "view", 2), ("a", 1, "view", 1), *(("a", 2, "view", 0) for _ in range(50)))

    assert pairs_of(by_day(log).train) == [(0, 0), (0, 1)]


def test_the_oldest_day_is_never_held_out():
    log = event_log(*(("a", 0, "view", 2) for _ in range(50)), ("a", 1, "view", 1), ("a", 2, "view", 0))

    assert pairs_of(by_day(log).train) == [(0, 0)] * 50


def test_events_of_fewer_than_three_days_are_not_split_by_day():
    assert by_day(event_log(("a", 0, "view", 1), ("a", 1, "view", 0))) is None


def test_tuning_holds_out_the_last_days_if_enough_customers_return():
    split = for_tuning(two_group_log(n_customers=200, days=20), seed=0)

    assert split.test.occurred_at.min() > split.train.occurred_at.max()


@pytest.mark.parametrize(
    "log", [two_group_log(), two_group_log(n_customers=30, days=3)], ids=["one instant", "few returning customers"]
)
def test_tuning_holds_out_some_products_of_each_customer_otherwise(log):
    assert len(np.unique(for_tuning(log, seed=0).test.customers)) == len(log.customer_ids)


def test_nothing_is_held_out_for_tuning_with_fewer_than_30_customers():
    assert for_tuning(two_group_log(n_customers=29), seed=0) is None
    assert for_tuning(event_log(), seed=0) is None


def test_products_of_train_events_are_relevant_only_if_lists_may_contain_seen_products():
    split = last_days(
        event_log(
            ("a", 0, "view", 5), ("a", 0, "view", 0), ("a", 1, "view", 0), ("a", 1, "cart", 0),
            ("b", 2, "view", 5), ("b", 2, "view", 0), ("new", 0, "view", 0),
        ),
        1,
    )  # fmt: skip

    without_seen, with_seen = ground_truth_of(split, seen="exclude"), ground_truth_of(split, seen="include")

    assert without_seen.customers.tolist() == [0]
    assert without_seen.of(0).tolist() == [1]
    assert without_seen.left_out == 2
    assert with_seen.customers.tolist() == [0, 1]
    assert [with_seen.of(customer).tolist() for customer in (0, 1)] == [[0, 1], [2]]
    assert with_seen.left_out == 1


def test_a_sample_of_the_ground_truth_keeps_all_relevant_products_of_its_customers():
    ground_truth = ground_truth_of(last_of_each(two_group_log()), seen="exclude")

    sample = ground_truth.sample(10, rng=np.random.default_rng(0))

    assert len(sample.customers) == 10
    assert all(sample.of(customer).tolist() == ground_truth.of(customer).tolist() for customer in sample.customers.tolist())
    assert ground_truth.sample(1000, rng=np.random.default_rng(0)) is ground_truth
