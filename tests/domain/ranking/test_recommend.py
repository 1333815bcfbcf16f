"""The composition of a list: its strategy, its candidates, their eligibility and the answer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ranking.history import merge_variants
from domain.ranking.model import SourceWeights
from domain.ranking.packed_history import RETURNED
from domain.ranking.packing import pack
from domain.ranking.recommend import contributions_to, shortlist
from domain.records.recommendations import ListRequest
from domain.records.values import DAY
from tests.domain.ranking.lists import TEN, ids, ranked_list, ranking_of, sources
from tests.domain.shop import (
    NOW_US,
    model_with,
    neighbour_lists,
    past_event,
    product,
    purchase_summary,
    ranking_inputs,
    weighted_products,
)


def test_a_score_is_the_weighted_sum_of_its_sources():
    source_weights = SourceWeights(bought_together=1.0, viewed_together=0.5, similar_product=0.0, new=0.1)
    inputs = ranking_inputs(
        past_event(product(1)),
        neighbours=[neighbour_lists(1, bought=[(2, 0.8), (3, 0.4)], viewed=[(3, 0.6)])],
        model=model_with(source_weights=source_weights),
    )
    newness = 1 / (1 + 30 / 30)

    ranked = ranked_list(inputs, [product(2, category="a"), product(3, category="b")])

    scores = {item.product_id: item.score for item in ranked.items}
    largest = 0.4 + 0.6  # products bought and viewed together are one list with one scale
    assert scores["p-2"] == pytest.approx(1.0 * 0.8 / largest + 0.1 * newness)
    assert scores["p-3"] == pytest.approx(1.0 * 0.4 / largest + 0.5 * 0.6 / largest + 0.1 * newness)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_what_the_customer_turned_to_last_keeps_a_share_of_its_score_and_of_each_contribution(share):
    past = [past_event(product(1)), past_event(product(2), days_ago=1)]
    neighbours = [neighbour_lists(1, bought=[(2, 0.5)]), neighbour_lists(2, bought=[(1, 0.8), (3, 0.1)])]
    everything = ListRequest(seen="include")
    own = [product(1, name="tent"), product(2, name="tent"), product(3)]

    def ranking_with(share):
        model = model_with(seen_again=0.5, newest_share=share, variety=0.0)
        return ranking_of(ranking_inputs(*past, neighbours=neighbours, model=model), own, request=everything)

    whole, ranking = ranking_with(1.0), ranking_with(share)

    scores = dict(zip(ranking.products.tolist(), ranking.values.tolist(), strict=True))
    expected = dict(zip(whole.products.tolist(), whole.values.tolist(), strict=True))
    expected[1] *= share
    assert scores == pytest.approx({index: score for index, score in expected.items() if score})
    found = contributions_to(ranking)
    explained = np.bincount(found.positions, weights=found.amounts, minlength=len(scores))
    assert explained == pytest.approx(ranking.scores.by_source[:3, ranking.positions].sum(axis=0))


def test_a_bought_product_is_not_recommended_again():
    inputs = ranking_inputs(past_event(product(1), "purchase"), bought={1: NOW_US - 400 * DAY})

    assert ids(ranked_list(inputs, [product(1), product(2)])) == ["p-2"]


@pytest.mark.parametrize(("days", "is_recommended"), [(13, False), (14, True)])
def test_a_bought_product_of_a_rebought_category_returns_after_the_usual_interval(days, is_recommended):
    coffee = product(1, category="food/coffee")
    inputs = ranking_inputs(
        past_event(coffee, "purchase", days_ago=days),
        bought={1: NOW_US - days * DAY},
        model=model_with(rebuy_days={"food/coffee": 14.0}),
    )

    assert ("p-1" in ids(ranked_list(inputs, [coffee, product(2)]))) == is_recommended


def test_a_product_that_went_back_is_never_due_however_old_its_order_is():
    coffee = product(1, category="food/coffee")
    inputs = ranking_inputs(
        past_event(coffee, days_ago=99),
        bought={1: RETURNED + NOW_US - 99 * DAY},
        model=model_with(rebuy_days={"food/coffee": 14.0}),
    )

    for seen in ("few", "exclude", "include"):
        assert ids(ranked_list(inputs, [coffee, product(2)], request=ListRequest(seen=seen))) == ["p-2"]


RED, BLUE = product(1, product_id="red", variant_of="shirt"), product(2, product_id="blue", variant_of="shirt")


def test_a_variant_of_what_the_customer_turned_to_last_keeps_its_share_too():
    model = model_with(newest_share=0.0, newest_product_index=0)
    inputs = ranking_inputs(past_event(RED), neighbours=[neighbour_lists(1, viewed=[(2, 0.9), (3, 0.1)])], model=model)

    assert ids(ranked_list(inputs, [RED, BLUE, product(3)], request=ListRequest(seen="include"))) == ["p-3"]


def test_a_bought_variant_excludes_its_whole_group():
    inputs = ranking_inputs(past_event(RED, "purchase"), bought={1: NOW_US})

    assert ids(ranked_list(inputs, [product(0, product_id="shirt"), RED, BLUE, product(3)])) == ["p-3"]


def test_a_bought_group_of_a_rebought_category_returns_with_one_variant():
    coffees = [product(index, category="food/coffee", variant_of="beans") for index in (1, 2)]
    inputs = ranking_inputs(
        past_event(coffees[0], "purchase", days_ago=14),
        bought={1: NOW_US - 14 * DAY},
        model=model_with(rebuy_days={"food/coffee": 14.0}, popular=weighted_products(p2=1.0)),
    )

    assert ids(ranked_list(inputs, coffees)) == ["p-2"]


def test_seen_variants_exclude_their_group_where_the_request_excludes_what_was_seen():
    request = ListRequest(seen="exclude")

    assert ids(ranked_list(ranking_inputs(past_event(RED)), [BLUE, product(3)], request=request)) == ["p-3"]


def test_the_variants_of_a_history_are_one_seed_at_the_newest_that_training_knew():
    # The variant with the index 9 came after the training.
    newest = product(9, product_id="green", variant_of="shirt")
    history = [past_event(newest), past_event(BLUE), past_event(RED, days_ago=1), past_event(product(7))]
    inputs = ranking_inputs(*history)

    merged = merge_variants(inputs.history, inputs.catalogue.group_codes[inputs.history.products], newest_trained=8)

    assert merged.products.tolist() == [2, 7]
    # In the order of time: three views of the shirt, as one product, and one of the other.
    assert sorted(merged.products[merged.positions].tolist()) == [2, 2, 2, 7]
    assert merged.own.tolist() == [1, 2, 7, 9]


def test_a_new_variant_is_not_similar_to_its_own_group():
    green = product(9, name="Shirt", product_id="green", variant_of="shirt")
    other = product(8, name="Shirt", product_id="other")
    inputs = ranking_inputs(
        past_event(product(1, name="Shirt", product_id="shirt")), model=model_with(newest_product_index=7)
    )

    ranked = ranked_list(inputs, [green, other])

    assert {item.product_id: "similar_product" in sources(item) for item in ranked.items} == {"green": False, "other": True}


def test_a_viewed_product_may_be_recommended():
    viewed = product(1)

    assert ids(ranked_list(ranking_inputs(past_event(viewed)), [viewed])) == ["p-1"]


def test_a_segment_without_history_gets_its_trend():
    model = model_with(
        segment_trends={"Premium": weighted_products(p2=1.0)},
        segment_events={"Premium": 50},
        popular=weighted_products(p3=1.0),
    )

    ranked = ranked_list(ranking_inputs(assigned="Premium", model=model), [product(2), product(3)])

    assert (ranked.strategy, ranked.segment, ids(ranked)) == ("segment", "Premium", ["p-2", "p-3"])
    assert "segment_trend" in sources(ranked.items[0])


def test_a_segment_with_too_few_events_has_the_strategy_popular():
    model = model_with(
        segment_trends={"Premium": weighted_products(p2=0.1)},
        segment_events={"Premium": 49},
        popular=weighted_products(p3=1.0),
    )

    ranked = ranked_list(ranking_inputs(assigned="Premium", model=model), [product(2), product(3)])

    assert ranked.strategy == "popular"


def test_the_segment_trend_does_not_apply_to_a_customer_of_the_default_segment():
    model = model_with(
        segment_trends={"Regular": weighted_products(p2=1.0)},
        segment_events={"Regular": 99},
        popular=weighted_products(p3=1.0),
    )

    ranked = ranked_list(ranking_inputs(model=model), [product(2), product(3)])

    assert (ranked.strategy, ids(ranked)) == ("popular", ["p-3", "p-2"])
    assert "segment_trend" not in sources(ranked.items[1])


def test_an_untrained_shop_recommends_recently_popular_products():
    ranked = ranked_list(ranking_inputs(recent_popularity=weighted_products(p2=1.0)), [product(2), product(3)])

    assert (ranked.strategy, ids(ranked)) == ("popular", ["p-2", "p-3"])


def test_a_shop_without_events_recommends_its_newest_products():
    old, new = product(1, created_at=NOW_US - 90 * DAY), product(2, created_at=NOW_US)

    ranked = ranked_list(ranking_inputs(), [old, new])

    assert (ranked.strategy, ids(ranked)) == ("catalogue", ["p-2", "p-1"])
    assert [(item.reasons[0].source, item.reasons[0].share) for item in ranked.items] == [("new", 1.0)] * 2


def test_a_shop_without_products_has_an_empty_list():
    ranked = ranked_list(ranking_inputs(), [])

    assert (ranked.strategy, ranked.items) == ("empty", [])


def test_a_filtered_request_without_results_has_the_strategy_empty():
    assert ranked_list(ranking_inputs(), [], request=ListRequest(categories=frozenset({"x"}))).strategy == "empty"


def test_the_list_has_the_computed_segment():
    inputs = ranking_inputs(purchases=purchase_summary(orders=20, spent=5000.0))

    assert ranked_list(inputs, [product(1)]).segment == "Premium"


def test_the_candidate_query_has_neighbours_trends_and_the_categories_of_interest():
    inputs = ranking_inputs(
        past_event(product(1, category="home/lamps")),
        neighbours=[neighbour_lists(1, bought=[(5, 0.2)], viewed=[(4, 0.9)])],
        model=model_with(popular=weighted_products(p7=1.0)),
        bought={9: NOW_US},
        category_trends={"home/lamps": pack([6], [1.0])},
    )

    query = shortlist(inputs, request=TEN).query

    assert query.product_indexes.tolist() == [4, 5, 6, 7]
    assert query.categories == ("home/lamps",)
    assert query.own.tolist() == [1, 9]
    assert query.n_fill == 100


def test_a_list_has_as_many_products_as_requested_ranked_from_1():
    products = [product(index, created_at=NOW_US - index * DAY) for index in range(8)]

    ranked = ranked_list(ranking_inputs(), products, request=ListRequest(limit=2))

    assert ids(ranked) == ["p-0", "p-1"]


def test_the_cut_to_100_neighbours_comes_after_own_products_are_left_out():
    own = [past_event(product(index)) for index in range(3)]
    neighbours = [(index, 1.0 - index / 1000) for index in range(200)]
    inputs = ranking_inputs(*own, neighbours=[neighbour_lists(0, bought=neighbours)])

    query = shortlist(inputs, request=ListRequest(seen="exclude")).query

    assert query.product_indexes.tolist() == list(range(3, 103))


NEIGHBOURS = st.lists(st.tuples(st.integers(0, 30), st.floats(0.01, 1)), max_size=20, unique_by=lambda pair: pair[0])


@given(bought=NEIGHBOURS, viewed=NEIGHBOURS, similar=NEIGHBOURS, days=st.lists(st.integers(0, 200), min_size=1, max_size=3))
def test_shares_of_reasons_add_to_1_and_scores_fall_from_rank_to_rank(bought, viewed, similar, days):
    history = [
        past_event(product(index, category=f"c/{index}"), "cart", days_ago=age) for index, age in enumerate(sorted(days))
    ]
    inputs = ranking_inputs(
        *history,
        neighbours=[
            neighbour_lists(event.product.product_index, bought=bought, viewed=viewed, similar=similar) for event in history
        ],
        model=model_with(popular=weighted_products(p1=1.0, p2=0.5), segment_trends={"Budget": weighted_products(p3=1.0)}),
        assigned="Budget",
    )
    products = [product(index, category=f"c/{index % 4}", brand=f"b-{index % 3}") for index in range(31)]

    ranked = ranked_list(inputs, products, request=ListRequest(limit=31))

    assert sorted(ids(ranked)) == sorted(candidate.product_id for candidate in products)
    assert len(ranked.items) == 31
    scores = [item.score for item in ranked.items]
    assert scores == sorted(scores, reverse=True)
    for item in ranked.items:
        assert 1 <= len(item.reasons) <= 5
        assert sum(reason.share for reason in item.reasons) == pytest.approx(1, abs=0.001)
        assert all(reason.share > 0 for reason in item.reasons)


def test_the_same_inputs_give_the_same_list_for_any_order_of_candidates():
    inputs = ranking_inputs(past_event(product(1)), neighbours=[neighbour_lists(1, bought=[(2, 0.5), (3, 0.5), (4, 0.5)])])
    products = [product(4), product(3), product(2)]

    ranked, reversed_ = ranked_list(inputs, products), ranked_list(inputs, products[::-1])

    assert ranked == reversed_
    assert ids(ranked) == ["p-2", "p-3", "p-4"]
