"""Weights of popular products, looked up for many products at once."""

import numpy as np

from domain.ranking import trends
from domain.ranking.model import WeightedProducts
from domain.ranking.packing import pack
from domain.ranking.trends import trend_of, unpack_trend

POPULAR = WeightedProducts(products=(7, 2), weights=(1.0, 0.5))


def test_products_have_the_weights_of_a_trend_and_others_have_none():
    for trend in (trend_of(POPULAR), unpack_trend(pack([7, 2], [1.0, 0.5]))):
        assert trend.of(np.array([2, 3, 7, 99])).tolist() == [0.5, 0.0, 1.0, 0.0]
        assert (trend.best_first.tolist(), trend.weights.tolist(), trend.largest) == ([7, 2], [0.5, 1.0], 1.0)


def test_an_empty_trend_has_no_weights():
    trend = trend_of(WeightedProducts())

    assert (trend.of(np.array([1, 2])).tolist(), trend.largest) == ([0.0, 0.0], 0.0)


def test_the_trends_added_last_are_kept(monkeypatch):
    monkeypatch.setattr(trends, "MAX_CACHED", 2)
    monkeypatch.setattr(trends, "_TRENDS", {})
    one, two, three = (WeightedProducts(products=(index,), weights=(1.0,)) for index in (1, 2, 3))
    first, second = trend_of(one), trend_of(two)
    assert trend_of(one) is first

    trend_of(three)

    assert trend_of(two) is second
    assert trend_of(one) is not first
    assert trend_of(one).products.tolist() == [1]
