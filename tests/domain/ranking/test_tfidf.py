"""How much a word of a name tells."""

import math

import numpy as np
import pytest
from msgspec import msgpack
from msgspec.structs import replace

from domain.ranking import tfidf as words_module
from domain.ranking.model import WordWeights
from domain.ranking.tfidf import cosine, vectors, word_weights


def test_a_word_weighs_by_how_few_names_have_it():
    weights = word_weights(["Oslo lamp", "Bergen LAMP lamp", "Oslo chair", "Stool"])

    assert weights.idf == pytest.approx({"lamp": math.log(1 + 4 / 2), "oslo": math.log(1 + 4 / 2)})
    assert weights.rare == pytest.approx(math.log(1 + 4 / 1))


def test_only_the_words_that_most_names_have_are_kept_and_others_weigh_what_the_rarest_does(monkeypatch):
    monkeypatch.setattr(words_module, "N_WORDS", 2)

    weights = word_weights(["a b c", "a b c", "a b", "a"])

    assert list(weights.idf) == ["a", "b"]
    assert weights.rare == weights.idf["b"] == pytest.approx(math.log(1 + 4 / 3))


def test_long_words_are_not_stored():
    assert word_weights(["x" * 33, "x" * 33]).idf == {}


def test_what_is_stored_of_the_largest_vocabulary_is_small():
    names = [chr(0x10400 + number % 40) * 28 + f"{number:04}" for number in range(3000)]

    assert len(msgpack.encode(word_weights([*names, *names]))) < 300_000


def test_no_names_have_no_words():
    assert word_weights([]) == WordWeights(rare=math.log(2))
    assert cosine(vectors([], WordWeights()), vectors(["lamp"], WordWeights())).shape == (0, 1)
    assert cosine(vectors(["!"], WordWeights()), vectors(["lamp"], WordWeights())).tolist() == [[0.0]]


def test_vectors_have_the_length_of_one():
    made = vectors(["Oslo lamp lamp", "", "Oslo"], WordWeights(idf={"oslo": 3.0}, rare=2.0))

    assert made.sizes.tolist() == [2, 0, 1]
    assert made.weights == pytest.approx(np.array([3 / 5, 4 / 5, 1.0]))


def test_the_last_bits_in_which_processors_differ_decide_nothing():
    made = vectors(["Oslo lamp of oak", "Oslo lamp of birch"], WordWeights())
    elsewhere = replace(made, weights=np.nextafter(made.weights, np.float32(0)))

    assert cosine(made, elsewhere).tolist() == cosine(made, made).tolist()
    assert np.diag(cosine(made, elsewhere)).tolist() == [1.0, 1.0]


def test_some_of_the_names_are_taken_in_the_order_asked_for():
    made = vectors(["a b", "c", "", "d e f"], WordWeights())

    taken = made.take(np.array([3, 2, 0]))

    assert taken.sizes.tolist() == [3, 0, 2]
    assert taken.words.tolist() == [*made.words[3:], *made.words[:2]]
