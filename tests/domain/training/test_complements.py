"""What completes a product: pairs of orders and of customers, with a support floor and without alternatives."""

import pytest

from domain.training.alternatives import learn_alternatives
from domain.training.complements import MAX_PRODUCTS_PER_ORDER, N_COMPLEMENTS, learn_complements
from tests.domain.event_logs import event_log, training_data
from tests.domain.shop import product


def complements_of(log, products=None):
    """Return the complements of each product with any, best first, as pairs of product index and weight."""
    data = training_data(log, products)
    found = learn_complements(data, learn_alternatives(data))
    rows = [slice(first, last) for first, last in zip(found.indptr[:-1], found.indptr[1:], strict=True)]
    return {
        seed: list(zip(found.indices[row].tolist(), found.data[row].tolist(), strict=True))
        for seed, row in enumerate(rows)
        if row.stop > row.start
    }


def orders(*baskets, customers=None):
    """Return a log of orders, each of a customer of its own unless `customers` are given."""
    return event_log(
        *(
            (customers[number] if customers else f"c{number}", index, "purchase", 0, number + 1)
            for number, basket in enumerate(baskets)
            for index in basket
        )
    )


def test_products_of_several_orders_complete_each_other():
    found = complements_of(orders((0, 1), (0, 1), (2, 3), (2, 3), (2, 3)))

    assert [(seed, [index for index, _ in own]) for seed, own in found.items()] == [(0, [1]), (1, [0]), (2, [3]), (3, [2])]
    # Baskets of two weigh 0.5 ** 0.5 each. The lower bound of 2 is 1, a half; all 10 items weigh 10 * 0.5 ** 0.5.
    pair = 2 * 0.5**0.5
    assert found[0][0][1] == pytest.approx(pair * 0.5 / pair**0.7 / pair**0.4 * (10 * 0.5**0.5) ** 0.1, rel=1e-6)


def test_a_pair_of_one_order_and_one_customer_does_not_count():
    assert complements_of(orders((0, 1), (2, 3), (2, 3), (4, 5), (4, 5), (4, 5))).keys() == {2, 3, 4, 5}


def test_a_pair_that_is_no_more_frequent_than_by_chance_does_not_count():
    # The lower bound of 2 is 1; of 60 orders with product 0 and 20 assumed ones, chance puts 2 * 60 / 80 into those with 1.
    assert complements_of(orders(*[(0, index) for index in range(1, 31) for _ in range(2)])) == {}


def test_two_products_that_all_first_orders_have_complete_each_other():
    assert complements_of(orders(*[(0, 1)] * 4)).keys() == {0, 1}


def test_products_of_several_orders_of_customers_complete_each_other_where_orders_have_one_product():
    log = orders((0,), (1,), (0,), (1,), (2, 3), (2, 3), (2, 3), customers=["a", "a", "b", "b", "c", "d", "e"])

    found = complements_of(log)

    assert [index for index, _ in found[0]] == [1]
    assert [index for index, _ in found[1]] == [0]


def test_products_with_enough_orders_need_no_customers():
    customers = ["a", "b", "a", "b", *"cdefghijk"]
    log = orders((0, 1), (0, 1), (2,), (2,), (0, 1), (0, 1), (0, 1), *[(5, 6)] * 6, customers=customers)

    found = complements_of(log)

    # Two customers have both 0 and 2, but 0 has five orders of several products.
    assert [index for index, _ in found[0]] == [1]
    assert {index for index, _ in found[2]} == {0, 1}


def test_an_order_of_very_many_products_says_nothing():
    many = tuple(range(MAX_PRODUCTS_PER_ORDER + 1))

    assert complements_of(orders(many, many, *[(200, 201)] * 5, customers=["a", "a", *"bcdef"])).keys() == {200, 201}


def test_alternatives_do_not_complete_a_product():
    products = [product(index, category="machines" if index < 2 else f"c{index}") for index in range(6)]
    views = [(f"v{n}", index, "view", 0) for n in range(60) for index in (0, 1)]
    across = [(f"w{n}", index, "view", 0) for n in range(10) for index in (2, 3)]
    bought = [(f"c{n}", index, "purchase", 0, n + 1) for n in range(3) for index in (0, 1)]
    others = [(f"d{n}", index, "purchase", 0, n + 10) for n in range(10) for index in (4, 5)]
    log = event_log(*views, *across, *bought, *others)

    assert 0 not in complements_of(log, products)
    assert complements_of(log)[0][0][0] == 1


def test_a_product_has_a_bounded_number_of_complements():
    n = N_COMPLEMENTS + 5
    log = orders(*[(0, index) for index in range(1, n + 1) for _ in range(2)], *[(n + 1, n + 2)] * 20)

    # 110 orders of 130 have product 0, so no pair is more frequent than by chance; seeds of the others are.
    assert 0 not in complements_of(log)
    rare = orders(*[(0, *range(1, n + 1))] * 2, *[(n + 1, n + 2)] * 20)
    assert len(complements_of(rare)[0]) == N_COMPLEMENTS


def test_a_shop_without_orders_has_no_complements():
    assert complements_of(event_log()) == {}
    assert complements_of(event_log(("a", 0, "view", 0), ("a", 1, "view", 0))) == {}
