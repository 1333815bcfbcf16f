"""The part of a score that a product gets for itself: trends, interest in its category, its price, its newness."""

from datetime import timedelta

import pytest

from domain.ranking.model import PriceFit
from domain.ranking.packing import pack
from domain.records.values import DAY
from tests.domain.ranking.lists import causes, ids, ranked_list, ranking_of, sources
from tests.domain.shop import NOW, NOW_US, model_with, past_event, product, ranking_inputs


def test_interest_in_a_category_names_the_deepest_shared_path():
    inputs = ranking_inputs(past_event(product(1, category="home/lamps")))

    ranked = ranked_list(
        inputs, [product(2, category="garden"), product(3, category="home/lamps"), product(4, category="home/x")]
    )

    assert ids(ranked) == ["p-3", "p-4", "p-2"]
    by_id = {item.product_id: item for item in ranked.items}
    assert causes(by_id["p-3"], "category_interest") == [(None, "home/lamps")]
    assert causes(by_id["p-4"], "category_interest") == [(None, "home")]
    assert "category_interest" not in sources(by_id["p-2"])


def test_popular_products_of_a_category_of_interest_come_before_its_other_products():
    lamp = product(1, category="home/lamps")
    inputs = ranking_inputs(past_event(lamp), category_trends={"home/lamps": pack([3], [1.0])})

    ranked = ranked_list(inputs, [product(2, category="home/lamps"), product(3, category="home/lamps")])

    assert ids(ranked) == ["p-3", "p-2"]


def test_a_product_at_the_usual_price_of_the_segment_comes_first():
    model = model_with(median_prices={"a": 100.0}, price_fit={"Premium": PriceFit(mean=0.7, deviation=0.3)})
    products = [product(2, category="a", price=50.0), product(3, category="a", price=200.0), product(4, category="a")]

    ranked = ranked_list(ranking_inputs(assigned="Premium", model=model), products)

    assert ids(ranked)[0] == "p-3"
    assert "price_fit" not in sources(next(item for item in ranked.items if item.product_id == "p-4"))


def test_a_price_in_another_currency_fits_at_its_rate():
    model = model_with(median_prices={"a": 100.0}, price_fit={"Premium": PriceFit(mean=0.7, deviation=0.3)})
    products = [product(index, category="a", price=200.0, rate=rate) for index, rate in ((2, 0.5), (3, 1.0), (4, None))]

    ranked = ranked_list(ranking_inputs(assigned="Premium", model=model), products)

    assert ids(ranked) == ["p-3", "p-2", "p-4"]
    assert "price_fit" not in sources(ranked.items[2])


def test_newness_is_at_most_1_for_a_product_created_after_the_time_of_the_request():
    inputs, created_tomorrow = ranking_inputs(), product(1, created_at=NOW_US + DAY)

    ranking = ranking_of(inputs, [created_tomorrow], now=NOW - timedelta(days=2))

    assert ranking.values.tolist() == pytest.approx([model_with().config.source_weights.new])
