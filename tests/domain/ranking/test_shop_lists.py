"""Lists of the whole shop: tiers of evidence, one product of each group of variants."""

from datetime import timedelta

import numpy as np
import pytest

from domain.ranking.catalogue import Catalogue
from domain.ranking.packing import pack
from domain.ranking.shop_lists import (
    ListOrigin,
    newest_tier,
    popular_tier,
    rank_shop_list,
    rising_tier,
    spread,
    weighted_tier,
)
from domain.records.recommendations import ListRequest
from domain.records.values import to_microseconds
from tests.domain.shop import NOW, product


def day(**counts):
    """Return packed counts, given as `p<index>=count`."""
    return pack([int(name[1:]) for name in counts], list(counts.values()))


def catalogue_of(*products):
    return Catalogue(products or [product(index) for index in range(10)])


def ranked(*tiers, catalogue=None, kind="popular", left_out=(), **fields):
    origin = ListOrigin(kind=kind, model_id="m-1")
    left_out, request = np.array(left_out, dtype=np.intp), ListRequest(**fields)
    return rank_shop_list(tiers, catalogue or catalogue_of(), origin=origin, request=request, left_out=left_out)


def indexes_of(ranked_products):
    return [item.product.product_index for item in ranked_products.items]


def test_buyers_count_before_visitors_over_all_days():
    tier = popular_tier([day(p1=2), day(p1=1, p2=3)], [day(p1=2, p3=40), day(p1=1, p2=3, p3=10, p4=1)])

    # Of two products with three buyers and three visitors, the one that came later into the catalogue is first.
    assert tier.products.tolist() == [2, 1, 3, 4]
    assert tier.amounts.tolist() == pytest.approx([3 + 6 / 51, 3 + 6 / 51, 50 / 51, 1 / 51])


def test_visitors_may_lack_those_who_bought():
    assert popular_tier([day(p1=2, p2=3)], []).products.tolist() == [2, 1]


def test_no_events_are_no_evidence():
    assert popular_tier([], []).products.tolist() == []
    assert rising_tier([]).products.tolist() == []
    assert ranked(popular_tier([], [])).strategy == "empty"


def test_a_score_is_the_share_of_the_largest_amount_and_has_a_reason():
    answer = ranked(weighted_tier([4, 7], [8.0, 2.0]))

    assert [(item.score, [(one.source, one.share) for one in item.reasons]) for item in answer.items] == [
        (1.0, [("popular", 1.0)]), (0.25, [("popular", 1.0)]),
    ]  # fmt: skip
    assert (answer.strategy, answer.kind, answer.model_id) == ("popular", "popular", "m-1")


def test_a_later_tier_stands_below_an_earlier_one():
    catalogue = catalogue_of()
    fill = newest_tier(np.array([7, 4, 2]), catalogue, now=NOW)
    answer = ranked(rising_tier([day(p4=3.0, p1=1.5)]), fill, catalogue=catalogue, kind="trending")

    assert indexes_of(answer) == [4, 1, 7, 2]
    assert [item.score for item in answer.items] == pytest.approx([1.0, 0.5, 0.45 / 2, 0.45 / 2])
    assert [item.reasons[0].source for item in answer.items] == ["rising", "rising", "new", "new"]
    assert answer.strategy == "learned"


def test_a_list_that_only_new_products_fill_rests_on_the_catalogue():
    catalogue = catalogue_of()

    assert (
        ranked(weighted_tier([], []), newest_tier(np.array([3]), catalogue, now=NOW), catalogue=catalogue).strategy
        == "catalogue"
    )


def test_limit_and_placement_are_those_of_the_request():
    answer = ranked(weighted_tier([1, 2, 3], [3.0, 2.0, 1.0]), limit=2, placement="home")

    assert indexes_of(answer) == [1, 2]
    assert answer.placement == "home"


def test_the_best_variant_stands_for_the_others():
    catalogue = catalogue_of(product(0), product(1, variant_of="p-0"), product(2))

    assert indexes_of(ranked(weighted_tier([1, 0, 2], [3.0, 2.0, 1.0]), catalogue=catalogue)) == [1, 2]


def test_newness_halves_after_a_month():
    ages = [
        product(index, created_at=to_microseconds(NOW - timedelta(days=days))) for index, days in enumerate([-1, 0, 30, 90])
    ]

    assert newest_tier(np.arange(4), catalogue_of(*ages), now=NOW).amounts.tolist() == [1.0, 1.0, 0.5, 0.25]


def spread_of(*products, limit):
    """Return the places of products, given newest first, in a list of new products."""
    return spread(np.arange(len(products)), catalogue_of(*products), limit=limit).tolist()


def test_one_brand_or_category_has_a_third_of_the_places():
    same_brand = [product(index, brand="x", category=f"c-{index}") for index in range(4)]
    same_category = [product(index, brand=f"b-{index}", category="a") for index in range(4, 8)]
    others = [product(index) for index in range(8, 12)]

    assert spread_of(*same_brand, *same_category, *others, limit=6) == [0, 1, 4, 5, 8, 9]


def test_the_newest_of_those_left_over_fill_a_list():
    of_one_brand = [product(index, brand="x") for index in range(5)]

    assert spread_of(*of_one_brand, product(5), limit=4) == [0, 1, 2, 5]
    assert spread_of(*of_one_brand, limit=9) == [0, 1, 2, 3, 4]
    assert spread_of(*of_one_brand, limit=1) == [0]


def test_what_is_left_out_and_its_variants_are_in_no_list():
    catalogue = catalogue_of(product(0), product(1, variant_of="p-0"), product(2))

    assert indexes_of(ranked(weighted_tier([1, 2], [3.0, 2.0]), catalogue=catalogue, left_out=[0])) == [2]
