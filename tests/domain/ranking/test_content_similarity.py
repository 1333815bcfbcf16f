"""How alike products are by what the catalogue says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ranking import content_similarity as content
from domain.ranking.content_similarity import features, similar_products, similarity
from domain.ranking.model import WordWeights
from domain.ranking.tfidf import word_weights
from tests.domain.shop import product

ALL_ALIKE = WordWeights()


def alike(one, other, *, words=ALL_ALIKE):
    return float(similarity(features([product(1, **one)], words), features([product(2, **other)], words))[0, 0])


def most_similar(products, words=ALL_ALIKE):
    return {index: others for index, others, _ in similar_products(products, words)}


FULL = {"name": "Reading lamp", "category": "home/lamps", "brand": "Lumo", "price": 40.0}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, 1.0),
        ({"brand": "Klang"}, 1 - 0.15),
        ({"price": 80.0}, 1 - 0.15 * 0.5),
        ({"price": None}, 1 - 0.15),
        ({"category": "home/desks"}, 1 - 0.4 / 2),
        ({"category": "garden"}, 1 - 0.4),
        ({"category": None}, 1 - 0.4),
        ({"name": "Reading chair"}, 1 - 0.3 / 2),
        ({"name": "Spade"}, 1 - 0.3),
        ({"brand": None}, 1 - 0.15),
    ],
)
def test_similarity_is_the_weighted_sum_of_what_is_shared(changed, expected):
    assert alike(FULL, FULL | changed) == pytest.approx(expected, abs=1e-6)


def test_products_that_nothing_is_known_of_are_not_alike():
    assert alike({"name": "A"}, {"name": "B"}) == 0


def test_similar_products_are_the_most_alike_of_the_category_best_first(monkeypatch):
    monkeypatch.setattr(content, "N_SIMILAR", 2)
    lamps = [
        product(number, name=f"Lamp {number}", category="lamps", price=price)
        for number, price in enumerate([10.0, 80.0, 12.0, 20.0])
    ]

    found = most_similar([*lamps, product(9, category="spades")])

    assert found[0] == [2, 3]
    assert 9 not in found[0]


def test_small_categories_are_compared_within_the_level_above(monkeypatch):
    monkeypatch.setattr(content, "N_SIMILAR", 2)
    products = [product(number, category=f"home/{number}") for number in range(4)]

    assert most_similar(products)[0] == [1, 2]


def test_large_categories_are_compared_in_parts(monkeypatch):
    monkeypatch.setattr(content, "N_SIMILAR", 1)
    monkeypatch.setattr(content, "MAX_COMPARED", 2)
    products = [product(number, category="a", brand="x" if number % 2 else "y") for number in range(4)]

    assert most_similar(products) == {0: [2], 1: [3], 2: [0], 3: [1]}


def test_a_product_alone_in_its_category_has_no_similar_ones():
    assert list(similar_products([product(0, category="a")], ALL_ALIKE)) == [(0, [], [])]


def test_no_products_have_no_features():
    assert similarity(features([], ALL_ALIKE), features([product(1)], ALL_ALIKE)).shape == (0, 1)
    assert np.isnan(features([product(1)], ALL_ALIKE).log_prices[0])


def test_a_word_that_few_names_have_tells_more_than_one_that_many_have():
    words = WordWeights(idf={"lamp": 3.0}, rare=4.0)

    # Vectors (3, 4): what is shared is 3 / 5 or 4 / 5 of each one's length.
    common = alike({"name": "Lamp Oslo"}, {"name": "Bergen lamp"}, words=words)
    rare = alike({"name": "Lamp Oslo"}, {"name": "Oslo"}, words=words)

    assert common == pytest.approx(0.3 * (3 / 5) ** 2)
    assert rare == pytest.approx(0.3 * 4 / 5)


def test_a_word_that_is_there_twice_counts_twice():
    # (2, 1) and (1, 0).
    assert alike({"name": "Duo duo lamp"}, {"name": "Duo"}) == pytest.approx(0.3 * 2 / 5**0.5, abs=1e-5)


def test_names_that_are_only_ids_are_not_alike():
    assert alike({"name": "p-1"}, {"name": "p-2"}) == 0


NAMED = st.fixed_dictionaries(
    {},
    optional={
        "name": st.lists(st.sampled_from(["Lamp", "lamp", "Oslo", "No 7", "Ωmega", "!"]), min_size=1).map(" ".join),
        "category": st.sampled_from(["a", "a/b", "a/c", "d"]),
        "brand": st.sampled_from(["x", "y"]),
        "price": st.sampled_from([0.01, 1.0, 1e9]),
    },
)


@given(st.lists(NAMED, min_size=1, max_size=5), st.floats(0.1, 12.0))
def test_similarity_is_symmetric_and_lies_between_nothing_and_the_same(given_products, idf):
    words = WordWeights(idf={"lamp": idf, "no": 0.7}, rare=9.0)
    known = features([product(number, **one) for number, one in enumerate(given_products)], words)

    values = similarity(known, known)

    assert values == pytest.approx(values.T)
    assert (values >= 0).all()
    assert (values <= 1 + 1e-6).all()
    for place, one in enumerate(given_products):
        if {"name", "category", "brand", "price"} <= one.keys() and one["name"].strip("! "):
            assert values[place, place] == pytest.approx(1.0)


def test_words_of_a_pool_that_only_one_name_has_change_no_other_likeness():
    names = ["Lamp Oslo", "Lamp Bergen", "Bergen Lamp big", "Chair"]
    products = [product(number, name=name, category="a") for number, name in enumerate(names)]
    words = word_weights(names)

    found = {index: dict(zip(others, alike, strict=True)) for index, others, alike in similar_products(products, words)}

    known = features(products, words)
    expected = similarity(known, known)
    for one, likeness in found.items():
        assert likeness == pytest.approx({other: expected[one, other] for other in range(4) if other != one})
