"""Histories without products that are there no more."""

import numpy as np

from domain.ranking.history import unpack_history, without_others
from domain.ranking.packed_history import pack_history
from domain.records.interactions import EVENT_TYPE_CODES

VIEW, PURCHASE = EVENT_TYPE_CODES["view"], EVENT_TYPE_CODES["purchase"]
HISTORY = unpack_history(pack_history([(3, VIEW, 10), (5, PURCHASE, 20), (3, VIEW, 30), (9, VIEW, 40)], []))


def without(*gone):
    return without_others(HISTORY, ~np.isin(HISTORY.products, gone), ~np.isin(HISTORY.own, gone))


def test_a_history_of_products_that_exist_is_the_same_one():
    assert without() is HISTORY


def test_events_of_products_that_do_not_exist_are_left_out():
    history = without(3)

    assert history.products.tolist() == history.own.tolist() == [5, 9]
    assert history.products[history.positions].tolist() == [9, 5]
    assert (history.event_types.tolist(), history.occurred_at.tolist()) == ([VIEW, PURCHASE], [40, 20])
    assert history.bought_at.tolist()[0] == 20


def test_nothing_may_be_left():
    history = without(3, 5, 9)

    assert [len(column) for column in (history.products, history.positions, history.own, history.bought_at)] == [0] * 4
