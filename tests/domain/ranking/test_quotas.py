"""The quotas of ten places: at most two for the customer's own products, and one for a product on trial."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from domain.ranking.quotas import MAX_OWN, PLACES, Marks, Quota, fill_places
from domain.records.recommendations import ListRequest
from tests.domain.ranking.lists import ids, ranked_list, ranking_of
from tests.domain.shop import model_with, past_event, product, ranking_inputs

OWN = [product(index) for index in range(6)]
OTHERS = [product(index) for index in range(6, 30)]


def limited(own, *, k, scores=None):
    """Return the places of `own`, best first, that a list of `k` has, and their scores."""
    n = len(own)
    values = np.linspace(1.0, 0.1, n) if scores is None else np.array(scores)
    marks = Marks(own=np.array(own, dtype=np.bool_), on_trial=np.zeros(n, dtype=np.bool_))
    places = fill_places(np.arange(n), values, marks, quota=Quota(), k=k)
    return places.positions.tolist(), places.scores.tolist()


def pattern(text):
    return [letter == "o" for letter in text]


def test_a_surplus_own_product_moves_to_the_next_ten_places():
    assert limited(pattern("ooo" + "-" * 12), k=15)[0] == [0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 2, 11, 12, 13, 14]


def test_a_list_without_surplus_keeps_its_order():
    assert limited(pattern("o-o" + "-" * 9), k=10)[0] == list(range(10))
    assert limited(pattern("-" * 10 + "oo"), k=12)[0] == list(range(12))


def test_a_moved_product_takes_the_score_of_the_place_before_it():
    scores = [0.9, 0.8, 0.7, *(0.5 - place / 100 for place in range(8)), 0.1]

    order, kept = limited(pattern("ooo---------"), k=11, scores=scores)

    assert order[-1] == 2
    assert kept[-1] == kept[-2] == scores[10]


def test_a_list_ends_where_only_surplus_own_products_remain():
    assert limited(pattern("oooo-"), k=10)[0] == [0, 1, 4]


@given(st.lists(st.booleans(), max_size=60), st.integers(0, 60))
def test_no_ten_places_have_more_than_two_own_products_and_scores_fall(own, k):
    order, scores = limited(own, k=k)

    for first in range(0, len(order), PLACES):
        assert sum(own[place] for place in order[first : first + PLACES]) <= MAX_OWN
    assert len(set(order)) == len(order) <= k
    assert scores == sorted(scores, reverse=True)
    # Both kinds keep their order among themselves, and others are missing only beyond the end of the list.
    for kind in (True, False):
        of_kind = [place for place in order if own[place] == kind]
        assert of_kind == [place for place in range(len(own)) if own[place] == kind][: len(of_kind)]
    if len(order) < min(k, len(own)):
        assert own.count(False) == len([place for place in order if not own[place]])


@given(st.lists(st.booleans(), max_size=60), st.integers(0, 60), st.integers(0, 60))
def test_a_shorter_list_is_a_prefix_of_a_longer_one(own, k, longer):
    shorter_order, shorter_scores = limited(own, k=min(k, longer))
    order, scores = limited(own, k=max(k, longer))

    assert order[: len(shorter_order)] == shorter_order
    assert scores[: len(shorter_scores)] == shorter_scores


def with_trials(own, on_trial, *, k, min_on_trial=1):
    """Return the places of a list with products on trial."""
    marks = Marks(own=np.array(own, dtype=np.bool_), on_trial=np.array(on_trial, dtype=np.bool_))
    return fill_places(
        np.arange(len(own)), np.linspace(1.0, 0.1, len(own)), marks, quota=Quota(min_on_trial=min_on_trial), k=k
    )


def test_a_product_on_trial_gets_the_last_of_ten_places_and_what_it_lacks_as_a_bonus():
    places = with_trials([False] * 19, [False] * 12 + [True] * 7, k=12)

    assert places.positions.tolist() == [*range(9), 12, 9, 10]
    assert places.bonuses[9] == places.scores[8] - (1.0 - 12 * 0.05)
    assert places.bonuses.sum() == places.bonuses[9]
    assert places.scores.tolist() == sorted(places.scores.tolist(), reverse=True)


def test_a_product_on_trial_that_stands_there_anyway_gets_no_bonus():
    assert with_trials([False] * 15, pattern("--o" + "-" * 12), k=10).bonuses.tolist() == [0.0] * 10
    assert with_trials([False] * 15, pattern("-" * 9 + "o" + "-" * 5), k=10).bonuses.tolist() == [0.0] * 10


def test_a_product_on_trial_whose_turn_is_the_last_place_gets_no_bonus():
    # Without the third own product it is the tenth.
    places = with_trials(pattern("ooo" + "-" * 12), pattern("-" * 10 + "o" + "-" * 4), k=10)

    assert places.positions.tolist() == [0, 1, *range(3, 11)]
    assert places.bonuses.tolist() == [0.0] * 10


def test_a_list_of_fewer_than_ten_has_no_place_for_trials():
    assert with_trials([False] * 15, [False] * 9 + [True] * 6, k=9).positions.tolist() == list(range(9))


def test_without_enough_products_on_trial_others_take_their_places():
    assert with_trials([False] * 30, [False] * 29 + [True], k=20).positions.tolist() == [*range(9), 29, *range(9, 19)]


def test_the_customers_own_products_are_not_on_trial():
    assert with_trials([False] * 10 + [True] * 5, [False] * 10 + [True] * 5, k=10).positions.tolist() == list(range(10))


def test_an_own_product_that_is_new_is_no_trial():
    places = with_trials([True] + [False] * 19, [True] + [False] * 14 + [True] * 5, k=10)

    assert places.positions.tolist() == [*range(9), 15]


@given(
    st.lists(st.tuples(st.booleans(), st.booleans()), max_size=50),
    st.integers(0, 50), st.integers(0, 50), st.integers(0, 3),
)  # fmt: skip
def test_lists_with_both_quotas_have_falling_scores_and_shorter_ones_as_their_prefix(marked, k, longer, min_on_trial):
    own, on_trial = [one for one, _ in marked], [other for _, other in marked]

    shorter = with_trials(own, on_trial, k=min(k, longer), min_on_trial=min_on_trial)
    places = with_trials(own, on_trial, k=max(k, longer), min_on_trial=min_on_trial)

    order, scores = places.positions.tolist(), places.scores.tolist()
    assert order[: len(shorter.positions)] == shorter.positions.tolist()
    assert scores[: len(shorter.scores)] == shorter.scores.tolist()
    assert len(set(order)) == len(order) <= max(k, longer)
    assert scores == sorted(scores, reverse=True)
    assert (places.bonuses >= 0).all()
    n_trials = sum(other and not one for one, other in marked)
    for first in range(0, len(order) - PLACES + 1, PLACES):
        ten = order[first : first + PLACES]
        assert sum(own[place] for place in ten) <= MAX_OWN
        n_before = sum(on_trial[place] and not own[place] for place in order[:first])
        assert sum(on_trial[place] and not own[place] for place in ten) >= min(min_on_trial, n_trials - n_before)


def inputs_of_a_customer_who_returns():
    return ranking_inputs(*(past_event(one) for one in OWN), model=model_with(seen_again=2.5, trial_places=0))


def test_lists_have_at_most_two_own_products_of_ten_unless_the_request_says_otherwise():
    n_own = {
        seen: sum(
            product_id in {one.product_id for one in OWN}
            for product_id in ids(
                ranked_list(inputs_of_a_customer_who_returns(), [*OWN, *OTHERS], request=ListRequest(seen=seen))
            )
        )
        for seen in ("few", "exclude", "include")
    }

    assert n_own == {"few": 2, "exclude": 0, "include": 6}


def test_every_shorter_list_with_the_quota_is_a_prefix_of_the_longest():
    longest = ranking_of(inputs_of_a_customer_who_returns(), [*OWN, *OTHERS], request=ListRequest(limit=30))

    assert len(longest.products) == 30
    for limit in range(1, 30):
        shorter = ranking_of(inputs_of_a_customer_who_returns(), [*OWN, *OTHERS], request=ListRequest(limit=limit))
        assert shorter.products.tolist() == longest.products.tolist()[:limit]
        assert shorter.values.tolist() == longest.values.tolist()[:limit]
