"""Reasons in words and as bars."""

import pytest

from domain.records.recommendations import Reason
from infra.dashboard.reasons import Cause, category_name, sentence_of, shares_of

CAUSES = {
    "p-1": Cause(name="Nordhut <tent>", event_type="purchase"),
    "p-2": Cause(name="stove", event_type="view"),
    "p-3": Cause(name="mat", event_type="cart"),
    "p-4": Cause(name="lamp", event_type="wishlist"),
}


def sentence(*reasons):
    found = [Reason(source=source, share=share, **cause) for source, share, cause in reasons]
    return sentence_of(found, CAUSES, segment="Premium")


@pytest.mark.parametrize(
    ("source", "cause", "expected"),
    [
        ("bought_together", {"product_id": "p-1"}, "Because they bought the Nordhut &lt;tent&gt;; often bought together."),
        ("viewed_together", {"product_id": "p-2"}, "Because they looked at the stove; often looked at together."),
        ("similar_product", {"product_id": "p-3"}, "Because they put the mat in the cart; much alike."),
        ("bought_together", {"product_id": "p-4"}, "Because they put the lamp on the wish list; often bought together."),
        ("bought_together", {"product_id": "p-9"}, "Because of what they bought and looked at."),
        ("category_interest", {"category": "outdoor/hiking_gear"}, "Because of their interest in Hiking gear."),
        ("segment_trend", {}, "Premium customers like it now."),
        ("price_fit", {}, "It has the price that Premium customers usually pay."),
        ("new", {}, "It is new in the shop."),
        ("popular", {}, "Many customers buy it."),
        ("rule", {"rule": "Spring"}, "Because of your rule Spring."),
        ("own_margin", {}, "Own margin."),
    ],
)
def test_a_reason_is_a_sentence(source, cause, expected):
    assert sentence((source, 1.0, cause)) == expected


def test_the_largest_reason_with_a_product_counts_and_no_reason_says_so():
    found = sentence(
        ("popular", 0.6, {}),
        ("bought_together", 0.1, {"product_id": "p-1"}),
        ("viewed_together", 0.3, {"product_id": "p-2"}),
    )

    assert found == "Because they looked at the stove; often looked at together."
    assert sentence() == "No reason is known."


def test_shares_are_added_up_by_source_and_stand_one_after_the_other():
    reasons = [Reason(source="popular", share=0.05), Reason(source="bought_together", share=0.5, product_id="p-1")]
    shares = shares_of([*reasons, Reason(source="bought_together", share=0.4), Reason(source="margin", share=0.05)])

    assert [(share.colour, share.start, share.width, share.has_label) for share in shares] == [
        ("bought", 0.0, 90.0, True), ("popular", 90.0, 5.0, False), ("rest", 95.0, 5.0, False),
    ]  # fmt: skip
    assert [share.label for share in shares] == ["bought together", "best seller", "Margin"]


def test_a_category_is_called_by_its_last_level():
    assert (category_name("outdoor/hiking"), category_name(None)) == ("Hiking", "")
