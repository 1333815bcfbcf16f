"""Segments and addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from domain.records.customers import (
    SEGMENTS,
    Address,
    SegmentInputs,
    SegmentRule,
    StoredAddress,
    address_id,
    computed_segment,
    segment_of,
    with_defaults,
)
from tests.domain.shop import NOW_US, purchase_summary

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
    assert computed_segment(purchase_summary(orders, spent, days), rule=RULE, reference_time=NOW_US) == segment


def test_a_score_on_several_equal_edges_is_their_middle():
    # Everyone has one order of one day: only money tells buyers apart.
    rule = SegmentRule(recency_days=(5, 5, 5, 5), orders=(1, 1, 1, 1), spent=(10, 20, 30, 40))

    segments = [
        computed_segment(purchase_summary(1, spent, 5), rule=rule, reference_time=NOW_US) for spent in (5.0, 25.0, 99.0)
    ]

    assert segments == ["Budget", "Regular", "Regular"]


@pytest.mark.parametrize(("orders", "expected"), [(1, ("Regular", "default")), (2, ("Budget", "computed"))])
def test_a_segment_is_computed_from_the_second_order_on(orders, expected):
    inputs = SegmentInputs(assigned=None, purchases=purchase_summary(orders, 1.0, 500), rule=RULE, reference_time=NOW_US)

    assert segment_of(inputs) == expected


def test_an_assigned_segment_takes_precedence_over_the_computed_one():
    inputs = SegmentInputs(assigned="Budget", purchases=purchase_summary(50, 9999.0), rule=RULE, reference_time=NOW_US)

    assert segment_of(inputs) == ("Budget", "assigned")


def test_a_customer_without_purchases_is_regular_by_default():
    inputs = SegmentInputs(assigned=None, purchases=None, rule=RULE, reference_time=NOW_US)

    assert segment_of(inputs) == ("Regular", "default")


@given(st.integers(1, 50), st.floats(0, 1e6), st.floats(0, 5000), st.floats(1, 1000))
def test_spending_more_never_lowers_the_segment(orders, spent, days, more):
    ranks = {"Budget": 0, "Regular": 1, "Premium": 2}
    segment, segment_with_more = (
        computed_segment(purchase_summary(orders, amount, days), rule=RULE, reference_time=NOW_US)
        for amount in (spent, spent + more)
    )

    assert ranks[segment] <= ranks[segment_with_more]
    assert set(ranks) == set(SEGMENTS)


ADDRESS = Address(kind="shipping", line1="canary street 1", city="canary", postal_code="canary", country="NL")


def test_the_id_of_an_address_depends_on_its_customer_and_content_but_not_on_its_default():
    expected = address_id("c-1", ADDRESS)

    assert address_id("c-1", replace(ADDRESS, is_default=True)) == expected
    assert address_id("c-2", ADDRESS) != expected
    assert address_id("c-1", replace(ADDRESS, line2="canary floor")) != expected
    assert address_id("c-1", replace(ADDRESS, kind="billing")) != expected


def stored(address_id, *, kind="shipping", is_default=False):
    return StoredAddress(address_id=address_id, **asdict(replace(ADDRESS, kind=kind, is_default=is_default)))


def defaults_of(addresses):
    return [address.address_id for address in addresses if address.is_default]


@pytest.mark.parametrize(
    ("known", "added", "merged", "defaults"),
    [
        ([], ["a", "b"], ["a", "b"], ["a"]),
        ([], ["a", "b*"], ["a", "b"], ["b"]),
        (["a*"], ["b"], ["a", "b"], ["a"]),
        (["a*"], ["b*"], ["a", "b"], ["b"]),
        (["a*", "b"], ["b*", "c*"], ["a", "b", "c"], ["c"]),
        (["a*"], ["a"], ["a"], ["a"]),
        (["a"], ["a*", "b"], ["a", "b"], ["a"]),
    ],
)
def test_the_newest_address_marked_as_default_is_the_default_else_the_first(known, added, merged, defaults):
    addresses = with_defaults(*([stored(name[0], is_default="*" in name) for name in names] for names in (known, added)))

    assert [address.address_id for address in addresses] == merged
    assert defaults_of(addresses) == defaults


def test_each_kind_of_address_has_its_own_default():
    addresses = with_defaults(
        [stored("a", is_default=True)], [stored("b", kind="billing"), stored("c", kind="billing", is_default=True)]
    )

    assert defaults_of(addresses) == ["a", "c"]
