"""The numbers that stand for order ids in the arrays of events."""

from domain.training.event_log import order_number


def test_different_order_ids_have_different_positive_63_bit_numbers():
    numbers = [order_number(f"o-{number}") for number in range(1000)]

    assert len(set(numbers)) == 1000
    assert all(0 < number < 2**63 for number in numbers)
    assert order_number("o-1") == numbers[1]


def test_an_event_without_an_order_id_has_the_number_0():
    assert order_number(None) == 0
