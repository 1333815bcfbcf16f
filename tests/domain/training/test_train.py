"""What training learns of a small shop."""

import pytest

from domain.ranking.hyperparameters import Hyperparameters
from domain.ranking.model import TunedConfig
from domain.ranking.packing import unpack
from domain.records.customers import SEGMENTS, SegmentRule
from domain.training.train import train_model
from tests.domain.event_logs import log_of
from tests.domain.shop import NOW_US, product

DEFAULTS = TunedConfig()
WITHOUT_MOMENTUM = TunedConfig(hyperparameters=Hyperparameters(momentum_exponent=0.0))


def train(log, products, assigned=None, choice=DEFAULTS):
    return train_model(log, products, assigned=assigned or {}, model_id="m", trained_at=NOW_US, choice=choice)


def test_what_was_bought_together_is_told_apart_from_what_was_only_viewed():
    log = log_of(("a", 0, "purchase", 0, 1), ("a", 1, "purchase", 0, 1), ("a", 2, "view", 0), ("a", 3, "cart", 0))

    trained = train(log, [product(number, category=f"c{number}") for number in range(4)])

    lists = {entry.product_index: entry for entry in trained.neighbours}
    assert unpack(lists[0].bought_together)["product_index"].tolist() == [1]
    assert sorted(unpack(lists[0].viewed_together)["product_index"].tolist()) == [2, 3]
    assert sorted(unpack(lists[2].viewed_together)["product_index"].tolist()) == [0, 1, 3]
    assert lists[2].bought_together == b""


def test_popularity_weighs_the_type_and_halves_in_a_fortnight():
    log = log_of(("a", 0, "view", 0), ("a", 1, "purchase", 14, 1), ("b", 2, "purchase", 28, 2))

    popular = train(log, [product(number) for number in range(3)], choice=WITHOUT_MOMENTUM).model.popular

    assert popular.products == (1, 0, 2)
    assert popular.weights == pytest.approx((1.0, 1 / (4 / 2), (4 / 4) / (4 / 2)))


def test_a_segments_trend_is_shrunk_towards_all():
    log = log_of(("a", 0, "view", 0), ("b", 1, "view", 0), ("b", 1, "view", 9), ("c", 1, "view", 0))

    trained = train(log, [product(0), product(1)], {"a": "Premium"}, choice=WITHOUT_MOMENTUM)
    trend = trained.model.segment_trends["Premium"]

    smoothing = Hyperparameters().segment_smoothing
    scores = {0: (1 + smoothing / 3) / (1 + smoothing), 1: (smoothing * 2 / 3) / (1 + smoothing)}
    assert trend.by_index == pytest.approx({1: 1.0, 0: scores[0] / scores[1]})


def test_segment_events_count_what_the_customers_of_a_segment_did():
    log = log_of(("a", 0, "view", 0), ("b", 0, "view", 0), ("b", 0, "view", 1))

    counted = train(log, [product(0)], {"a": "Premium"}).model.segment_events

    assert counted == {"Premium": 1, "Regular": 2, "Budget": 0}
    assert tuple(counted) == SEGMENTS


def test_categories_have_their_trends_at_every_level():
    log = log_of(("a", 0, "view", 0), ("a", 1, "cart", 0))
    products = [product(0, category="home/lamps"), product(1, category="home/desks"), product(2, category="garden")]

    trends = train(log, products).category_trends

    assert {path: unpack(packed)["product_index"].tolist() for path, packed in trends.items()} == {
        "home": [1, 0],
        "home/lamps": [0],
        "home/desks": [1],
    }


def test_products_without_a_category_have_no_category_trend():
    assert train(log_of(("a", 0, "view", 0)), [product(0)]).category_trends == {}


def rebought(n_pairs, n_again, *, days=10, first=50):
    once = [(f"c{number}", 0, "purchase", first, number + 1) for number in range(n_pairs)]
    again = [(f"c{number}", 0, "purchase", first - days, 1000 + number) for number in range(n_again)]
    return log_of(*once, *again, ("last", 1, "view", 0))


@pytest.mark.parametrize(
    ("n_pairs", "n_again", "learned"), [(100, 26, {"food": 10.0}), (100, 25, {}), (10, 10, {"food": 10.0})]
)
def test_a_category_is_rebought_where_enough_buyers_come_back(n_pairs, n_again, learned):
    # (26 + 20 x 26 / 120) / 120 is more than a quarter, for 25 it is less.
    products = [product(0, category="food"), product(1)]

    assert train(rebought(n_pairs, n_again), products).model.rebuy_days == learned


def test_the_segment_rule_follows_the_quintiles_of_enough_buyers():
    log = log_of(*((f"c{number}", 0, "purchase", number, number + 1, float(number)) for number in range(51)))

    rule = train(log, [product(0)]).model.segment_rule

    assert rule.spent == (10.0, 20.0, 30.0, 40.0)
    assert rule.recency_days == (10.0, 20.0, 30.0, 40.0)
    assert rule.orders == (1.0, 1.0, 1.0, 1.0)


def test_the_default_rule_serves_few_buyers():
    log = log_of(*((f"c{number}", 0, "purchase", number, number + 1, float(number)) for number in range(49)))

    assert train(log, [product(0)]).model.segment_rule == SegmentRule()


def test_prices_are_measured_against_the_median_of_their_category():
    products = [product(number, category="a", price=float(price)) for number, price in enumerate((10, 20, 40))]
    log = log_of(*(("rich", 2, "purchase", 0, order) for order in range(1, 101)), ("poor", 1, "purchase", 0, 200))

    model = train(log, products, {"rich": "Premium"}).model

    assert model.median_prices == {"a": 40.0}
    assert set(model.price_fit) == {"Premium"}
    assert model.price_fit["Premium"].mean == pytest.approx(0.0)
    assert model.price_fit["Premium"].deviation == 0.1


def test_age_counts_from_the_newest_event_however_old():
    events = [("a", 0, "view", 3000), ("a", 1, "view", 3014)]

    popular = train(log_of(*events), [product(0), product(1)], choice=WITHOUT_MOMENTUM).model.popular

    assert popular.weights == pytest.approx((1.0, 0.5))


def test_a_shop_without_anything_still_gets_a_model():
    trained = train(log_of(), [])

    assert trained.neighbours == []
    assert trained.model.popular.products == ()
    assert trained.model.segment_events == {"Premium": 0, "Regular": 0, "Budget": 0}


def test_the_same_events_give_the_same_model():
    log = log_of(("a", 0, "purchase", 0, 1), ("a", 1, "view", 0), ("b", 1, "purchase", 3, 2))
    products = [product(0, category="x"), product(1, category="x")]

    assert train(log, products) == train(log, products)


def test_an_index_that_no_product_has_gets_no_lists():
    trained = train(log_of(("a", 0, "view", 0), ("a", 2, "view", 0)), [product(0), product(2)])

    assert [entry.product_index for entry in trained.neighbours] == [0, 2]
