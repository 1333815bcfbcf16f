"""Reasons from the contributions to a score."""

from domain.ranking.reasons import reasons_of
from domain.records.recommendations import Reason


def bought_together(*amounts):
    return [("bought_together", f"p-{amount}", float(amount)) for amount in amounts]


def test_up_to_five_contributions_are_one_reason_each():
    contributions = [("bought_together", "p-1", 3.0), ("category_interest", "home", 1.0)]

    assert reasons_of(contributions, product_id="p-0") == [
        Reason(source="bought_together", product_id="p-1", share=0.75),
        Reason(source="category_interest", category="home", share=0.25),
    ]


def test_of_more_than_five_contributions_all_but_the_two_largest_are_merged_per_source():
    contributions = [*bought_together(1, 2, 3, 4, 5), ("new", None, 5.0)]

    assert reasons_of(contributions, product_id="p-0") == [
        Reason(source="bought_together", product_id="p-5", share=5 / 20),
        Reason(source="bought_together", product_id="p-4", share=4 / 20),
        Reason(source="bought_together", share=(3 + 2 + 1) / 20),
        Reason(source="new", share=5 / 20),
    ]


def test_a_source_with_one_contribution_keeps_its_cause():
    contributions = [*bought_together(5, 6, 7, 8, 9), ("category_interest", "a/b", 1.0)]

    reasons = reasons_of(contributions, product_id="p-0")

    assert Reason(source="category_interest", category="a/b", share=round(1 / 36, 4)) in reasons


def test_the_smallest_of_more_than_five_sources_are_dropped():
    sources = ("bought_together", "viewed_together", "similar_product", "segment_trend", "price_fit", "new", "popular")
    contributions = [(source, None, float(10 - position)) for position, source in enumerate(sources)]

    reasons = reasons_of(contributions, product_id="p-0")

    assert [reason.source for reason in reasons] == list(sources[:5])
    assert reasons[0].share == round(10 / (10 + 9 + 8 + 7 + 6), 4)


def test_a_reason_that_names_its_cause_comes_before_a_larger_one_that_does_not():
    contributions = [("popular", None, 3.0), ("category_interest", "home", 1.0)]

    assert [reason.source for reason in reasons_of(contributions, product_id="p-0")] == ["category_interest", "popular"]


def test_a_product_is_never_its_own_cause():
    contributions = [("viewed_together", "p-1", 3.0), ("viewed_together", "p-2", 1.0)]

    assert reasons_of(contributions, product_id="p-1") == [
        Reason(source="viewed_together", product_id="p-2", share=0.25),
        Reason(source="viewed_together", share=0.75),
    ]
