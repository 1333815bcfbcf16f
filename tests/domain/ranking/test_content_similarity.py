"""The similarity of products by their catalogue data."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ranking import content_similarity
from domain.ranking.content_similarity import features, similar_products, similarity
from domain.ranking.model import WordWeights
from domain.ranking.tfidf import word_weights
from tests.domain.ranking.lists import causes, ids, ranked_list, sources
from tests.domain.shop import neighbour_lists, past_event, product, ranking_inputs

EQUAL_WEIGHTS = WordWeights()


def similarity_of(one, other, *, words=EQUAL_WEIGHTS):
    return float(similarity(features([product(1, **one)], words), features([product(2, **other)], words))[0, 0])


def most_similar(products):
    return {index: others for index, others, _ in similar_products(products, EQUAL_WEIGHTS)}


READING_LAMP = {"name": "Reading lamp", "category": "home/lamps", "brand": "Lumo", "price": 40.0}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, 1.0),
        ({"brand": "Klang"}, 1 - 0.15),
        ({"price": 80.0}, 1 - 0.15 * 0.5),
        ({"price": None}, 1 - 0.15),
        ({"price": 80.0, "rate": 0.5}, 1.0),
        ({"rate": None}, 1 - 0.15),
        ({"category": "home/desks"}, 1 - 0.4 / 2),
        ({"category": "garden"}, 1 - 0.4),
        ({"category": None}, 1 - 0.4),
        ({"name": "Reading chair"}, 1 - 0.3 / 2),
        ({"name": "Spade"}, 1 - 0.3),
        ({"brand": None}, 1 - 0.15),
    ],
    ids=[
        "equal", "other brand", "twice the price", "no price", "the same price elsewhere", "no rate",
        "other lower level", "other category", "no category",
        "other word", "no common word", "no brand",
    ],
)  # fmt: skip
def test_similarity_is_the_weighted_sum_of_shared_features(changed, expected):
    assert similarity_of(READING_LAMP, READING_LAMP | changed) == pytest.approx(expected, abs=1e-6)


def test_products_without_catalogue_data_have_similarity_0():
    assert similarity_of({"name": "A"}, {"name": "B"}) == 0


def test_similar_products_are_those_of_the_category_best_first(monkeypatch):
    monkeypatch.setattr(content_similarity, "N_SIMILAR", 2)
    lamps = [
        product(index, name=f"Lamp {index}", category="lamps", price=price)
        for index, price in enumerate([10.0, 80.0, 12.0, 20.0])
    ]

    similar = most_similar([*lamps, product(9, category="spades")])

    assert similar[0] == [2, 3]
    assert 9 not in similar[0]


def test_products_of_small_categories_are_compared_within_the_level_above(monkeypatch):
    monkeypatch.setattr(content_similarity, "N_SIMILAR", 2)
    products = [product(index, category=f"home/{index}") for index in range(4)]

    assert most_similar(products)[0] == [1, 2]


def test_large_categories_are_split_by_brand(monkeypatch):
    monkeypatch.setattr(content_similarity, "N_SIMILAR", 1)
    monkeypatch.setattr(content_similarity, "MAX_COMPARED", 2)
    products = [product(index, category="a", brand="x" if index % 2 else "y") for index in range(4)]

    assert most_similar(products) == {0: [2], 1: [3], 2: [0], 3: [1]}


def test_the_only_product_of_a_category_has_no_similar_products():
    assert list(similar_products([product(0, category="a")], EQUAL_WEIGHTS)) == [(0, [], [])]


def test_features_of_no_products_are_empty_and_an_unknown_price_is_nan():
    one = features([product(1)], EQUAL_WEIGHTS)

    assert similarity(features([], EQUAL_WEIGHTS), one).shape == (0, 1)
    assert np.isnan(one.log_prices[0])


def test_a_shared_rare_word_counts_more_than_a_shared_frequent_word():
    words = WordWeights(idf={"lamp": 3.0}, rare=4.0)

    # The names are vectors (3, 4), of which the shared word is 3 / 5 or 4 / 5.
    frequent = similarity_of({"name": "Lamp Oslo"}, {"name": "Bergen lamp"}, words=words)
    rare = similarity_of({"name": "Lamp Oslo"}, {"name": "Oslo"}, words=words)

    assert frequent == pytest.approx(0.3 * (3 / 5) ** 2)
    assert rare == pytest.approx(0.3 * 4 / 5)


def test_a_repeated_word_counts_for_each_occurrence():
    # The names are the vectors (2, 1) and (1, 0).
    assert similarity_of({"name": "Duo duo lamp"}, {"name": "Duo"}) == pytest.approx(0.3 * 2 / 5**0.5, abs=1e-5)


def test_names_that_are_only_ids_do_not_make_products_similar():
    assert similarity_of({"name": "p-1"}, {"name": "p-2"}) == 0


CATALOGUE_DATA = st.fixed_dictionaries(
    {},
    optional={
        "name": st.lists(st.sampled_from(["Lamp", "lamp", "Oslo", "No 7", "Ωmega", "!"]), min_size=1).map(" ".join),
        "category": st.sampled_from(["a", "a/b", "a/c", "d"]),
        "brand": st.sampled_from(["x", "y"]),
        "price": st.sampled_from([0.01, 1.0, 1e9]),
    },
)


@given(st.lists(CATALOGUE_DATA, min_size=1, max_size=5), st.floats(0.1, 12.0))
def test_similarity_is_symmetric_lies_between_0_and_1_and_is_1_for_equal_features(catalogue, idf):
    words = WordWeights(idf={"lamp": idf, "no": 0.7}, rare=9.0)
    products = features([product(index, **fields) for index, fields in enumerate(catalogue)], words)

    values = similarity(products, products)

    assert values == pytest.approx(values.T)
    assert (values >= 0).all()
    assert (values <= 1 + 1e-6).all()
    for position, fields in enumerate(catalogue):
        if {"name", "category", "brand", "price"} <= fields.keys() and fields["name"].strip("! "):
            assert values[position, position] == pytest.approx(1.0)


def test_words_that_only_one_name_of_a_category_has_do_not_change_similarities():
    names = ["Lamp Oslo", "Lamp Bergen", "Bergen Lamp big", "Chair"]
    products = [product(index, name=name, category="a") for index, name in enumerate(names)]
    words = word_weights(names)

    similar = {index: dict(zip(others, values, strict=True)) for index, others, values in similar_products(products, words)}

    expected = similarity(features(products, words), features(products, words))
    for one, similarities in similar.items():
        assert similarities == pytest.approx({other: expected[one, other] for other in range(4) if other != one})


def test_a_product_newer_than_the_model_is_recommended_for_its_similarity_to_the_history():
    lamp = product(1, name="Reading lamp", category="home/lamps", brand="Lumo", price=40.0)
    new_lamp = product(1000, name="Reading lamp two", category="home/lamps", brand="Lumo", price=42.0)
    inputs = ranking_inputs(past_event(lamp), neighbours=[neighbour_lists(1, similar=[(2, 0.9)])])

    ranked = ranked_list(inputs, [new_lamp])

    assert causes(ranked.items[0], "similar_product") == [("p-1", None)]


def test_a_viewed_product_newer_than_the_model_recommends_similar_products():
    new_lamp = product(1000, name="Reading lamp", category="home/lamps", brand="Lumo")
    inputs = ranking_inputs(past_event(new_lamp))

    ranked = ranked_list(inputs, [product(2, name="Reading lamp two", category="home/lamps"), product(3, name="Spade")])

    assert ids(ranked)[0] == "p-2"
    assert "similar_product" in sources(ranked.items[0])
    assert "similar_product" not in sources(ranked.items[1])
