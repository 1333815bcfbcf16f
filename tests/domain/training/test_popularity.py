"""Popularity in the shop, in a segment and in a category."""

import numpy as np
import pytest

from domain.ranking.hyperparameters import FOREVER, Hyperparameters
from domain.ranking.model import NewcomerPopularity, TunedConfig
from domain.ranking.packing import unpack
from domain.records.customers import SEGMENTS
from domain.training.popularity import (
    category_trends,
    newcomer_popularity_by_segment,
    popularity_by_segment,
    segment_popularity,
    smoothed,
)
from tests.domain.event_logs import event_log, training_data
from tests.domain.shop import product
from tests.domain.trained_shops import train

WITHOUT_MOMENTUM = TunedConfig(hyperparameters=Hyperparameters(momentum_exponent=0.0))


def test_popularity_weighs_the_event_type_and_halves_every_14_days():
    log = event_log(("a", 0, "view", 0), ("a", 1, "purchase", 14, 1), ("b", 2, "purchase", 28, 2))

    popular = train(log, [product(index) for index in range(3)], config=WITHOUT_MOMENTUM).model.popular

    assert popular.products == (1, 0, 2)
    assert popular.weights == pytest.approx((1.0, 1 / (4 / 2), (4 / 4) / (4 / 2)))


def test_age_counts_from_the_newest_event():
    log = event_log(("a", 0, "view", 3000), ("a", 1, "view", 3014))

    popular = train(log, [product(0), product(1)], config=WITHOUT_MOMENTUM).model.popular

    assert popular.weights == pytest.approx((1.0, 0.5))


def test_the_trend_of_a_segment_is_smoothed_towards_all_customers():
    log = event_log(("a", 0, "view", 0), ("b", 1, "view", 0), ("b", 1, "view", 9), ("c", 1, "view", 0))

    trained = train(log, [product(0), product(1)], {"a": "Premium"}, config=WITHOUT_MOMENTUM)

    smoothing = Hyperparameters().segment_smoothing
    scores = {0: (1 + smoothing / 3) / (1 + smoothing), 1: (smoothing * 2 / 3) / (1 + smoothing)}
    trend = trained.model.segment_trends["Premium"]
    assert trend.products == (1, 0)
    assert trend.weights == pytest.approx((1.0, scores[0] / scores[1]))


def test_the_popularity_in_a_segment_is_smoothed_by_the_pseudo_count_of_the_hyperparameters():
    log = event_log(("a", 0, "view", 0), ("b", 1, "view", 0), ("c", 1, "view", 0))
    data = training_data(log, assigned={"a": "Premium"})

    in_segments = segment_popularity(data, Hyperparameters(segment_smoothing=3.0))

    # All views are of one instant, so each counts 1: Premium has 1 view, and 3 more are shared as those of all customers.
    premium = in_segments[SEGMENTS.index("Premium")]
    assert premium == pytest.approx([(1 + 3 * 1 / 3) / (1 + 3), (0 + 3 * 2 / 3) / (1 + 3)])
    assert in_segments == pytest.approx(smoothed(popularity_by_segment(data, Hyperparameters()), pseudo_count=3.0))


def test_category_trends_cover_every_level():
    log = event_log(("a", 0, "view", 0), ("a", 1, "cart", 0))
    products = [product(0, category="home/lamps"), product(1, category="home/desks"), product(2, category="garden")]

    trends = train(log, products).category_trends

    assert {path: unpack(packed)["product_index"].tolist() for path, packed in trends.items()} == {
        "home": [1, 0],
        "home/lamps": [0],
        "home/desks": [1],
    }


def test_products_without_a_category_have_no_category_trend():
    assert train(event_log(("a", 0, "view", 0)), [product(0)]).category_trends == {}


def test_a_category_trend_has_the_50_most_popular_products():
    products = [product(index, category="a") for index in range(60)]

    trend = category_trends(products, np.arange(1.0, 61.0))["a"]

    assert trend.products == tuple(range(59, 9, -1))
    assert trend.weights == pytest.approx(tuple((index + 1) / 60 for index in range(59, 9, -1)))


def counted(log, **counting):
    plain = {"trend_days": FOREVER, "momentum_exponent": 0.0, "repeat_exponent": 0.0, "visit_exponent": 0.0}
    settings = plain | counting
    popularities = newcomer_popularity_by_segment(training_data(log), Hyperparameters(), NewcomerPopularity(**settings))
    # Nothing is halved but by the hundred years of FOREVER.
    return popularities[0].round(3).tolist()


def test_each_purchase_of_a_customer_counts_for_newcomers_with_the_repeat_exponent():
    log = event_log(*(("a", 0, "purchase", days) for days in range(4)), ("b", 1, "purchase", 0), ("c", 1, "purchase", 0))
    purchase = counted(event_log(("a", 0, "purchase", 0)))[0]

    assert counted(log) == [purchase, 2 * purchase]
    assert counted(log, repeat_exponent=0.5) == pytest.approx([2 * purchase, 2 * purchase])
    assert counted(log, repeat_exponent=1.0) == pytest.approx([4 * purchase, 2 * purchase])


def test_an_event_of_a_long_visit_counts_less_with_the_visit_exponent():
    long_visit = [("a", product, "view", 0) for product in (0, 1, 2, 3)]
    log = event_log(*long_visit, ("a", 4, "view", 3))

    assert counted(log) == [1.0] * 5
    assert counted(log, visit_exponent=0.5) == pytest.approx([1 / 2] * 4 + [1.0])


def test_events_so_old_that_they_weigh_nothing_are_no_fault():
    log = event_log(("a", 0, "view", 1300.0), ("b", 0, "view", 1300.0), ("a", 1, "view", 0.0))

    assert counted(log, trend_days=1.0, repeat_exponent=0.5) == [0.0, 1.0]


def test_without_events_nothing_is_popular_for_newcomers():
    assert counted(event_log()) == []
    assert training_data(event_log()).visit_sizes.tolist() == []
