"""Histories as bytes: packed at once, or kept up to date event by event."""

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.ranking.history import EVENT, OWN_PRODUCT, unpack_history
from domain.ranking.packed_history import (
    EVENT as PACKED_EVENT,
)
from domain.ranking.packed_history import (
    MAX_HISTORY_EVENTS,
    NEVER_BOUGHT,
    PURCHASE,
    RETURNED,
    PackedHistory,
    pack_history,
)
from domain.ranking.packed_history import (
    OWN_PRODUCT as PACKED_OWN_PRODUCT,
)
from domain.records.interactions import EVENT_TYPES

VIEW = EVENT_TYPES.index("view")

# Few products, types and instants, so that many events tie; the extremes of what a database may hold.
EVENTS = st.tuples(
    st.sampled_from([0, 1, 2, 3, 2**31 - 1]),
    st.integers(0, len(EVENT_TYPES) - 1),
    st.sampled_from([0, 1, 2, 3, RETURNED - 1]),
)


def one_by_one(events, history=None):
    history = history or PackedHistory()
    for event in events:
        history = history.with_event(event)
    return history


def events_of(packed):
    history = unpack_history(packed)
    indexes = history.products[history.positions].tolist()
    return list(zip(indexes, history.event_types.tolist(), history.occurred_at.tolist(), strict=True))


def own_of(packed):
    history = unpack_history(packed)
    return dict(zip(history.own.tolist(), history.bought_at.tolist(), strict=True))


@given(st.lists(EVENTS, max_size=40), st.integers(0, 40))
def test_events_added_one_by_one_give_the_same_bytes_as_all_at_once(events, n_packed_first):
    expected = pack_history(events)

    assert one_by_one(events) == expected
    assert one_by_one(events[n_packed_first:], pack_history(events[:n_packed_first])) == expected


@settings(max_examples=20)
@given(st.lists(EVENTS, min_size=1, max_size=15), st.randoms(use_true_random=False))
def test_the_cut_to_the_newest_events_is_the_same_either_way(drawn, random):
    events = [(index, kind, occurred_at % 100) for index, kind, occurred_at in drawn] * 30
    events += [(7, VIEW, number % 9) for number in range(MAX_HISTORY_EVENTS)]
    random.shuffle(events)

    packed = one_by_one(events)

    assert packed == pack_history(events)
    assert len(events_of(packed)) == MAX_HISTORY_EVENTS
    assert own_of(packed).keys() == {index for index, *_ in events}


def test_events_are_newest_first_and_ties_are_ordered_by_product_and_type():
    cart, purchase = EVENT_TYPES.index("cart"), PURCHASE
    expected = [(9, VIEW, 5), (1, cart, 3), (1, purchase, 3), (2, cart, 3), (0, VIEW, 1)]

    assert events_of(pack_history(expected[::-1])) == expected


def test_own_products_have_their_last_purchase_however_old_the_events_are():
    old = [(1, PURCHASE, 10), (1, PURCHASE, 20), (1, VIEW, 30), (2, VIEW, 5)]
    new = [(3, VIEW, 100 + number) for number in range(MAX_HISTORY_EVENTS)]

    packed = one_by_one([*old, *new])

    assert own_of(packed) == {1: 20, 2: NEVER_BOUGHT, 3: NEVER_BOUGHT}
    assert {index for index, *_ in events_of(packed)} == {3}


def test_a_product_that_went_back_counts_as_bought_in_the_far_future_until_it_is_bought_again():
    bought = [(1, PURCHASE, 10), (2, PURCHASE, 30), (3, VIEW, 40), (5, PURCHASE, 20)]
    returned = [(1, 20), (2, 20), (3, 20), (4, 20), (4, 10), (5, 20)]

    packed = pack_history(bought, returned)

    # Product 2 was bought after the order that went back, and of product 5 one of two orders of one instant was kept.
    assert own_of(packed) == {1: RETURNED + 20, 2: 30, 3: RETURNED + 20, 4: RETURNED + 20, 5: 20}
    later = packed.with_event((1, PURCHASE, 19)).with_event((4, PURCHASE, 21)).with_event((3, VIEW, 50))
    assert own_of(later) == {1: RETURNED + 20, 2: 30, 3: RETURNED + 20, 4: 21, 5: 20}
    assert one_by_one(bought, pack_history([], returned)).own == packed.own


def test_a_purchase_at_the_beginning_of_time_is_a_purchase():
    assert own_of(pack_history([(1, PURCHASE, 0)])) == {1: 0}


def test_products_of_a_history_are_ascending_and_events_refer_to_them():
    history = unpack_history(pack_history([(9, VIEW, 1), (4, VIEW, 3), (9, PURCHASE, 2)]))

    assert history.products.tolist() == [4, 9]
    assert history.positions.tolist() == [0, 1, 1]


def test_an_empty_history_has_no_products():
    history = unpack_history(PackedHistory())

    assert pack_history([]) == PackedHistory()
    assert [len(column) for column in (history.products, history.positions, history.occurred_at, history.own)] == [0] * 4


def test_both_readers_of_the_bytes_agree_on_their_size():
    assert (EVENT.itemsize, OWN_PRODUCT.itemsize) == (PACKED_EVENT.size, PACKED_OWN_PRODUCT.size)
