"""How the parts of a score are told."""

from domain.ranking.reasons import reasons_of
from domain.records.recommendations import Reason


def test_up_to_five_parts_are_told_as_they_are():
    parts = [("bought_together", "p-1", 3.0), ("category_interest", "home", 1.0)]

    assert reasons_of(parts) == [
        Reason(source="bought_together", product_id="p-1", share=0.75),
        Reason(source="category_interest", category="home", share=0.25),
    ]


def test_of_more_the_two_largest_keep_their_cause_and_the_rest_is_merged_per_source():
    parts = [("bought_together", f"p-{part}", float(part)) for part in range(1, 6)] + [("new", None, 5.0)]

    assert reasons_of(parts) == [
        Reason(source="bought_together", share=(4 + 3 + 2 + 1) / 20),
        Reason(source="bought_together", product_id="p-5", share=5 / 20),
        Reason(source="new", share=5 / 20),
    ]


def test_a_source_with_one_part_keeps_its_cause():
    parts = [("bought_together", f"p-{part}", float(part)) for part in range(5, 10)] + [("category_interest", "a/b", 1.0)]

    assert reasons_of(parts)[-1] == Reason(source="category_interest", category="a/b", share=round(1 / 36, 4))


def test_the_smallest_of_more_than_five_sources_are_left_out():
    sources = ("bought_together", "viewed_together", "similar_product", "segment_trend", "price_fit", "new", "popular")
    parts = [(source, None, float(10 - place)) for place, source in enumerate(sources)]

    told = reasons_of(parts)

    assert [reason.source for reason in told] == list(sources[:5])
    assert told[0].share == round(10 / (10 + 9 + 8 + 7 + 6), 4)
