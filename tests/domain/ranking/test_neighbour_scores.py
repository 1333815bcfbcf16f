"""The part of a score that comes from neighbours of the products in the history."""

from domain.ranking.model import SourceWeights
from domain.ranking.neighbour_scores import neighbour_scores
from tests.domain.ranking.lists import ids, ranked_list
from tests.domain.shop import NOW_US, neighbour_lists, past_event, product, ranking_inputs


def test_neighbours_of_a_viewed_product_come_first_and_name_it_as_their_cause():
    inputs = ranking_inputs(past_event(product(1)), neighbours=[neighbour_lists(1, bought=[(2, 0.5)])])

    ranked = ranked_list(inputs, [product(2), product(3)])

    assert ids(ranked) == ["p-2", "p-3"]
    assert (ranked.strategy, ranked.segment) == ("personalised", "Regular")
    reason = ranked.items[0].reasons[0]
    assert (reason.source, reason.product_id) == ("bought_together", "p-1")


def test_neighbours_of_an_older_interaction_score_less():
    inputs = ranking_inputs(
        past_event(product(2)),
        past_event(product(1), days_ago=60),
        neighbours=[neighbour_lists(1, viewed=[(3, 0.5)]), neighbour_lists(2, viewed=[(4, 0.5)])],
    )

    assert ids(ranked_list(inputs, [product(3), product(4)])) == ["p-4", "p-3"]


def test_neighbours_of_a_purchase_score_more_than_those_of_a_view():
    viewed, bought = product(1), product(2)
    inputs = ranking_inputs(
        past_event(viewed),
        past_event(bought, "purchase"),
        neighbours=[neighbour_lists(1, bought=[(3, 0.5)]), neighbour_lists(2, bought=[(4, 0.5)])],
        bought={"p-2": NOW_US},
    )

    assert ids(ranked_list(inputs, [product(3), product(4)])) == ["p-4", "p-3"]


def test_the_best_candidates_have_the_largest_sums_over_sources_and_seeds():
    lists = [
        neighbour_lists(1, bought=[(5, 0.2), (6, 0.9), (7, 0.5)], viewed=[(5, 0.4)]),
        neighbour_lists(2, viewed=[(5, 0.8), (1, 0.1)]),
    ]
    scores = neighbour_scores(lists, seeds={1: 1.0, 2: 0.5}, past=[1, 2], weights=SourceWeights()).without([1, 2])

    # 5: 0.2 + 0.4 + 0.5 x 0.8 = 1.0; product 1 is in the history.
    assert scores.best(2) == [5, 6]
    assert scores.best(None) == [5, 6, 7]


def test_candidates_with_equal_sums_are_cut_by_product_index():
    lists = [neighbour_lists(1, bought=[(index, 0.5) for index in (9, 3, 7, 5)])]

    assert neighbour_scores(lists, seeds={1: 1.0}, past=[1], weights=SourceWeights()).best(2) == [3, 5]
