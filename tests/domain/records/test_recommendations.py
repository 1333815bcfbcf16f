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
from tests.domain.shop import NOW


@pytest.mark.parametrize(
    ("conditions", "is_filtered", "is_storable"),
    [
        ({}, False, True),
        ({"limit": 100}, False, True),
        ({"placement": "cart"}, False, True),
        ({"categories": frozenset({"home"})}, True, False),
        ({"brands": frozenset({"Campo"})}, True, False),
        ({"tags": frozenset({"new"})}, True, False),
        ({"attributes": (("colour", frozenset({"red"})),)}, True, False),
        ({"min_price": 0.0}, True, False),
        ({"max_price": 0.0}, True, False),
        ({"exclude": frozenset({"p-1"})}, True, False),
        ({"seen": "include"}, False, False),
        ({"seen": "exclude"}, False, False),
    ],
)
def test_only_the_list_without_conditions_is_stored(conditions, is_filtered, is_storable):
    request = ListRequest(**conditions)

    assert (request.is_filtered, request.is_storable) == (is_filtered, is_storable)


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
