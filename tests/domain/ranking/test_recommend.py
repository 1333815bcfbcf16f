"""How what is known of a customer becomes a list."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidField
from domain.ranking.model import PriceFit, SourceWeights
from domain.ranking.packing import pack
from domain.ranking.recommend import recommend, shortlist, to_response
from domain.records.recommendations import ListRequest
from tests.domain.shop import DAY_US, NOW, NOW_US, lists, model, past, product, ranking_inputs, summary, weighted

TEN = ListRequest()


def listed(inputs, products, *, request=TEN):
    made = recommend(inputs, shortlist(inputs, request=request), products, now=NOW)
    return to_response(made, request=request)


def ids(made):
    return [item.product_id for item in made.items]


def sources(item):
    return {reason.source for reason in item.reasons}


def test_neighbours_of_what_was_seen_come_first_and_name_their_cause():
    seen = product(1)
    inputs = ranking_inputs(past(seen), neighbours=[lists(1, bought=[(2, 0.5)])])

    made = listed(inputs, [product(2), product(3)])

    assert ids(made) == ["p-2", "p-3"]
    assert (made.strategy, made.segment) == ("personalised", "Regular")
    first = made.items[0].reasons[0]
    assert (first.source, first.product_id) == ("bought_together", "p-1")


def test_a_score_is_the_weighted_sum_of_its_sources():
    source_weights = SourceWeights(bought_together=1.0, viewed_together=0.5, similar_product=0.0, new=0.1)
    seen = product(1)
    found = [lists(1, bought=[(2, 0.8), (3, 0.4)], viewed=[(3, 0.6)])]
    inputs = ranking_inputs(past(seen), neighbours=found, trained=model(source_weights=source_weights))
    newness = 1 / (1 + 30 / 30)

    made = listed(inputs, [product(2, category="a"), product(3, category="b")])

    scores = {item.product_id: item.score for item in made.items}
    most = 0.4 + 0.6  # bought and viewed together are one list, scaled as one
    assert scores["p-2"] == pytest.approx(1.0 * 0.8 / most + 0.1 * newness)
    assert scores["p-3"] == pytest.approx(1.0 * 0.4 / most + 0.5 * 0.6 / most + 0.1 * newness)


def test_an_older_interaction_tells_less():
    old, fresh = product(1), product(2)
    inputs = ranking_inputs(
        past(fresh), past(old, days=60), neighbours=[lists(1, viewed=[(3, 0.5)]), lists(2, viewed=[(4, 0.5)])]
    )

    assert ids(listed(inputs, [product(3), product(4)])) == ["p-4", "p-3"]


def test_a_purchase_tells_more_than_a_look():
    looked_at, bought = product(1), product(2)
    inputs = ranking_inputs(
        past(looked_at),
        past(bought, "purchase"),
        neighbours=[lists(1, bought=[(3, 0.5)]), lists(2, bought=[(4, 0.5)])],
        bought={"p-2": NOW_US},
    )

    assert ids(listed(inputs, [product(3), product(4)])) == ["p-4", "p-3"]


def test_what_was_bought_does_not_come_back():
    inputs = ranking_inputs(past(product(1), "purchase"), bought={"p-1": NOW_US - 400 * DAY_US})

    assert ids(listed(inputs, [product(1), product(2)])) == ["p-2"]


@pytest.mark.parametrize(("days", "returns"), [(13, False), (14, True)])
def test_what_is_rebought_comes_back_after_its_usual_interval(days, returns):
    coffee = product(1, category="food/coffee")
    inputs = ranking_inputs(
        past(coffee, "purchase", days=days),
        bought={"p-1": NOW_US - days * DAY_US},
        trained=model(rebuy_days={"food/coffee": 14.0}),
    )

    assert ("p-1" in ids(listed(inputs, [coffee, product(2)]))) == returns


def test_what_was_viewed_stays_eligible():
    seen = product(1)

    assert ids(listed(ranking_inputs(past(seen)), [seen])) == ["p-1"]


def test_interest_in_a_category_counts_and_names_the_deepest_path():
    lamp = product(1, category="home/lamps")
    inputs = ranking_inputs(past(lamp))

    made = listed(inputs, [product(2, category="garden"), product(3, category="home/lamps"), product(4, category="home/x")])

    assert ids(made) == ["p-3", "p-4", "p-2"]
    by_id = {item.product_id: item for item in made.items}
    assert [r.category for r in by_id["p-3"].reasons if r.source == "category_interest"] == ["home/lamps"]
    assert [r.category for r in by_id["p-4"].reasons if r.source == "category_interest"] == ["home"]
    assert "category_interest" not in sources(by_id["p-2"])


def test_what_is_popular_in_a_category_of_interest_comes_before_the_rest_of_it():
    lamp = product(1, category="home/lamps")
    inputs = ranking_inputs(past(lamp), category_trends={"home/lamps": pack([3], [1.0])})

    made = listed(inputs, [product(2, category="home/lamps"), product(3, category="home/lamps")])

    assert ids(made) == ["p-3", "p-2"]


def test_products_newer_than_the_model_are_recommended_for_what_they_are_like():
    lamp = product(1, name="Reading lamp", category="home/lamps", brand="Lumo", price=40.0)
    young = product(1000, name="Reading lamp two", category="home/lamps", brand="Lumo", price=42.0)
    inputs = ranking_inputs(past(lamp), neighbours=[lists(1, similar=[(2, 0.9)])])

    made = listed(inputs, [young])

    assert [r.product_id for r in made.items[0].reasons if r.source == "similar_product"] == ["p-1"]


def test_a_product_newer_than_the_model_recommends_what_is_like_it():
    young = product(1000, name="Reading lamp", category="home/lamps", brand="Lumo")
    inputs = ranking_inputs(past(young))

    made = listed(inputs, [product(2, name="Reading lamp two", category="home/lamps"), product(3, name="Spade")])

    assert ids(made)[0] == "p-2"
    assert "similar_product" in sources(made.items[0])
    assert "similar_product" not in sources(made.items[1])


def test_a_segment_without_history_gets_its_trend():
    trained = model(segment_trends={"Premium": weighted(p2=1.0)}, segment_events={"Premium": 50}, popular=weighted(p3=1.0))

    made = listed(ranking_inputs(assigned="Premium", trained=trained), [product(2), product(3)])

    assert (made.strategy, made.segment, ids(made)) == ("segment", "Premium", ["p-2", "p-3"])
    assert "segment_trend" in sources(made.items[0])


def test_a_segment_with_too_few_events_gets_what_is_popular():
    trained = model(segment_trends={"Premium": weighted(p2=0.1)}, segment_events={"Premium": 49}, popular=weighted(p3=1.0))

    assert listed(ranking_inputs(assigned="Premium", trained=trained), [product(2), product(3)]).strategy == "popular"


def test_a_customer_in_no_segment_yet_gets_what_is_popular():
    trained = model(segment_trends={"Regular": weighted(p2=1.0)}, segment_events={"Regular": 99}, popular=weighted(p3=1.0))

    made = listed(ranking_inputs(trained=trained), [product(2), product(3)])

    assert (made.strategy, ids(made)) == ("popular", ["p-3", "p-2"])
    assert "segment_trend" not in sources(made.items[1])


def test_an_untrained_shop_shows_what_is_popular_lately():
    made = listed(ranking_inputs(recent_popularity=weighted(p2=1.0)), [product(2), product(3)])

    assert (made.strategy, ids(made)) == ("popular", ["p-2", "p-3"])


def test_a_shop_without_events_shows_its_newest_products():
    old = product(1, created_at=NOW_US - 90 * DAY_US)

    made = listed(ranking_inputs(), [old, product(2, created_at=NOW_US)])

    assert (made.strategy, ids(made)) == ("catalogue", ["p-2", "p-1"])
    assert [(item.reasons[0].source, item.reasons[0].share) for item in made.items] == [("new", 1.0)] * 2


def test_a_shop_without_products_has_an_empty_list():
    made = listed(ranking_inputs(), [])

    assert (made.strategy, made.items) == ("empty", [])


def test_filters_that_leave_nothing_do_not_make_the_shop_empty():
    assert listed(ranking_inputs(), [], request=ListRequest(category="x")).strategy == "catalogue"


def test_a_price_that_the_segment_usually_pays_counts():
    trained = model(median_prices={"a": 100.0}, price_fit={"Premium": PriceFit(mean=0.7, deviation=0.3)})
    offers = [product(2, category="a", price=50.0), product(3, category="a", price=200.0), product(4, category="a")]

    made = listed(ranking_inputs(assigned="Premium", trained=trained), offers)

    assert ids(made)[0] == "p-3"
    assert "price_fit" not in sources(next(item for item in made.items if item.product_id == "p-4"))


def test_a_computed_segment_shows_in_the_list():
    made = listed(ranking_inputs(purchases=summary(orders=20, spent=5000.0)), [product(1)])

    assert made.segment == "Premium"


def test_the_query_asks_for_neighbours_trends_and_the_newest_of_the_interests():
    seen = product(1, category="home/lamps")
    inputs = ranking_inputs(
        past(seen),
        neighbours=[lists(1, bought=[(5, 0.2)], viewed=[(4, 0.9)])],
        trained=model(popular=weighted(p7=1.0)),
        bought={"p-9": NOW_US},
        category_trends={"home/lamps": pack([6], [1.0])},
    )

    query = shortlist(inputs, request=TEN).query

    assert set(query.product_indexes) == {4, 5, 6, 7}
    assert query.categories == ("home/lamps",)
    assert query.seen == {"p-9"}
    assert query.n_fill == 100


def test_a_shown_list_is_cut_filtered_and_ranked_anew():
    inputs = ranking_inputs()
    products = [
        product(number, category="a" if number % 2 else "b", created_at=NOW_US - number * DAY_US) for number in range(8)
    ]
    made = recommend(inputs, shortlist(inputs, request=TEN), products, now=NOW)

    answer = to_response(made, request=ListRequest(limit=2, category="a", exclude=frozenset({"p-1"})))

    assert [(item.rank, item.product_id) for item in answer.items] == [(1, "p-3"), (2, "p-5")]


def test_filters_match_whole_levels_and_prices_inclusively():
    request = ListRequest(category="home", min_price=10, max_price=20)

    admitted = [
        request.admits(product(1, **given))
        for given in (
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


def test_prices_that_leave_nothing_between_them_are_refused():
    ListRequest(min_price=1, max_price=1).check()
    with pytest.raises(InvalidField):
        ListRequest(min_price=2, max_price=1).check()


parts = st.lists(st.tuples(st.integers(0, 30), st.floats(0.01, 1)), max_size=20, unique_by=lambda part: part[0])


@given(bought=parts, viewed=parts, similar=parts, days=st.lists(st.integers(0, 200), min_size=1, max_size=3))
def test_reasons_are_shares_of_one_and_scores_never_rise(bought, viewed, similar, days):
    history = [past(product(place, category=f"c/{place}"), "cart", days=age) for place, age in enumerate(sorted(days))]
    found = [lists(event.product.product_index, bought=bought, viewed=viewed, similar=similar) for event in history]
    trained = model(popular=weighted(p1=1.0, p2=0.5), segment_trends={"Budget": weighted(p3=1.0)})
    offers = [product(number, category=f"c/{number % 4}", brand=f"b-{number % 3}") for number in range(31)]

    made = listed(
        ranking_inputs(*history, neighbours=found, trained=trained, assigned="Budget"), offers, request=ListRequest(limit=31)
    )

    assert sorted(ids(made)) == sorted(offer.product_id for offer in offers)
    assert [item.rank for item in made.items] == list(range(1, 32))
    scores = [item.score for item in made.items]
    assert scores == sorted(scores, reverse=True)
    for item in made.items:
        assert 1 <= len(item.reasons) <= 5
        assert sum(reason.share for reason in item.reasons) == pytest.approx(1, abs=0.001)
        assert all(reason.share > 0 for reason in item.reasons)


def test_the_same_evidence_gives_the_same_list():
    inputs = ranking_inputs(past(product(1)), neighbours=[lists(1, bought=[(2, 0.5), (3, 0.5), (4, 0.5)])])
    offers = [product(4), product(3), product(2)]

    one, other = listed(inputs, offers), listed(inputs, offers[::-1])

    assert one == other
    assert ids(one) == ["p-2", "p-3", "p-4"]


def test_a_clock_that_goes_back_makes_nothing_newer_than_new():
    tomorrow = product(1, created_at=NOW_US + DAY_US)

    made = recommend(ranking_inputs(), shortlist(ranking_inputs(), request=TEN), [tomorrow], now=NOW - timedelta(days=2))

    assert made.items[0].score == pytest.approx(model().source_weights.new)
