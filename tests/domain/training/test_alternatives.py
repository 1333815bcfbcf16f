"""Alternatives: products of one category that customers look at together, but do not buy together."""

import pytest
from scipy import sparse

from domain.training.alternatives import learn_alternatives
from tests.domain.event_logs import event_log, training_data
from tests.domain.shop import product

PRODUCTS = [product(0, category="m"), product(1, category="m"), product(2, category="a"), product(3, category="b")]


def looked_at(n, *indexes, name="v"):
    return [(f"{name}{customer}", index, "view", 0) for customer in range(n) for index in indexes]


def bought(n, *indexes, name="b"):
    return [(f"{name}{customer}", index, "purchase", 0, customer + 1) for customer in range(n) for index in indexes]


def pairs_left(alternatives, n=4):
    every = sparse.csr_array([[float(row != column) for column in range(n)] for row in range(n)])
    left = alternatives.removed_from(every).tocoo()
    return {(int(row), int(column)) for row, column, value in zip(*left.coords, left.data, strict=True) if value}


def test_a_category_is_judged_by_the_pairs_that_customers_look_at_and_buy():
    log = event_log(*looked_at(40, 0, 1), *looked_at(10, 2, 3, name="w"), *bought(10, 2, 3))

    alternatives = learn_alternatives(training_data(log, PRODUCTS))

    # 20 customers turned to both 2 and 3, and 10 of them bought both; 40 turned to both 0 and 1.
    assert alternatives.usual == 0.5
    assert alternatives.ratios.tolist() == [5 / (0.5 * 40 + 5), 1.0, 1.0]
    assert alternatives.category_paths == ("m",)
    assert pairs_left(alternatives) == {(row, column) for row in range(4) for column in range(4) if row != column} - {
        (0, 1), (1, 0),
    }  # fmt: skip


def test_products_of_a_category_that_are_bought_together_as_usual_are_no_alternatives():
    log = event_log(*looked_at(10, 0, 1), *bought(10, 0, 1, name="x"), *looked_at(10, 2, 3, name="w"), *bought(10, 2, 3))

    alternatives = learn_alternatives(training_data(log, PRODUCTS))

    assert alternatives.category_paths == ()
    assert len(pairs_left(alternatives)) == 12


def test_a_pair_that_nobody_looked_at_is_judged_by_its_category():
    products = [*PRODUCTS, product(4, category="m")]
    log = event_log(*looked_at(40, 0, 1), *looked_at(10, 2, 3, name="w"), *bought(10, 2, 3), *looked_at(1, 4, name="alone"))

    assert (0, 4) not in pairs_left(learn_alternatives(training_data(log, products)), n=5)


def test_the_evidence_of_a_pair_outweighs_its_category():
    products = [*PRODUCTS, product(4, category="m")]
    log = event_log(*looked_at(60, 0, 1), *looked_at(10, 2, 3, name="w"), *bought(10, 2, 3), *bought(6, 0, 4, name="x"))

    left = pairs_left(learn_alternatives(training_data(log, products)), n=5)

    assert (0, 4) in left
    assert (0, 1) not in left


@pytest.mark.parametrize("events", [bought(10, 0, 1), []])
def test_without_views_nothing_is_an_alternative(events):
    alternatives = learn_alternatives(training_data(event_log(*events), PRODUCTS))

    assert alternatives.category_paths == ()
    assert len(pairs_left(alternatives)) == 12


def test_products_without_a_category_are_no_alternatives():
    log = event_log(*looked_at(40, 0, 1), *looked_at(10, 2, 3, name="w"), *bought(10, 2, 3))
    products = [product(0), product(1), *PRODUCTS[2:]]

    assert len(pairs_left(learn_alternatives(training_data(log, products)))) == 12
