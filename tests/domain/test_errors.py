"""Errors carry the data that answers are made of."""

import pytest

from domain import errors
from domain.errors import (
    AddressNotFound,
    CustomerExists,
    CustomerNotFound,
    EmailTaken,
    EventIdReused,
    EventTooOld,
    InvalidField,
    InvalidFields,
    MoreThanBought,
    OrderNotFound,
    ProductNotFound,
    ShopError,
)


@pytest.mark.parametrize(
    ("error", "message", "data"),
    [
        (CustomerNotFound("c-1"), "No customer has the id 'c-1'.", {"customer_id": "c-1"}),
        (ProductNotFound("p-1"), "No product has the id 'p-1'.", {"product_id": "p-1"}),
        (OrderNotFound("o-1"), "The customer has no order with the id 'o-1'.", {"order_id": "o-1"}),
        (AddressNotFound("a-1"), "The customer has no address with the id 'a-1'.", {"address_id": "a-1"}),
        (
            MoreThanBought([("#/items/0/quantity", "Too many")]),
            "The order did not have all that would be left of it.",
            {"items": [("#/items/0/quantity", "Too many")]},
        ),
        (CustomerExists("c-1"), "The customer id 'c-1' is taken.", {"customer_id": "c-1"}),
        (EmailTaken(), "Another customer has this e-mail address.", {}),
        (
            EventIdReused("order_id", "o-1"),
            "The order_id 'o-1' already belongs to other content.",
            {"namespace": "order_id", "identifier": "o-1"},
        ),
        (InvalidField("#/price", "Too low"), "Too low", {"pointer": "#/price", "detail": "Too low"}),
        (EventTooOld("#/occurred_at", days=7), "Expected an instant of the last 7 days", {"pointer": "#/occurred_at"}),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, ShopError) else None,
)
def test_an_error_has_a_message_and_its_data(error, message, data):
    assert str(error) == message
    assert vars(error) == data


def test_several_fields_are_one_error():
    fields = InvalidField("#/a", "Too low"), InvalidField("#/b", "Too high")

    assert str(InvalidFields(*fields)) == "#/a: Too low; #/b: Too high"
    assert InvalidFields(*fields).fields == fields
    assert fields[0].fields == fields[:1]


def test_the_tree_of_errors_is_one_level_deep_and_documented():
    tree = [one for one in vars(errors).values() if isinstance(one, type) and one is not ShopError]

    assert tree
    assert all(one.__bases__ == (ShopError,) for one in tree)
    assert all(f"── {one.__name__} " in errors.__doc__ for one in tree)
