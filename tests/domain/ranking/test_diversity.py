"""The penalties for products of one category or brand."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from domain.ranking.diversity import SAME_BRAND_IN_CATEGORY, SAME_CATEGORY, rerank
from tests.domain.shop import product


def reranked_ids(products, scores):
    return [products[position].product_id for position, _ in rerank(products, np.array(scores), k=10)]


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

    assert rerank(products, np.array([1.0, 0.5]), k=2) == [(0, 1.0), (1, 0.5)]


def test_returned_scores_include_the_penalties():
    products = [product(1, category="a", brand="x"), product(2, category="a", brand="x")]

    assert rerank(products, np.array([1.0, 0.5]), k=2) == [(0, 1.0), (1, 0.5 * SAME_CATEGORY * SAME_BRAND_IN_CATEGORY)]


def test_ties_go_to_the_lower_product_index():
    assert reranked_ids([product(2, category="b"), product(1, category="a")], [0.5, 0.5]) == ["p-1", "p-2"]


def penalised(position, products, scores, *, chosen):
    candidate = products[position]
    same_category = [products[other] for other in chosen if products[other].category == candidate.category]
    same_brand = sum(other.brand == candidate.brand is not None for other in same_category)
    n_penalised = len(same_category) if candidate.category else 0
    return scores[position] * SAME_BRAND_IN_CATEGORY**same_brand * SAME_CATEGORY**n_penalised


def greedy_order(products, scores):
    """Choose one product after the other, as the rule of penalties reads; positions are product indexes here."""
    remaining, chosen = list(range(len(products))), []
    while remaining:
        values = [penalised(position, products, scores, chosen=chosen) for position in remaining]
        chosen.append(remaining.pop(values.index(max(values))))
    return chosen


def products_of(drawn):
    return [
        product(index, category=f"c{category}" if category else None, brand=f"b{brand}" if brand else None)
        for index, (_, category, brand) in enumerate(drawn)
    ]


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 2), st.integers(0, 2)), max_size=12))
def test_the_order_is_that_of_a_greedy_loop(drawn):
    products = products_of(drawn)
    scores = np.array([score / 1000 for score, _, _ in drawn])

    ranked = rerank(products, scores, k=12)

    assert [position for position, _ in ranked] == greedy_order(products, scores)


@given(
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 3), st.integers(0, 2)), max_size=30),
    st.integers(0, 30),
)
def test_a_shorter_list_is_a_prefix_of_a_longer_one(drawn, k):
    products = products_of(drawn)
    scores = np.array([score for score, _, _ in drawn])

    longest = rerank(products, scores, k=30)

    assert rerank(products, scores, k=k) == longest[:k]
    assert len(longest) == len(drawn)
    assert [score for _, score in longest] == sorted((score for _, score in longest), reverse=True)
