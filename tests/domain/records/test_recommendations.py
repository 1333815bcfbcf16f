"""Filters of requests, and lists for a storefront."""

import pytest
from msgspec import UNSET

from domain.errors import InvalidField
from domain.records.recommendations import (
    ListRequest,
    Reason,
    RecommendationList,
    RecommendedProduct,
    for_storefront,
)
from tests.domain.shop import NOW, product


def test_filters_match_whole_category_levels_and_prices_inclusively():
    request = ListRequest(category="home", min_price=10, max_price=20)

    admitted = [
        request.admits(product(1, **fields))
        for fields in (
            {"category": "home", "price": 10.0},
            {"category": "home/lamps", "price": 20.0},
            {"category": "homeware", "price": 15.0},
            {"category": None, "price": 15.0},
            {"category": "home", "price": None},
            {"category": "home", "price": 20.01},
            {"category": "home", "price": 9.99},
        )
    ]

    assert admitted == [True, True, False, False, False, False, False]


def test_a_minimum_price_above_the_maximum_price_is_refused():
    ListRequest(min_price=1, max_price=1).check()
    with pytest.raises(InvalidField):
        ListRequest(min_price=2, max_price=1).check()


def test_a_list_for_a_storefront_has_no_segment_and_no_causes():
    reasons = [
        Reason(source="popular", share=0.4),
        Reason(source="bought_together", share=0.35, product_id="p-2"),
        Reason(source="bought_together", share=0.15, product_id="p-3"),
        Reason(source="category_interest", share=0.1, category="home"),
    ]
    item = RecommendedProduct(
        rank=1, product_id="p-1", name="Lamp", category="home", brand=None, price=None, currency="EUR", url=None,
        image_url=None, score=1.0, reasons=reasons,
    )  # fmt: skip
    ranked = RecommendationList(
        customer_id="c-1", segment="Premium", strategy="personalised", generated_at=NOW, cached=False, items=[item]
    )

    reduced = for_storefront(ranked)

    assert reduced.segment is UNSET
    assert reduced.items[0].reasons == [
        Reason(source="bought_together", share=0.5),
        Reason(source="popular", share=0.4),
        Reason(source="category_interest", share=0.1),
    ]
    assert ranked.items[0].reasons == reasons
