"""Which carts a customer took back: a property of the events, not of the sequence in which they arrived."""

from hypothesis import given
from hypothesis import strategies as st

from domain.records.removals import taken_back

PLACEMENTS = st.lists(
    st.tuples(st.integers(0, 9), st.booleans(), st.uuids().map(str)), max_size=20, unique_by=lambda placement: placement[2]
)


def cart(at, event_id):
    return at, False, event_id


def removal(at, event_id="r"):
    return at, True, event_id


def test_a_removal_takes_back_the_last_cart_before_it():
    assert taken_back([cart(1, "a"), cart(2, "b"), cart(4, "c"), removal(3)]) == {"b"}


def test_a_second_removal_takes_back_the_cart_before():
    assert taken_back([cart(1, "a"), cart(2, "b"), removal(3, "r"), removal(3, "s")]) == {"a", "b"}


def test_a_removal_takes_back_what_was_placed_at_the_same_instant():
    assert taken_back([removal(1, "a"), cart(1, "b")]) == {"b"}


def test_a_removal_without_a_cart_before_it_takes_nothing_back_ever():
    assert taken_back([removal(1), cart(2, "a")]) == set()
    assert taken_back([removal(1, "r"), cart(2, "a"), removal(3, "s")]) == {"a"}


@given(PLACEMENTS, st.randoms(use_true_random=False))
def test_the_sequence_of_arrival_does_not_matter_and_each_removal_takes_at_most_one(placements, random):
    shuffled = list(placements)
    random.shuffle(shuffled)

    taken = taken_back(placements)

    assert taken_back(shuffled) == taken
    assert taken <= {event_id for _, is_removal, event_id in placements if not is_removal}
    assert len(taken) <= sum(is_removal for _, is_removal, _ in placements)
