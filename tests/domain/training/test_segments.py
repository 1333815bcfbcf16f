"""The segment rule and the prices that segments pay."""

import math

import pytest

from domain.records.customers import SegmentRule
from tests.domain.event_logs import event_log
from tests.domain.shop import product
from tests.domain.trained_shops import train


def test_the_edges_of_the_segment_rule_are_the_quintiles_of_enough_buyers():
    log = event_log(*((f"c{number}", 0, "purchase", number, number + 1, float(number)) for number in range(51)))

    rule = train(log, [product(0)]).model.segment_rule

    assert rule.spent == (10.0, 20.0, 30.0, 40.0)
    assert rule.recency_days == (10.0, 20.0, 30.0, 40.0)
    assert rule.orders == (1.0, 1.0, 1.0, 1.0)


def test_fewer_than_50_buyers_have_the_default_rule():
    log = event_log(*((f"c{number}", 0, "purchase", number, number + 1, float(number)) for number in range(49)))

    assert train(log, [product(0)]).model.segment_rule == SegmentRule()


def test_the_price_fit_of_a_segment_is_relative_to_the_median_price_of_the_category():
    products = [product(index, category="a", price=price) for index, price in enumerate((10.0, 20.0, 40.0))]
    log = event_log(*(("rich", 2, "purchase", 0, order) for order in range(1, 101)), ("poor", 1, "purchase", 0, 200))

    model = train(log, products, {"rich": "Premium"}).model

    assert model.median_prices == {"a": 40.0}
    assert set(model.price_fit) == {"Premium"}
    assert model.price_fit["Premium"].mean == pytest.approx(0.0)
    assert model.price_fit["Premium"].deviation == 0.1


def test_prices_in_other_currencies_count_by_their_rate_or_not_at_all():
    rates = {0: 1.0, 1: 0.5, 2: None}
    products = [product(index, category="a", price=40.0, rate=rate) for index, rate in rates.items()]
    log = event_log(*(("rich", order % 3, "purchase", 0, order) for order in range(1, 301)))

    model = train(log, products, {"rich": "Premium"}).model

    # 100 prices of 40, 100 of 20 and none of the third product.
    assert model.median_prices == {"a": 30.0}
    assert model.price_fit["Premium"].mean == pytest.approx((math.log(40 / 30) + math.log(20 / 30)) / 2)
