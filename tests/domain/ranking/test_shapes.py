"""The learned ranker: shapes of features make the values of sources, and reasons stay the arithmetic of the score."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.ranking.features import feature_values
from domain.ranking.model import Shape, SourceWeights
from domain.ranking.ranked_list import _contributions
from domain.ranking.shapes import FEATURES, SHAPED_SOURCES, rise_of, shaped, shaped_sources
from domain.records.recommendations import SOURCES
from tests.domain.ranking.lists import ids, ranked_list, ranking_of, sources
from tests.domain.shop import model_with, neighbour_lists, past_event, product, ranking_inputs, weighted_products

CANDIDATES = [
    product(3, category="a", brand="x", price=10.0),
    product(4, category="a", price=20.0),
    product(5, category="b", price=80.0),
    product(6),
]


def line(feature, rise):
    return Shape(feature=feature, knots=(0.0, 1.0), values=(0.0, rise))


def shop(shapes=(), **weights):
    """Return the inputs of a customer who bought product 1, and then looked at product 2 of the same category."""
    return ranking_inputs(
        past_event(product(1, category="a", brand="x", price=10.0), "purchase", days_ago=30.0),
        past_event(product(2, category="a", price=12.0)),
        neighbours=[
            neighbour_lists(1, bought=[(3, 0.2), (4, 0.8)], similar=[(6, 0.1)]),
            neighbour_lists(2, bought=[(3, 0.4)], viewed=[(5, 0.1)], similar=[(4, 0.5)]),
        ],
        model=model_with(
            popular=weighted_products(p6=1.0, p3=0.25), shapes=tuple(shapes), source_weights=SourceWeights(**weights)
        ),
    )


def values_of(inputs, products=CANDIDATES):
    ranking = ranking_of(inputs, products)
    every = np.array([item.product_index for item in products], dtype=np.intp)
    by_source = np.zeros((len(SOURCES), len(every)))
    return feature_values(ranking.signals, every, by_source, inputs=inputs, names=FEATURES)


def test_straight_lines_of_the_source_weights_leave_a_list_as_it_is():
    weights = {source: getattr(SourceWeights(), source) for source in SHAPED_SOURCES}
    lines = [line(source, weight) for source, weight in weights.items()]

    plain, ranked = ranked_list(shop(), CANDIDATES), ranked_list(shop(lines), CANDIDATES)

    assert ids(ranked) == ids(plain)
    assert [item.score for item in ranked.items] == pytest.approx([item.score for item in plain.items])
    assert [item.reasons for item in ranked.items] == [item.reasons for item in plain.items]


def test_the_weight_of_a_source_scales_all_its_shapes():
    shapes = [line("category_interest", 0.5), line("category_share", 1.5)]
    only = dict.fromkeys(SOURCES, 0.0)

    once, twice = (ranked_list(shop(shapes, **only | {"category_interest": weight}), CANDIDATES) for weight in (1.0, 2.0))

    # Popularity and newness always have a little weight.
    assert [item.score for item in twice.items[:2]] == pytest.approx([2 * item.score for item in once.items[:2]], rel=0.01)
    assert rise_of("category_interest", tuple(shapes)) == 2.0
    assert shaped_sources(tuple(shapes)) == {"category_interest"}


def test_shapes_do_not_count_for_newcomers():
    newcomer = ranking_inputs(model=model_with(popular=weighted_products(p6=1.0), shapes=(line("popular", 9.0),)))

    plain = replace(newcomer, model=model_with(popular=weighted_products(p6=1.0)))

    assert ranked_list(newcomer, CANDIDATES).items == ranked_list(plain, CANDIDATES).items


def test_features_of_neighbours_tell_what_their_sum_hides():
    values = values_of(shop())

    # Product 4 has one strong neighbour, product 3 two weak ones, one of them the newest of the history.
    assert values["strongest_neighbour"][1] == values["strongest_neighbour"].max()
    assert values["newest_neighbour"].tolist() == [1.0, 0.0, pytest.approx(0.25), 0.0]
    # What is scored beside a product does not matter.
    alone = values_of(shop(), CANDIDATES[:1])
    assert {name: own[0] for name, own in alone.items()} == pytest.approx({name: own[0] for name, own in values.items()})


def test_features_of_the_catalogue_compare_a_product_with_the_history():
    values = values_of(shop())

    assert values["category_share"].tolist() == [1.0, 1.0, 0.0, 0.0]
    assert values["recent_category_share"].tolist() == [1.0, 1.0, 0.0, 0.0]
    assert values["brand_share"].tolist() == [0.5, 0.0, 0.0, 0.0]
    near, _, far, unknown = values["price_distance"].tolist()
    assert near > far > unknown == 0.0


@pytest.mark.parametrize("history", [(), (past_event(product(1)),)])
def test_features_are_0_without_evidence(history):
    values = values_of(ranking_inputs(*history), [product(2), product(3, price=5.0)])

    assert {name for name, own in values.items() if own.any()} == set()


rises = st.dictionaries(st.sampled_from(FEATURES), st.floats(0.01, 3.0), min_size=1)


@given(rises)
def test_reasons_are_the_arithmetic_of_the_score(rises):
    shapes = tuple(
        Shape(feature=feature, knots=(0.0, 0.2, 1.0), values=(0.0, 0.8 * rise, rise)) for feature, rise in rises.items()
    )
    weights = {source: rise_of(source, shapes) for source in shaped_sources(shapes)}

    ranking = ranking_of(shop(shapes, **weights), CANDIDATES)

    totals = ranking.scores.totals[ranking.positions]
    assert [sum(amount for _, _, amount in own) for own in _contributions(ranking)] == pytest.approx(totals.tolist())
    assert all(amount >= 0 for own in _contributions(ranking) for _, _, amount in own)


@given(rises, st.lists(st.floats(0, 1), min_size=len(FEATURES), max_size=len(FEATURES)), st.sampled_from(FEATURES))
def test_more_of_a_feature_never_lowers_a_score(rises, amounts, feature):
    shapes = tuple(line(name, rise) for name, rise in rises.items())
    less, more = ({name: np.array([amount]) for name, amount in zip(FEATURES, amounts, strict=True)} for _ in range(2))
    more[feature] = np.ones(1)

    weights = SourceWeights(**{source: rise_of(source, shapes) for source in shaped_sources(shapes)})
    before, after = (sum(shaped(values, shapes, weights).values(), np.zeros(1)) for values in (less, more))

    assert after[0] >= before[0] - 1e-9


def test_features_name_their_sources_in_reasons():
    ranked = ranked_list(shop([line("brand_share", 5.0)], category_interest=5.0), CANDIDATES)

    assert ids(ranked)[0] == "p-3"
    assert "category_interest" in sources(ranked.items[0])


def test_the_newest_neighbours_are_those_of_all_products_of_the_newest_step():
    inputs = ranking_inputs(
        past_event(product(1), "purchase"),
        past_event(product(2), "purchase"),
        neighbours=[neighbour_lists(1, bought=[(3, 0.2)]), neighbour_lists(2, bought=[(3, 0.1), (4, 0.6)])],
    )

    assert values_of(inputs, [product(3), product(4)])["newest_neighbour"].tolist() == pytest.approx([0.3 / 0.8, 0.6 / 0.8])


def test_shapes_of_unknown_features_do_not_count():
    known, unknown = line("popular", 1.0), line("of a later version", 1.0)

    assert ranked_list(shop([known, unknown]), CANDIDATES).items == ranked_list(shop([known]), CANDIDATES).items


def test_a_shop_without_products_has_an_empty_list():
    assert ranked_list(shop([line(feature, 1.0) for feature in FEATURES]), []).items == []
