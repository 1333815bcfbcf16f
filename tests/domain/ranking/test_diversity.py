"""How scored products become a varied list."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from domain.ranking.diversity import SAME_BRAND_IN_CATEGORY, SAME_CATEGORY, rerank
from tests.domain.shop import product


def chosen(products, scores, k=10):
    return [products[position].product_id for position, _ in rerank(products, np.array(scores), k=k)]


def test_one_category_does_not_fill_the_list():
    products = [product(1, category="a"), product(2, category="a"), product(3, category="b")]

    assert chosen(products, [1.0, 0.98, 0.95]) == ["p-1", "p-3", "p-2"]


def test_near_duplicates_of_one_brand_are_kept_apart():
    products = [
        product(1, category="a", brand="x"),
        product(2, category="a", brand="x"),
        product(3, category="a", brand="y"),
    ]

    assert chosen(products, [1.0, 0.9, 0.8]) == ["p-1", "p-3", "p-2"]


def test_the_scores_are_those_a_product_was_chosen_at():
    products = [product(1, category="a", brand="x"), product(2, category="a", brand="x")]

    assert rerank(products, np.array([1.0, 0.5]), k=2) == [(0, 1.0), (1, 0.5 * SAME_CATEGORY * SAME_BRAND_IN_CATEGORY)]


def test_ties_go_to_the_lower_product_index():
    assert chosen([product(2, category="b"), product(1, category="a")], [0.5, 0.5]) == ["p-1", "p-2"]


def lowered(place, products, scores, *, taken):
    one = products[place]
    alike = [products[other] for other in taken if products[other].category == one.category]
    same_brand = sum(other.brand == one.brand is not None for other in alike)
    return scores[place] * SAME_BRAND_IN_CATEGORY**same_brand * SAME_CATEGORY ** len(alike)


def chosen_one_by_one(products, scores):
    """Choose greedily: the slow way, as the rule reads; places are product indexes here."""
    left, taken = list(range(len(products))), []
    while left:
        values = [lowered(place, products, scores, taken=taken) for place in left]
        taken.append(left.pop(values.index(max(values))))
    return taken


drawn_scores = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 3), st.integers(0, 2)), max_size=30)


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 2), st.integers(0, 2)), max_size=12))
def test_products_are_chosen_as_one_by_one(drawn):
    products = [product(place, category=f"c{c}", brand=f"b{b}" if b else None) for place, (_, c, b) in enumerate(drawn)]
    scores = np.array([score / 1000 for score, _, _ in drawn])

    ranked = rerank(products, scores, k=12)

    assert [position for position, _ in ranked] == chosen_one_by_one(products, scores)


@given(drawn_scores, st.integers(0, 30))
def test_a_shorter_list_is_the_beginning_of_a_longer_one(drawn, k):
    products = [product(place, category=f"c{c}", brand=f"b{b}" if b else None) for place, (_, c, b) in enumerate(drawn)]
    scores = np.array([score for score, _, _ in drawn])

    longest = rerank(products, scores, k=30)

    assert rerank(products, scores, k=k) == longest[:k]
    assert len(longest) == len(drawn)
    assert [score for _, score in longest] == sorted((score for _, score in longest), reverse=True)
