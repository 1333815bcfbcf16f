"""How alike products are by what the catalogue says."""

import numpy as np
import pytest

from domain import content
from domain.content import features, similar_products, similarity
from tests.domain.shop import product


def alike(one, other):
    return float(similarity(features([product(1, **one)]), features([product(2, **other)]))[0, 0])


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
        ({"name": "Reading chair"}, 1 - 0.3 * 2 / 3),
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

    found = {index: others for index, others, _ in similar_products([*lamps, product(9, category="spades")])}

    assert found[0] == [2, 3]
    assert 9 not in found[0]


def test_small_categories_are_compared_within_the_level_above(monkeypatch):
    monkeypatch.setattr(content, "N_SIMILAR", 2)
    products = [product(number, category=f"home/{number}") for number in range(4)]

    found = {index: others for index, others, _ in similar_products(products)}

    assert found[0] == [1, 2]


def test_large_categories_are_compared_in_parts(monkeypatch):
    monkeypatch.setattr(content, "N_SIMILAR", 1)
    monkeypatch.setattr(content, "MOST_COMPARED", 2)
    products = [product(number, category="a", brand="x" if number % 2 else "y") for number in range(4)]

    assert {index: others for index, others, _ in similar_products(products)} == {0: [2], 1: [3], 2: [0], 3: [1]}


def test_a_product_alone_in_its_category_has_no_similar_ones():
    assert list(similar_products([product(0, category="a")])) == [(0, [], [])]


def test_no_products_have_no_features():
    assert similarity(features([]), features([product(1)])).shape == (0, 1)
    assert np.isnan(features([product(1)]).log_prices[0])
