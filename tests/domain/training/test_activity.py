"""The customers of products by day, and the products that rise."""

import numpy as np

from domain.ranking.packing import unpack
from domain.training.activity import MAX_DAYS, learn_activity, rising
from domain.training.event_pairs import pairs_of
from tests.domain.event_logs import event_log, training_data


def counts_of(*events):
    """Return {measure: {days: {product index: value}}} of a log."""
    found = {}
    for day in learn_activity(training_data(event_log(*events))):
        entries = unpack(day.products)
        products = dict(zip(entries["product_index"].tolist(), entries["weight"].tolist(), strict=True))
        found.setdefault(day.measure, {})[day.age_days] = products
    return found


def test_a_customer_stands_at_the_day_of_the_last_purchase_and_of_the_last_event():
    found = counts_of(
        ("c-1", 0, "purchase", 9.0, 1), ("c-1", 0, "purchase", 3.5, 2), ("c-1", 0, "view", 0.0),
        ("c-2", 0, "purchase", 3.2, 3), ("c-2", 1, "cart", 0.5),
    )  # fmt: skip

    assert found["buyers"] == {3: {0: 2.0}}
    assert found["visitors"] == {0: {0: 1.0, 1: 1.0}, 3: {0: 1.0}}


def test_in_a_log_of_purchases_alone_buyers_are_not_stored_again_as_visitors():
    assert counts_of(("c-1", 0, "purchase", 0.0, 1)).keys() == {"buyers", "rising"}


def test_days_count_from_the_newest_event_and_older_ones_than_a_year_are_left_out():
    found = counts_of(
        ("c-1", 0, "view", 100.0), ("c-2", 0, "view", 100.0 + MAX_DAYS - 0.5), ("c-3", 1, "view", 100.0 + MAX_DAYS)
    )

    assert found["visitors"] == {0: {0: 1.0}, MAX_DAYS - 1: {0: 1.0}}


def test_a_shop_without_events_has_no_activity():
    assert counts_of() == {"rising": {0: {}}}


def log_of(*numbers):
    """Return a log with new customers of each product as (in the last week, in the four weeks before)."""
    events = [
        (f"{days}-{product}-{n}", product, "view", days)
        for product, by_time in enumerate(numbers)
        for days, n_customers in zip((1.0, 20.0), by_time, strict=True)
        for n in range(n_customers)
    ]
    return event_log(("newest", 0, "view", 0.0), *events)


def rising_of(*numbers):
    return rising(pairs_of(log_of(*numbers)), n_products=len(numbers))


def test_what_gains_far_more_new_customers_than_usual_rises():
    steady = [(25, 100)] * 20
    ratios = rising_of(*steady, (100, 100), (4, 1))

    assert np.flatnonzero(ratios).tolist() == [20]
    # 605 new customers came, and 2,101 before, so of the product 605 * 101 / 2,123 = 28.8 were expected, and 100 came.
    assert 2.5 < ratios[20] < 100 / 28.8


def test_small_numbers_do_not_win():
    """Three customers instead of none is a larger ratio than 200 instead of 50, and less certain."""
    ratios = rising_of(*[(25, 100)] * 20, (200, 200), (3, 0))

    assert ratios[20] > ratios[21]


def test_nothing_rises_where_all_differences_are_chance_or_nothing_came_before():
    assert rising_of(*[(25, 100)] * 5).tolist() == [0.0] * 5
    assert rising_of((50, 0), (3, 0)).tolist() == [0.0, 0.0]


def test_products_that_rise_are_packed_best_first():
    data = training_data(log_of(*[(25, 100)] * 20, (100, 100), (300, 100)))

    packed = next(day for day in learn_activity(data) if day.measure == "rising")

    assert unpack(packed.products)["product_index"].tolist() == [21, 20]
