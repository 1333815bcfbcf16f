"""Words of shop systems: stock, visibility, event types, the status of orders."""

import pytest

from infra.ingest.values.event_names import event_type_of
from infra.ingest.values.flags import is_on
from infra.ingest.values.order_status import order_state
from infra.ingest.values.stock import in_stock, is_available


@pytest.mark.parametrize(
    "value",
    [
        *("yes", "TRUE", "y", "1", "17", "2.0", "12,5", "1,200", ">10", "10+", "5 in stock", True, 3, 0.5),
        *("in stock", "instock", "in_stock", "IN_STOCK", "https://schema.org/InStock", "available for order", "limited"),
        *("preorder", "pre-order", "PREORDER", "backorder", "onbackorder", "Available on backorder", "made to order"),
    ],
)
def test_what_can_be_ordered_is_in_stock(value):
    assert in_stock(value)


@pytest.mark.parametrize(
    "value",
    [
        *("no", "FALSE", "0", "0.0", "0.0000", "-3", "0,000", "0 left", False, 0, -2),
        *("out of stock", "outofstock", "OUT_OF_STOCK", "http://schema.org/OutOfStock", "sold out", "discontinued"),
        *("unavailable", "temporarily unavailable", "coming soon"),
    ],
)
def test_what_cannot_be_ordered_is_out_of_stock(value):
    assert not in_stock(value)


@pytest.mark.parametrize("value", ["", "maybe", "some", "12 weeks", None, [1], float("nan"), float("inf")])
def test_an_unknown_stock_is_refused(value):
    with pytest.raises(ValueError, match=r"^Expected a"):
        in_stock(value)


def test_a_count_does_not_matter_where_the_stock_is_not_tracked_or_the_product_sells_without_it():
    assert not is_available("0")
    assert not is_available("0", tracked="shopify", sells_without_stock="deny")
    assert not is_available("0", sells_without_stock="2")
    assert not is_available(0, tracked=None, sells_without_stock="")
    assert is_available("0", tracked="shopify", sells_without_stock="continue")
    assert is_available("-1", sells_without_stock="notify")
    assert is_available("0", tracked=" ", sells_without_stock="deny")
    assert is_available("3", tracked="shopify", sells_without_stock="deny")


@pytest.mark.parametrize(
    "value",
    [
        *(True, 1, "1", "1.0", "yes", "TRUE", "enabled", "Active", "publish", "Published", "visible", "catalog", "search"),
        *("Catalog, Search", "both"),
    ],
)
def test_what_is_shown_is_on(value):
    assert is_on(value)


@pytest.mark.parametrize(
    "value",
    [
        *(False, 0, "0", "-1", 2, "no", "False", "disabled", "draft", "archived", "private", "pending", "trash", "hidden"),
        *("Not Visible Individually", "none", "unlisted", "auto-draft"),
    ],
)
def test_what_is_not_shown_is_off(value):
    assert not is_on(value)


@pytest.mark.parametrize("value", ["", "perhaps", None, "3"])
def test_an_unknown_flag_is_refused(value):
    with pytest.raises(ValueError, match=r"^Expected yes or no"):
        is_on(value)


@pytest.mark.parametrize(
    ("event_type", "names"),
    [
        (
            "view",
            [
                "view",
                "View",
                "view_item",
                "detail-page-view",
                "Product Viewed",
                "product_viewed",
                "ViewContent",
                "pv",
                "click",
                "Viewed Product",
                "product-view",
                "read",
                "product_detail",
            ],
        ),
        (
            "cart",
            [
                "cart",
                "addtocart",
                "AddToCart",
                "add_to_cart",
                "add-to-cart",
                "Product Added",
                "product_added_to_cart",
                "Added to Cart",
                "add_to_basket",
                "Wishlist Product Added to Cart",
            ],
        ),
        (
            "wishlist",
            [
                "wishlist",
                "add_to_wishlist",
                "AddToWishlist",
                "Product Added to Wishlist",
                "like",
                "favorite",
                "favourite",
                "fav",
                "save for later",
                "star",
            ],
        ),
        (
            "purchase",
            [
                "purchase",
                "Purchase",
                "transaction",
                "purchase-complete",
                "Order Completed",
                "checkout_completed",
                "buy",
                "order",
                "Placed Order",
                "order_placed",
                "Ordered Product",
                "ecommerce_purchase",
            ],
        ),
        (
            "return",
            ["refund", "Order Refunded", "Order Cancelled", "order_canceled", "cancel", "Returned", "Refunded Order"],
        ),
        (
            "remove_from_cart",
            ["remove_from_cart", "Product Removed", "removed from basket", "RemoveFromCart", "delete-from-cart"],
        ),
        ("remove_from_wishlist", ["remove_from_wishlist", "Product Removed from Wishlist", "unlike", "Unsave"]),
        (
            "ignored",
            [
                "view_item_list",
                "select_item",
                "Product Clicked",
                "Product List Viewed",
                "begin_checkout",
                "StartCheckout",
                "search",
                "Products Searched",
                "page_view",
                "session_start",
                "share",
                "home-page-view",
                "Checkout Started",
                "view_cart",
                "shopping-cart-page-view",
                "add_payment_info",
                "",
                "??",
            ],
        ),
    ],
)
def test_event_names_of_other_systems_are_understood(event_type, names):
    assert {name: event_type_of(name) for name in names} == dict.fromkeys(names, event_type)


@pytest.mark.parametrize(
    ("state", "statuses"),
    [
        (
            "bought",
            ["paid", "partially_paid", "Completed", "wc-processing", "on-hold", "pending", "Payment accepted", "Shipped"],
        ),
        (
            "returned",
            ["refunded", "voided", "cancelled", "Canceled", "wc-failed", "trash", "checkout-draft", "Payment error"],
        ),
        ("partly_returned", ["partially_refunded", "Partially refunded"]),
        ("unknown", ["bezahlt", "closed", "", "42"]),
    ],
)
def test_the_status_of_an_order_says_whether_it_was_kept(state, statuses):
    assert {status: order_state(status) for status in statuses} == dict.fromkeys(statuses, state)
