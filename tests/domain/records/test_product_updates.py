"""Products of one request that are not acceptable together."""

from datetime import timedelta

import pytest

from domain.errors import InvalidFields, TooManyItems
from domain.records.product_updates import MAX_ALIASES_IN_ALL, ProductUpdate, check_products
from domain.records.products import ProductChange
from tests.domain.shop import NOW


def change(product_id, **values):
    return ProductChange(product_id=product_id, **values)


def errors_of(*changes):
    with pytest.raises(InvalidFields) as raised:
        check_products(changes, now=NOW)
    return [(field.pointer, field.detail) for field in raised.value.fields]


def test_acceptable_products_pass():
    check_products([change("a", aliases=("a", "x")), change("b", aliases=None), change("c", created_at=NOW)], now=NOW)


def test_a_product_that_stands_twice_is_named_with_its_first_place():
    assert errors_of(change("a"), change("b"), change("a"), change("a")) == [
        ("#/products/2/product_id", "Expected each product once; #/products/0 is the same product"),
        ("#/products/3/product_id", "Expected each product once; #/products/0 is the same product"),
    ]


def test_an_alias_belongs_to_one_product():
    assert errors_of(change("a", aliases=("b", "x")), change("b", aliases=("y", "x", "b"))) == [
        ("#/products/0/aliases/0", "Expected an id of one product; #/products/1/product_id is the same id"),
        ("#/products/1/aliases/1", "Expected an id of one product; #/products/0/aliases/1 is the same id"),
    ]


def test_no_product_is_created_in_the_future():
    assert errors_of(change("a", created_at=NOW + timedelta(minutes=6))) == [
        ("#/products/0/created_at", "Expected an instant at most 5 minutes ahead")
    ]


def test_the_aliases_of_a_request_are_counted_together():
    products = [change(f"p-{n}", aliases=tuple(f"a-{n}-{m}" for m in range(100))) for n in range(MAX_ALIASES_IN_ALL // 100)]
    check_products(products, now=NOW)

    with pytest.raises(TooManyItems):
        check_products([*products, change("one", aliases=("more",))], now=NOW)


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"products": 1}', b'{"products": [1, {"product_id": 2}, {}]}'])
def test_bodies_without_ids_have_no_repeated_ones(body):
    assert list(ProductUpdate.errors_across(body)) == []
