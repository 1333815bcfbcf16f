"""The penalties for products of one category or brand."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.ranking import diversity
from domain.ranking.catalogue import Catalogue
from domain.ranking.diversity import (
    SAME_BRAND_IN_CATEGORY,
    SAME_CATEGORY,
    SAME_MODEL_OF_BRAND,
    best_variants,
    groups_of,
    rerank,
)
from domain.ranking.name_stems import name_stem
from domain.records.products import group_of
from tests.domain.shop import product


def reranked(products, scores, *, k, variety=1.0):
    """Return the best `k` positions in `products`, which are ascending by index, with their scores."""
    catalogue, indexes = Catalogue(products), np.array([one.product_index for one in products], dtype=np.intp)
    given_scores = np.array(scores, dtype=np.float64)
    own = best_variants(given_scores, catalogue, indexes)
    positions, values = rerank(given_scores[own], groups_of(catalogue, indexes[own]), k=min(k, len(own)), variety=variety)
    return list(zip(own[positions].tolist(), values.tolist(), strict=True))[:k]


def reranked_ids(products, scores):
    return [products[position].product_id for position, _ in reranked(products, scores, k=10)]


@pytest.fixture
def few_considered(monkeypatch):
    """Let a few products take the path that saves work in a shop of many candidates."""
    monkeypatch.setattr(diversity, "MIN_CONSIDERED", 2)


def test_a_product_of_another_category_comes_between_those_of_one_category():
    products = [product(1, category="a"), product(2, category="a"), product(3, category="b")]

    assert reranked_ids(products, [1.0, 0.98, 0.95]) == ["p-1", "p-3", "p-2"]


def test_a_product_of_another_brand_comes_between_those_of_one_brand_in_a_category():
    products = [
        product(1, category="a", brand="x"),
        product(2, category="a", brand="x"),
        product(3, category="a", brand="y"),
    ]

    assert reranked_ids(products, [1.0, 0.9, 0.8]) == ["p-1", "p-3", "p-2"]


def test_products_without_a_category_do_not_share_one():
    products = [product(1, category=None), product(2, category=None)]

    assert reranked(products, [1.0, 0.5], k=2) == [(0, 1.0), (1, 0.5)]


def test_returned_scores_include_the_penalties():
    products = [product(1, category="a", brand="x"), product(2, category="a", brand="x")]

    assert reranked(products, [1.0, 0.5], k=2) == [(0, 1.0), (1, 0.5 * SAME_CATEGORY * SAME_BRAND_IN_CATEGORY)]


def shirt(index, name, **fields):
    return product(index, name=name, **{"category": "wear/shirts", "brand": "x"} | fields)


def test_another_model_comes_between_the_colours_of_one_model():
    products = [shirt(1, "Alto shirt red"), shirt(2, "Alto shirt blue"), shirt(3, "Basso shirt red")]

    assert reranked_ids(products, [1.0, 0.9, 0.5]) == ["p-1", "p-3", "p-2"]
    assert reranked(products, [1.0, 0.9, 0.0], k=2)[1][1] == pytest.approx(
        0.9 * SAME_MODEL_OF_BRAND * SAME_BRAND_IN_CATEGORY * SAME_CATEGORY
    )


def test_models_are_compared_within_a_brand_and_a_category():
    products = [shirt(1, "Alto red"), shirt(2, "Alto blue", brand="y"), shirt(3, "Alto blue", category="wear/hats")]

    assert [score for _, score in reranked(products, [1.0, 1.0, 1.0], k=3)] == [1.0, 1.0, SAME_CATEGORY]


def test_a_name_that_repeats_the_category_is_not_that_of_a_model():
    products = [shirt(1, "Shirts, 10 oz"), shirt(2, "SHIRTS blue"), shirt(3, "Shirts, 10 oz")]

    scores = [score for _, score in reranked(products, [1.0, 1.0, 1.0], k=3)]
    assert scores == pytest.approx([(SAME_CATEGORY * SAME_BRAND_IN_CATEGORY) ** rank for rank in range(3)])


def test_only_the_best_of_a_group_of_variants_is_chosen():
    products = [
        product(1, product_id="hat"),
        product(2, product_id="blue", variant_of="shirt"),
        product(3, product_id="red", variant_of="shirt"),
        product(4, product_id="shirt"),
    ]

    assert reranked_ids(products, [0.1, 0.9, 0.9, 0.5]) == ["blue", "hat"]
    assert reranked(products, [0.1, 0.9, 0.9, 0.5], k=1) == [(1, 0.9)]


def test_60_models_in_6_colours_fill_ten_places_with_ten_models():
    colours = ("black", "white", "red", "blue", "green", "navy blue")
    products = [
        product(6 * model + place, name=f"Model {model} shirt {colour}", category="wear/shirts", brand=f"b{model % 5}")
        for model in range(60)
        for place, colour in enumerate(colours)
    ]
    # Each model is 7 % worse than the one before; its colours hardly differ.
    scores = np.array([0.93 ** (one.product_index // 6) - 0.001 * (one.product_index % 6) for one in products])

    def n_models(ranked):
        return len({products[position].product_index // 6 for position, _ in ranked})

    assert n_models(reranked(products, scores, k=10, variety=0.0)) == 2
    assert n_models(reranked(products, scores, k=10, variety=0.5)) >= 9
    assert n_models(reranked(products, scores, k=10, variety=1.0)) == 10


def test_ties_go_to_the_lower_product_index():
    assert reranked_ids([product(1, category="b"), product(2, category="a")], [0.5, 0.5]) == ["p-1", "p-2"]


def penalised(position, products, scores, *, chosen):
    candidate = products[position]
    same_category = [products[other] for other in chosen if products[other].category == candidate.category]
    same_brand = [other for other in same_category if other.brand == candidate.brand is not None]
    same_model = sum(name_stem(other.name) == name_stem(candidate.name) for other in same_brand)
    n_penalised = len(same_category) if candidate.category else 0
    penalty = SAME_MODEL_OF_BRAND**same_model * SAME_BRAND_IN_CATEGORY ** len(same_brand) * SAME_CATEGORY**n_penalised
    return scores[position] * penalty


def greedy_order(products, scores, *, k=None):
    """Choose one product after the other, as the rule of penalties reads; positions are product indexes here."""
    best = {}
    for position, one in enumerate(products):
        known = best.setdefault(group_of(one), position)
        best[group_of(one)] = max(known, position, key=lambda other: scores[other])
    remaining, chosen = sorted(best.values()), []
    while remaining and len(chosen) != k:
        values = [penalised(position, products, scores, chosen=chosen) for position in remaining]
        chosen.append(remaining.pop(values.index(max(values))))
    return chosen


def products_of(drawn):
    return [
        product(
            index,
            name=f"Model {model} red" if model else f"Thing {index}",
            category=f"c{category}" if category else None,
            brand=f"b{brand}" if brand else None,
            variant_of=f"v{group}" if group else None,
        )
        for index, (_, category, brand, model, group) in enumerate(drawn)
    ]


GROUPS = [st.integers(0, 2)] * 4
DRAWN = st.lists(st.tuples(st.integers(0, 1000), *GROUPS), max_size=12)


def check_greedy(drawn, *, k):
    products, scores = products_of(drawn), [score / 1000 for score, *_ in drawn]

    ranked = reranked(products, scores, k=k)

    assert [position for position, _ in ranked] == greedy_order(products, scores)[:k]


@given(DRAWN)
def test_the_order_is_that_of_a_greedy_loop(drawn):
    check_greedy(drawn, k=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=DRAWN, k=st.integers(0, 12))
def test_the_order_is_that_of_a_greedy_loop_if_only_the_best_are_considered(drawn, k, few_considered):
    check_greedy(drawn, k=k)


@pytest.mark.parametrize("n_brands", [1, 3])
def test_the_order_is_that_of_a_greedy_loop_for_many_candidates_of_few_categories(n_brands):
    rng = np.random.default_rng(1)
    drawn = [(int(rng.integers(500, 1000)), 1 + index % 2, 1 + index % n_brands, 0, 0) for index in range(1000)]
    products, scores = products_of(drawn), [score / 1000 for score, *_ in drawn]

    # Ten products of each of two categories at most: the best score of all that follow is far above the tenth's.
    assert [position for position, _ in reranked(products, scores, k=20)] == greedy_order(products, scores, k=20)


def test_the_best_scores_are_enough_if_they_are_of_many_categories():
    products = [product(index, category=f"c{index}") for index in range(1000)]
    scores = [1.0 - index / 1000 for index in range(1000)]

    ranked = reranked(products, scores, k=20)

    assert ranked == [(position, scores[position]) for position in range(20)]


def test_the_best_scores_are_not_enough_if_they_are_all_of_one_brand():
    """Without a second look, the products of a category of its own would be missed behind 400 of the same brand."""
    products = [product(index, category="a", brand="x") for index in range(400)]
    others = [product(400 + index, category=f"c{index}") for index in range(10)]

    ranked = reranked([*products, *others], [1.0] * 400 + [0.9] * 10, k=11)

    assert [position for position, _ in ranked] == [0, *range(400, 410)]


@given(
    st.lists(st.tuples(st.floats(0, 1), *GROUPS), max_size=30),
    st.integers(0, 30),
)
def test_a_shorter_list_is_a_prefix_of_a_longer_one(drawn, k):
    products = products_of(drawn)
    scores = [score for score, *_ in drawn]

    longest = reranked(products, scores, k=30)

    assert reranked(products, scores, k=k) == longest[:k]
    assert len(longest) == len({group_of(product) for product in products})
    assert [score for _, score in longest] == sorted((score for _, score in longest), reverse=True)
