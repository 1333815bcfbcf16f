"""Train and test events, and the ground truth."""

import numpy as np
import pytest

from domain.evaluation.splitting import (
    by_day,
    for_tuning,
    ground_truth_of,
    last_days,
    last_of_each,
    last_steps,
    some_of_each,
)
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


def test_the_last_step_of_recent_customers_is_held_out_if_they_have_others():
    ordered = [("b", 3, "purchase", 0.5), ("b", 4, "purchase", 0.5)]
    old = [("old", index, "view", 20 - index) for index in range(8)]
    log = event_log(
        *old, ("a", 0, "view", 0.9), ("a", 1, "view", 0.1), ("b", 2, "view", 9), *ordered, ("once", 5, "view", 0)
    )

    split = last_steps(log)

    assert pairs_of(split.test) == [(1, 1), (2, 3), (2, 4)]
    assert len(split.train.products) + len(split.test.products) == len(log.products)


def test_no_last_steps_are_held_out_without_days():
    assert last_steps(event_log(("a", 0, "view", 1), ("a", 1, "view", 0))) is None


def sessions(*, n, n_over_midnight):
    """Return a log of `n` sessions of three minutes, 40 a day; the newest of them go on for days."""
    return event_log(
        *(
            (f"s{number}", (number + minute) % 20, "view", number // 40 + 0.5 - minute / 1440)
            for number in range(n)
            for minute in range(3)
        ),
        *((f"s{number}", (number + 5) % 20, "view", 9) for number in range(n_over_midnight)),
    )


@pytest.mark.parametrize(("n", "n_over_midnight"), [(400, 0), (20_000, 40)])
def test_tuning_holds_out_the_last_step_of_recent_customers_if_almost_none_return(n, n_over_midnight):
    log = sessions(n=n, n_over_midnight=n_over_midnight)

    split = for_tuning(log, seed=0)

    assert len(np.unique(split.test.customers)) == len(split.test.products)
    assert pairs_of(split.test)[0] == (0, 2)
    assert split.test.occurred_at.min() >= by_day(log).test.occurred_at.min()


def test_tuning_holds_out_some_products_of_each_customer_without_times():
    log = two_group_log()

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
