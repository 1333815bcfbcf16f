"""Orders of which something went back: by returns, by their own lines, and as the shop says later."""

import pytest

from domain.errors import MoreThanBought
from domain.records.amendments import AmendedOrder, BoughtOrder, RemainingItem

LINES = (("p-1", 2, 100), ("p-2", 1, None), ("p-1", 1, 90))


def order(*, own=None, returns=None, adjusted=None, lines=LINES):
    bought = BoughtOrder(
        customer_id="c-1", order_id="o-1", occurred_at=0, currency="EUR", digest=None, import_id=None, lines=lines,
        returned=own or {},
    )  # fmt: skip
    return AmendedOrder(bought=bought, returns=returns or {}, adjusted=adjusted or {})


def items(**quantities):
    return [RemainingItem(product_id=name.replace("_", "-"), quantity=quantity) for name, quantity in quantities.items()]


def test_what_went_back_is_taken_from_the_last_lines_first():
    amended = order().with_remainder(items(p_1=1), {})

    assert amended.left({}) == [("p-1", 1, 100)]
    assert amended.returned({}) == {"p-1": 2, "p-2": 1}
    assert (amended.gone({}), amended.adjusted) == ({"p-2"}, {"p-1": 2, "p-2": 1})


def test_the_remainder_that_is_left_already_changes_nothing():
    for stored in (order(), order(returns={"r": {"p-1": 1}}), order(own={"p-1": 1}), order(adjusted={"p-1": 1})):
        left = stored.left({})

        assert stored.with_remainder([RemainingItem(product_id=name, quantity=n) for name, n, _ in left], {}) is stored


def test_a_return_may_be_taken_back_up_to_what_was_bought():
    returned = order(own={"p-1": 1}, returns={"r": {"p-1": 9}})
    assert returned.left({}) == [("p-2", 1, None)]

    amended = returned.with_remainder(items(p_1=3, p_2=1), {})

    assert (amended.left({}), amended.adjusted) == (list(LINES), {"p-1": -3})
    assert not amended.gone({})


def test_a_whole_return_may_be_taken_back():
    amended = order(returns={"r": {}}).with_remainder(items(p_2=1), {})

    assert (amended.left({}), amended.gone({})) == ([("p-2", 1, None)], {"p-1"})


def test_a_later_return_counts_on_top_of_what_the_shop_said():
    amended = order(returns={"r": {"p-1": 1}}).with_remainder(items(p_1=3, p_2=1), {})

    later = AmendedOrder(bought=amended.bought, returns={**amended.returns, "s": {"p-1": 1}}, adjusted=amended.adjusted)

    assert later.returned({}) == {"p-1": 1, "p-2": 0}


def test_an_adjustment_of_a_return_that_is_gone_adds_nothing_to_the_order():
    assert order(adjusted={"p-1": -1}).left({}) == list(LINES)


def test_products_are_compared_under_their_present_ids():
    amended = order(lines=(("sku-1", 1, None), ("p-1", 1, None))).with_remainder(items(sku_1=1), {"sku-1": "p-1"})

    assert amended.left({"sku-1": "p-1"}) == [("p-1", 1, None)]
    assert amended.product_ids() == {"sku-1", "p-1"}


def test_every_item_that_was_not_bought_is_named():
    with pytest.raises(MoreThanBought) as raised:
        order().with_remainder([*items(p_1=3, p_3=1, p_2=2), *items(p_1=1)], {})

    assert raised.value.items == [
        ("#/items/1/product_id", "The order did not have this product"),
        ("#/items/2/quantity", "Expected at most 1 of this product, as many as were bought"),
        ("#/items/3/quantity", "Expected at most 3 of this product, as many as were bought"),
    ]
