"""Names of products as TF-IDF vectors."""

import math

import numpy as np
import pytest
from msgspec import msgpack
from msgspec.structs import replace

from domain.ranking import tfidf
from domain.ranking.model import WordWeights
from domain.ranking.tfidf import cosine, vectors, word_weights


def test_a_word_of_few_names_weighs_more_than_a_word_of_many():
    weights = word_weights(["Oslo lamp", "Bergen LAMP lamp", "Oslo chair", "Stool"])

    assert weights.idf == pytest.approx({"lamp": math.log(1 + 4 / 2), "oslo": math.log(1 + 4 / 2)})
    assert weights.rare == pytest.approx(math.log(1 + 4 / 1))


def test_words_beyond_the_most_frequent_weigh_as_much_as_the_rarest_of_those(monkeypatch):
    monkeypatch.setattr(tfidf, "N_WORDS", 2)

    weights = word_weights(["a b c", "a b c", "a b", "a"])

    assert list(weights.idf) == ["a", "b"]
    assert weights.rare == weights.idf["b"] == pytest.approx(math.log(1 + 4 / 3))


def test_words_of_more_than_32_letters_are_not_stored():
    assert word_weights(["x" * 33, "x" * 33]).idf == {}


def test_the_largest_vocabulary_is_stored_in_less_than_300_kilobytes():
    names = [chr(0x10400 + number % 40) * 28 + f"{number:04}" for number in range(3000)]

    assert len(msgpack.encode(word_weights([*names, *names]))) < 300_000


def test_names_without_words_have_no_vectors_and_cosine_0():
    assert word_weights([]) == WordWeights(rare=math.log(2))
    assert cosine(vectors([], WordWeights()), vectors(["lamp"], WordWeights())).shape == (0, 1)
    assert cosine(vectors(["!"], WordWeights()), vectors(["lamp"], WordWeights())).tolist() == [[0.0]]


def test_vectors_have_length_1():
    names = vectors(["Oslo lamp lamp", "", "Oslo"], WordWeights(idf={"oslo": 3.0}, rare=2.0))

    assert names.sizes.tolist() == [2, 0, 1]
    assert names.weights == pytest.approx(np.array([3 / 5, 4 / 5, 1.0]))


def test_rounding_differences_between_processors_do_not_change_cosines():
    names = vectors(["Oslo lamp of oak", "Oslo lamp of birch"], WordWeights())
    on_another_processor = replace(names, weights=np.nextafter(names.weights, np.float32(0)))

    assert cosine(names, on_another_processor).tolist() == cosine(names, names).tolist()
    assert np.diag(cosine(names, on_another_processor)).tolist() == [1.0, 1.0]


def test_take_returns_the_vectors_of_the_given_rows_in_their_order():
    names = vectors(["a b", "c", "", "d e f"], WordWeights())

    taken = names.take(np.array([3, 2, 0]))

    assert taken.sizes.tolist() == [3, 0, 2]
    assert taken.words.tolist() == [*names.words[3:], *names.words[:2]]
