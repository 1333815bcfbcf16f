"""The part of a score that comes from neighbours of the products in the history."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ranking.contributions import SOURCE_INDEX
from domain.ranking.model import SourceWeights
from domain.ranking.neighbour_scores import neighbour_scores
from domain.ranking.neighbour_table import NeighbourTable
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
        bought={2: NOW_US},
    )

    assert ids(ranked_list(inputs, [product(3), product(4)])) == ["p-4", "p-3"]


def scores_of(*lists, seeds=None):
    weights = np.ones(len(lists)) if seeds is None else np.array(seeds)
    products = indexes(*(entry.product_index for entry in lists))
    return neighbour_scores(NeighbourTable(lists), products, seed_weights=weights, weights=SourceWeights())


def indexes(*products):
    return np.array(products, dtype=np.intp)


NONE = indexes()


def test_the_best_candidates_have_the_largest_sums_over_sources_and_seeds():
    scores = scores_of(
        neighbour_lists(1, bought=[(5, 0.2), (6, 0.9), (7, 0.5)], viewed=[(5, 0.4)]),
        neighbour_lists(2, viewed=[(5, 0.8), (1, 0.1)]),
        seeds=[1.0, 0.5],
    )

    # 5: 0.2 + 0.4 + 0.5 x 0.8 = 1.0; product 1 is in the history.
    assert scores.best(2, without=indexes(1, 2)).tolist() == [5, 6]
    assert sorted(scores.best(None, without=indexes(1, 2)).tolist()) == [5, 6, 7]


def test_products_left_out_give_their_places_to_others():
    scores = scores_of(neighbour_lists(1, bought=[(5, 0.9), (6, 0.8), (7, 0.7)]))

    assert scores.best(2, without=indexes(5)).tolist() == [6, 7]


def test_candidates_with_equal_sums_are_cut_by_product_index():
    scores = scores_of(neighbour_lists(1, bought=[(index, 0.5) for index in (9, 3, 7, 5)]))

    assert scores.best(2, without=NONE).tolist() == [3, 5]


def test_the_best_of_some_products_are_those_with_any_neighbour():
    scores = scores_of(neighbour_lists(1, bought=[(5, 0.2), (6, 0.9), (7, 0.5)]))

    assert scores.best_of(indexes(4, 5, 7, 9999), None).tolist() == [5, 7]
    assert scores.best_of(indexes(4, 5, 7, 9999), 1).tolist() == [7]


def test_products_that_are_no_candidates_have_no_sums_and_no_contributions():
    # The table of product indexes ends at 6: 9999 is beyond it, 2 is inside it without an entry.
    scores = scores_of(neighbour_lists(1, bought=[(3, 0.5), (6, 1.0)]))

    assert scores.of(indexes(2, 3, 6, 9999)).tolist() == [[0.0, 0.5, 1.0, 0.0], [0.0] * 4, [0.0] * 4]
    contributions = scores.contributions_to(indexes(9999, 6, 2))
    assert contributions.positions.tolist() == [1]
    assert contributions.amounts.tolist() == [1.0]


def test_a_history_without_neighbours_scores_nothing():
    scores = scores_of(neighbour_lists(1))

    assert scores.best(10, without=indexes(1)).tolist() == []
    assert scores.best_of(indexes(1, 2), 10).tolist() == []
    assert scores.of(indexes(1, 2)).tolist() == [[0.0, 0.0]] * 3
    assert scores.contributions_to(indexes(1, 2)).amounts.tolist() == []


def test_contributions_name_their_source_and_the_seed_they_come_from():
    scores = scores_of(
        neighbour_lists(1, bought=[(5, 1.0)], similar=[(5, 0.5)]), neighbour_lists(2, viewed=[(5, 1.0), (6, 1.0)])
    )

    found = scores.contributions_to(indexes(6, 5))

    columns = (found.positions, found.sources, found.causes, found.amounts)
    assert sorted(zip(*(column.tolist() for column in columns), strict=True)) == [
        (0, SOURCE_INDEX["viewed_together"], 1, 0.5),
        (1, SOURCE_INDEX["bought_together"], 0, 0.5),
        (1, SOURCE_INDEX["viewed_together"], 1, 0.5),
        (1, SOURCE_INDEX["similar_product"], 0, 0.2),
    ]


PACKED = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 8)), max_size=12, unique_by=lambda pair: pair[0])


@given(st.lists(st.tuples(PACKED, PACKED, PACKED), max_size=4), st.lists(st.integers(0, 60), unique=True))
def test_sums_are_those_of_a_plain_loop(lists, asked):
    scores = scores_of(
        *(neighbour_lists(index, bought=one, viewed=two, similar=three) for index, (one, two, three) in enumerate(lists))
    )

    sums = [{}, {}, {}]
    for sources in lists:
        for source, pairs in enumerate(sources):
            for index, weight in pairs:
                sums[source][index] = sums[source].get(index, 0) + weight
    together = max((sums[0].get(index, 0) + sums[1].get(index, 0) for index in sums[0] | sums[1]), default=1)
    scales = (1 / together, 1 / together, 0.2 / max(sums[2].values(), default=1))
    expected = [[scale * own.get(index, 0) for index in asked] for scale, own in zip(scales, sums, strict=True)]
    assert scores.of(indexes(*asked)).tolist() == [pytest.approx(row) for row in expected]
