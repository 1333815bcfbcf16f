"""Segments and addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.records.customers import SEGMENTS, SegmentInputs, SegmentRule, computed_segment, segment_of
from tests.domain.shop import NOW_US, summary

RULE = SegmentRule(recency_days=(10, 20, 30, 40), orders=(1, 2, 3, 4), spent=(10, 20, 30, 40))


@pytest.mark.parametrize(
    ("orders", "spent", "days", "segment"),
    [
        (4, 40.0, 0, "Premium"),  # 4 + 4 + 4 points
        (2, 30.0, 0, "Premium"),  # 4 + 2 + 3
        (1, 30.0, 0, "Regular"),  # 4 + 1 + 3: a point short
        (4, 25.0, 0, "Regular"),  # 4 + 4 + 2: too little money
        (1, 10.0, 30, "Budget"),  # 1 + 1 + 1
        (3, 10.0, 0, "Regular"),  # 4 + 3 + 1: too many points
        (1, 20.0, 30, "Regular"),  # 1 + 1 + 2: too much money
        (1, 5.0, 500, "Budget"),  # 0 + 1 + 0
    ],
)
def test_recency_frequency_and_money_decide_the_segment(orders, spent, days, segment):
    assert computed_segment(summary(orders, spent, days), rule=RULE, reference_time=NOW_US) == segment


def test_an_assigned_segment_is_never_overwritten():
    rich = SegmentInputs(assigned="Budget", purchases=summary(50, 9999.0), rule=RULE, reference_time=NOW_US)

    assert segment_of(rich) == ("Budget", "assigned")


def test_without_a_purchase_a_customer_is_regular_by_default():
    assert segment_of(SegmentInputs(assigned=None, purchases=None, rule=RULE, reference_time=NOW_US)) == (
        "Regular",
        "default",
    )


@given(st.integers(1, 50), st.floats(0, 1e6), st.floats(0, 5000), st.floats(1, 1000))
def test_who_spends_more_is_never_sorted_lower(orders, spent, days, more):
    rank = {"Budget": 0, "Regular": 1, "Premium": 2}
    one = computed_segment(summary(orders, spent, days), rule=RULE, reference_time=NOW_US)
    other = computed_segment(summary(orders, spent + more, days), rule=RULE, reference_time=NOW_US)

    assert rank[one] <= rank[other]
    assert set(rank) == set(SEGMENTS)
