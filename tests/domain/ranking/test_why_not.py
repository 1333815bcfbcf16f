"""Why a product is not in a list: each verdict, and that it agrees with the list, whatever the shop."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.ranking.advice import advice_for
from domain.ranking.packed_history import RETURNED
from domain.ranking.recommend import recommend, shortlist
from domain.ranking.why_not import why_not
from domain.records.attributes import pack_attributes, pack_tags
from domain.records.recommendations import ListRequest
from domain.records.values import DAY
from domain.records.why_not import VERDICTS, ProductStatus, ScorePart, WhyNot
from tests.domain.ranking.lists import TEN
from tests.domain.ranking.test_invariants import CONFIGS, EVENTS, shop_of
from tests.domain.shop import (
    NOW,
    NOW_US,
    model_with,
    neighbour_lists,
    past_event,
    product,
    ranking_inputs,
    weighted_products,
)


def status_of(item, **fields):
    known = {"in_stock": item.available, "withdrawn": False, "listed": True}
    return ProductStatus(product_id=item.product_id, product_index=item.product_index, **known | fields)


def asked(inputs, item, *others, request=TEN, candidates=None, **status):
    """Ask why `item` is not in the list of `candidates`, by default all products that pass the filters."""
    inputs.catalogue.add([item, *others])
    indexes = np.array(sorted({one.product_index for one in (candidates or [item, *others])}), dtype=np.intp)
    admitted = inputs.catalogue.admitted(indexes, request)
    return why_not(inputs, shortlist(inputs, request=request), admitted, status=status_of(item, **status), now=NOW)


def total(parts):
    return sum(part.amount for part in parts)


def neighbours():
    """A customer who looked at product 1, whose neighbours are 2 and 3."""
    return ranking_inputs(past_event(product(1)), neighbours=[neighbour_lists(1, bought=[(2, 0.8), (3, 0.4)])])


def test_a_product_in_the_list_has_its_rank_and_the_parts_of_its_score():
    found = asked(neighbours(), product(2), product(3))

    assert (found.verdict, found.rank, found.variant) == ("in_list", 1, None)
    assert found.parts[0] == ScorePart(source="bought_together", amount=1.0)
    assert total(found.parts) == pytest.approx(found.score, abs=1e-5)
    assert found.last_shown == "p-3"
    assert found.advice == "Nothing: it is in the list, at rank 1."


def test_a_product_that_is_ranked_below_is_compared_with_the_last_one_shown():
    found = asked(neighbours(), product(3), product(2), request=ListRequest(limit=1))

    assert (found.verdict, found.rank, found.last_shown) == ("ranked_below", 2, "p-2")
    # Both are equally old, so only the neighbours differ: 0.4 of 0.8.
    assert found.score_of_last_shown - found.score == pytest.approx(0.5)
    assert total(found.parts_of_last_shown) == pytest.approx(found.score_of_last_shown, abs=1e-5)
    assert found.advice == "It needs a score that is 0.5000 higher, most of all from bought_together, or a limit of 2."


def test_what_similar_products_take_away_is_a_part_of_the_score():
    items = [product(index, category="a", brand="x") for index in (2, 3)]

    found = asked(neighbours(), items[1], items[0])

    assert found.parts[-1].source == "diversity"
    assert found.parts[-1].amount < 0
    assert total(found.parts) == pytest.approx(found.score, abs=1e-5)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ({"in_stock": False}, "out_of_stock"),
        ({"in_stock": False, "withdrawn": True}, "withdrawn"),
        ({"in_stock": True, "withdrawn": True, "listed": False}, "unlisted"),
        # The catalogue that lists are made of has the last word.
        ({"in_stock": True}, "out_of_stock"),
    ],
)
def test_a_product_that_is_not_available_is_in_no_list(status, verdict):
    found = asked(neighbours(), product(2, available=False), product(3), **status)

    assert (found.verdict, found.rank, found.score, found.parts) == (verdict, None, None, [])


def test_an_excluded_product_is_left_out():
    request = ListRequest(exclude=frozenset({"p-2"}), categories=frozenset({"a"}))

    assert asked(neighbours(), product(2), request=request).verdict == "excluded"


def test_the_filters_that_a_product_does_not_pass_are_named():
    red = frozenset({"red"})
    request = ListRequest(
        categories=frozenset({"a"}),
        brands=frozenset({"x"}),
        tags=frozenset({"sale"}),
        attributes=(("colour", red), ("size", frozenset({"s"}))),
        min_price=5.0,
        max_price=9.0,
    )
    packed = {"packed_tags": pack_tags(["new"]), "packed_attributes": pack_attributes({"colour": "blue", "size": "s"})}

    found = asked(neighbours(), product(2, category="a/b", brand="y", price=10.0, **packed), request=request)

    assert (found.verdict, found.filters) == ("outside_filters", ["brand", "tag", "attribute.colour", "max_price"])
    assert found.advice == "Without these filters it may be in the list: brand, tag, attribute.colour, max_price."


def bought(days_ago, **fields):
    """A customer who bought coffee, a product that is bought again after 14 days."""
    coffee = product(1, category="food/coffee", **fields)
    inputs = ranking_inputs(
        past_event(coffee, "purchase", days_ago=days_ago),
        bought={1: NOW_US - days_ago * DAY},
        model=model_with(rebuy_days={"food/coffee": 14.0}),
    )
    return inputs, coffee


def test_a_bought_product_says_when_it_may_return():
    found = asked(*bought(10), product(2))

    assert (found.verdict, found.due_at) == ("bought_not_due", NOW + timedelta(days=4))
    assert found.advice.endswith("it may return from 2026-11-27 on.")
    assert asked(*bought(14), product(2)).verdict == "in_list"


def test_a_bought_product_of_a_category_that_is_not_rebought_never_returns():
    inputs = ranking_inputs(past_event(product(1), "purchase"), bought={1: NOW_US - 400 * DAY})

    found = asked(inputs, product(1), product(2))

    assert (found.verdict, found.due_at) == ("bought_not_due", None)
    assert found.advice.startswith("Nothing: the customer bought it")


def test_a_variant_of_a_bought_product_is_as_the_product():
    inputs, coffee = bought(10, variant_of="beans")

    found = asked(inputs, product(2, category="food/coffee", variant_of="beans"), coffee)

    assert (found.verdict, found.due_at) == ("bought_not_due", NOW + timedelta(days=4))


def test_a_product_that_went_back_was_returned():
    inputs = ranking_inputs(past_event(product(1)), bought={1: RETURNED + NOW_US - 99 * DAY})

    assert asked(inputs, product(1), product(2)).verdict == "returned"


def test_a_list_without_what_was_seen_has_no_product_of_the_history():
    found = asked(neighbours(), product(1), product(2), request=ListRequest(seen="exclude"))

    assert found.verdict == "in_history"
    assert found.advice.startswith("Ask with `seen=include`")


def looked_at_three():
    """A customer whose products 1, 2 and 3 score more than all others, of which a list has at most two of ten places."""
    return ranking_inputs(*[past_event(product(index)) for index in (1, 2, 3)], model=model_with(seen_again=1.0))


@pytest.mark.parametrize("limit", [3, 10])
def test_a_product_beyond_the_quota_of_the_history_is_in_the_history(limit):
    items = [product(index) for index in range(1, 6)]

    third = asked(looked_at_three(), items[2], *items, request=ListRequest(limit=limit))
    second = asked(looked_at_three(), items[1], *items, request=ListRequest(limit=limit))
    with_all = asked(looked_at_three(), items[2], *items, request=ListRequest(limit=limit, seen="include"))

    assert (third.verdict, second.verdict, with_all.verdict) == ("in_history", "in_list", "in_list")
    assert (with_all.rank, third.rank) == (3, None)


def test_a_product_of_the_history_that_would_be_below_anyway_is_ranked_below():
    items = [product(index) for index in range(1, 6)]

    found = asked(looked_at_three(), items[1], *items, request=ListRequest(limit=1))

    assert (found.verdict, found.rank) == ("ranked_below", 2)


def shirts(*, popular):
    red, blue = product(1, product_id="red", variant_of="shirt"), product(2, product_id="blue", variant_of="shirt")
    return ranking_inputs(model=model_with(popular=weighted_products(**popular))), red, blue


def test_a_variant_gives_way_to_the_better_one_in_the_list():
    inputs, red, blue = shirts(popular={"p2": 1.0})

    found = asked(inputs, red, blue)
    no_candidate = asked(inputs, red, blue, candidates=[blue])

    for one in (found, no_candidate):
        assert (one.verdict, one.variant, one.rank) == ("variant_in_list", "blue", 1)
        assert total(one.parts) == pytest.approx(one.score, abs=1e-5)
    assert "its variant blue ranks higher" in found.advice


def test_a_variant_of_a_product_that_is_ranked_below_is_so_too():
    inputs, red, blue = shirts(popular={"p3": 1.0, "p2": 0.5})

    found = asked(inputs, red, blue, product(3), request=ListRequest(limit=1))

    assert (found.verdict, found.variant, found.rank) == ("ranked_below", "blue", 2)


def test_a_product_that_no_source_names_has_no_signal():
    found = asked(ranking_inputs(), product(9), product(2), candidates=[product(2)])

    assert (found.verdict, found.rank, found.last_shown) == ("no_signal", None, "p-2")
    assert [part.source for part in found.parts] == ["new"]


def test_a_product_of_a_category_of_interest_that_is_no_candidate_says_so():
    inputs = ranking_inputs(past_event(product(1, category="a")))

    found = asked(inputs, product(9, category="a"), product(2), candidates=[product(2)])

    assert found.verdict == "not_a_candidate"
    assert "category_interest" in {part.source for part in found.parts}


def test_an_empty_list_has_no_last_product():
    inputs = ranking_inputs()
    inputs.catalogue.add([product(9)])
    nothing = np.empty(0, dtype=np.intp)

    found = why_not(inputs, shortlist(inputs, request=TEN), nothing, status=status_of(product(9)), now=NOW)

    assert (found.last_shown, found.score_of_last_shown, found.parts_of_last_shown) == (None, None, [])


def answer(**fields):
    known = {"customer_id": "c-1", "product_id": "p-1", "generated_at": NOW, "limit": 10, "advice": ""}
    return WhyNot(**known | {"filters": ["brand"], "variant": "p-2", "rank": 3} | fields)


@pytest.mark.parametrize("verdict", VERDICTS)
def test_each_verdict_has_advice_in_a_sentence(verdict):
    advice = advice_for(answer(verdict=verdict))

    assert advice[0].isupper()
    assert advice.endswith(".")


def test_advice_names_the_source_of_the_largest_gap_or_only_a_longer_list():
    def parts(**amounts):
        return [ScorePart(source=source, amount=amount) for source, amount in amounts.items()]

    below = answer(
        verdict="ranked_below",
        rank=150,
        score=0.2,
        score_of_last_shown=0.5,
        parts=parts(popular=0.5, diversity=-0.3),
        parts_of_last_shown=parts(popular=0.5),
    )

    assert advice_for(below) == (
        "It needs a score that is 0.3000 higher, most of which similar products above it take away."
    )
    assert advice_for(answer(verdict="ranked_below", score=0.5, score_of_last_shown=0.5)) == "It needs a limit of 3."
    assert advice_for(answer(verdict="ranked_below", rank=150)) == "It needs a place before others of the same score."


PRODUCTS = st.lists(
    st.builds(
        dict,
        category=st.sampled_from([None, "a", "a/b"]),
        brand=st.sampled_from([None, "x"]),
        price=st.sampled_from([None, 5.0, 50.0]),
        available=st.sampled_from([True, True, False]),
        created_at=st.sampled_from([NOW_US, NOW_US - 10**15]),
        variant_of=st.sampled_from([None, None, "g", "h"]),
    ),
    min_size=1,
    max_size=12,
)
REQUESTS = st.builds(
    ListRequest,
    limit=st.sampled_from([1, 3, 100]),
    seen=st.sampled_from(["few", "exclude", "include"]),
    brands=st.sampled_from([frozenset(), frozenset({"x"})]),
    max_price=st.sampled_from([None, 9.0]),
    exclude=st.sampled_from([frozenset(), frozenset({"p-0"})]),
)


@settings(max_examples=40)
@given(PRODUCTS, EVENTS, CONFIGS, REQUESTS)
def test_a_verdict_agrees_with_the_list(described, events, config, request_):
    replay, model = shop_of(described, events, config)

    # The last one has no events.
    for customer in {0, len(replay.data.log.customer_ids) - 1}:
        inputs = replay.ranking_inputs(customer, model=model)
        shortlisted = shortlist(inputs, request=request_)
        candidates = replay.candidates(shortlisted.query)
        listed = recommend(inputs, shortlisted, candidates, now=replay.now)
        places = {index: place for place, index in enumerate(listed.products.tolist())}
        for item in replay.data.products:
            found = why_not(inputs, shortlisted, candidates, status=status_of(item), now=replay.now)
            place = places.get(item.product_index)
            assert (found.verdict == "in_list") == (place is not None), found
            assert (found.verdict == "out_of_stock") == (not item.available)
            if place is not None:
                assert (found.rank, found.score) == (place + 1, round(float(listed.values[place]), 6))
            if found.verdict == "ranked_below":
                assert found.rank > request_.limit
                assert found.score_of_last_shown >= found.score or found.variant
            if found.verdict == "variant_in_list":
                assert found.rank <= request_.limit
            if found.score is not None:
                assert total(found.parts) == pytest.approx(found.score, abs=1e-4)
            assert found.last_shown == (listed_id(listed, -1) if places and found.score is not None else None)


def listed_id(listed, place):
    return listed.inputs.catalogue.product(int(listed.products[place])).product_id
