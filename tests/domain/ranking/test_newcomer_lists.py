"""Customers without history have popular products of their own."""

import pytest

from domain.ranking.signals import compute_signals
from domain.records.recommendations import ListRequest
from tests.domain.shop import model_with, past_event, product, ranking_inputs, weighted_products

TUNED = {
    "popular": weighted_products(p1=1.0),
    "segment_trends": {"Premium": weighted_products(p2=1.0)},
    "newcomer_popular": weighted_products(p3=1.0),
    "newcomer_segment_trends": {"Premium": weighted_products(p4=1.0)},
}
OF_AN_OLDER_VERSION = {name: TUNED[name] for name in ("popular", "segment_trends")}


@pytest.mark.parametrize(
    ("lists", "history", "expected"),
    [
        (TUNED, (), (3, 4)),
        (TUNED, (past_event(product(9)),), (1, 2)),
        (OF_AN_OLDER_VERSION, (), (1, 2)),
    ],
)
def test_newcomers_have_trends_of_their_own_if_the_model_has_any(lists, history, expected):
    inputs = ranking_inputs(*history, model=model_with(**lists), assigned="Premium")

    signals = compute_signals(inputs, request=ListRequest())

    trends = (signals.popularity, signals.segment_trend)
    assert tuple(trend.best_first.tolist() for trend in trends) == tuple([one] for one in expected)


def test_newcomers_have_a_variety_of_their_own():
    config = model_with(variety=0.25, newcomer_variety=1.0).config

    assert (config.variety_for(has_history=True), config.variety_for(has_history=False)) == (0.25, 1.0)


def test_newcomers_have_the_variety_of_others_in_models_of_older_versions():
    assert model_with(variety=0.0).config.variety_for(has_history=False) == 0.0
