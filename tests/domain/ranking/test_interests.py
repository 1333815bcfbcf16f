"""The weights of a history's products."""

import pytest

from domain.ranking.history import unpack_history
from domain.ranking.hyperparameters import FOREVER, Hyperparameters
from domain.ranking.interests import newest_products, product_weights
from tests.domain.shop import history_of, past_event, product

MINUTE = 1 / 1440
LINEAR = Hyperparameters(repeat_exponent=1.0)


def weights_of(*events, half_life_steps):
    """Return the weights of the products of a history that fades by steps alone."""
    history = unpack_history(history_of(*events))
    return product_weights(history, half_life_days=FOREVER, half_life_steps=half_life_steps, hyperparameters=LINEAR).tolist()


def test_each_step_back_halves_a_weight_at_a_half_life_of_one_step_however_short_it_was():
    session = [past_event(product(index), days_ago=index * MINUTE) for index in range(4)]

    assert weights_of(*session, half_life_steps=1.0) == pytest.approx([1.0, 0.5, 0.25, 0.125])
    assert weights_of(*session, half_life_steps=FOREVER) == pytest.approx([1.0] * 4, abs=1e-3)


def test_events_of_one_instant_are_one_step():
    order = [past_event(product(index), days_ago=30) for index in (1, 2)]

    weights = weights_of(past_event(product(0)), *order, past_event(product(3), days_ago=400), half_life_steps=2.0)

    assert weights == pytest.approx([1.0, 0.5**0.5, 0.5**0.5, 0.5], abs=0.01)


def test_a_product_of_several_steps_has_the_sum_of_their_weights():
    events = [past_event(product(index % 2), days_ago=index * MINUTE) for index in range(3)]

    assert weights_of(*events, half_life_steps=1.0) == pytest.approx([1.0, 0.5 / 1.25], rel=1e-3)


def test_an_empty_history_has_no_weights_and_no_newest_products():
    assert weights_of(half_life_steps=1.0) == []
    assert newest_products(unpack_history(history_of())).tolist() == []


def test_the_newest_products_are_those_of_the_newest_instant():
    history = unpack_history(history_of(*(past_event(product(index), days_ago=index // 2) for index in range(4))))

    assert newest_products(history).tolist() == [0, 1]
