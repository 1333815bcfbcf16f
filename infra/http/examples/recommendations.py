"""Examples of the endpoints below `/recommendations`."""

from typing import Any

from infra.http.examples.example import Details, Example, OperationExamples
from infra.http.examples.lists import HEAD_LAMP, INSTANT, RECOMMENDATION_ID, SLEEPING_MAT, example_of_list, list_for

_ESPRESSO = {
    "rank": 1,
    "product_id": "p-361-2",
    "name": "Mokka house espresso, 1 kg",
    "category": "food/coffee",
    "brand": "Mokka",
    "price": 31.95,
    "currency": "EUR",
    "url": "https://shop.example/products/p-361-2",
    "image_url": "https://shop.example/pictures/p-361-2.svg",
    "score": 2.011532,
    "reasons": [
        {"source": "bought_before", "share": 0.471},
        {"source": "rebought", "share": 0.3553},
        {"source": "due", "share": 0.1736},
    ],
    "due_at": "2026-11-26T00:47:46Z",
}
_VIEWED_MAT = SLEEPING_MAT | {"score": 0.727273, "reasons": [{"source": "looked_at", "share": 1.0}]}


def _list_of_page(name: str, kind: str, strategy: str, product: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "recommendation_id": RECOMMENDATION_ID,
        "kind": kind,
        "strategy": strategy,
        "items": [product],
    }


RECOMMENDATIONS = {
    "get_recommendations": OperationExamples(
        examples=(Example(parameters={"customer_id": "demo-1", "limit": 2}, answer=list_for("demo-1", cached=True)),),
        refused={"limit": 0},
        problems={
            "validation": Details(errors={"#/query/limit": "Expected `int` >= 1"}),
            "forbidden": Details(
                detail="A `storefront` key and a token may use `limit` up to 20, `exclude` up to 10 times,"
                " `placement` and `guest`; all other parameters require a `backend` key."
            ),
        },
    ),
    "get_page": OperationExamples(
        examples=(
            Example(
                body={
                    "customer_id": "demo-1",
                    "lists": [
                        {"name": "for-you", "kind": "for-customer", "limit": 1},
                        {
                            "name": "goes-well-with",
                            "kind": "bought-together",
                            "product_ids": ["p-008"],
                            "limit": 1,
                            "min_items": 1,
                        },
                    ],
                },
                answer={
                    "customer_id": "demo-1",
                    "generated_at": INSTANT,
                    "lists": [
                        _list_of_page("for-you", "for-customer", "personalised", SLEEPING_MAT),
                        _list_of_page("goes-well-with", "bought-together", "learned", HEAD_LAMP | {"rank": 1}),
                    ],
                },
            ),
        ),
        refused={"lists": [{"name": "cart", "kind": "bought-together"}]},
        problems={
            "validation": Details(
                errors={"#/lists/0/product_ids": "A list of the kind `bought-together` needs `product_ids`"}
            ),
            "too-many-items": Details(errors={"#/lists": "Expected `array` of length <= 10"}),
            "forbidden": Details(
                detail="A `storefront` key and a token may ask for one list of the kind `for-customer` with its bounds, and"
                " for none of the kinds `buy-again` and `recently-viewed`."
            ),
        },
    ),
    "get_buy_again": example_of_list(
        {
            "recommendation_id": "AzV8tM9LdBLDDqDcqWJ1eS1hZ2FpbqRjYXJ0qTIwMjYxMTIzs5rB_VYxAjxIELFjVFWhMDA",
            "kind": "buy-again",
            "strategy": "history",
            "generated_at": INSTANT,
            "items": [_ESPRESSO],
        },
        customer_id="demo-2",
        limit=1,
    ),
    "get_recently_viewed": example_of_list(
        {
            "recommendation_id": "AzV8tM9LdBLDDqDcr3JlY2VudGx5LXZpZXdlZKkyMDI2MTEyM7Oawf1WMQI8SBCxY1RVoTAw",
            "kind": "recently-viewed",
            "strategy": "history",
            "generated_at": INSTANT,
            "items": [_VIEWED_MAT],
        },
        customer_id="demo-1",
        limit=1,
    ),
    "process_browsing": OperationExamples(
        examples=(
            Example(
                summary="A customer looked at a product",
                body={
                    "customer_id": "demo-1",
                    "product_id": "p-014",
                    "dwell_seconds": 34.5,
                    "event_id": "view-7f3a2c",
                    "recommendation_id": RECOMMENDATION_ID,
                },
                answer=list_for("demo-1"),
            ),
            Example(
                summary="A customer put a product into the cart",
                body={"customer_id": "demo-1", "product_id": "p-014", "event_type": "cart", "event_id": "cart-90b1e4"},
                answer=list_for("demo-1"),
            ),
        ),
        refused={"event_type": "click"},
        problems={
            "validation": Details(
                errors={
                    "#/event_type": "Expected one of `view`, `cart`, `wishlist`, `remove_from_cart`, `remove_from_wishlist`"
                }
            ),
            "event-id-reused": Details(detail="The event_id 'view-7f3a2c' already belongs to other content."),
        },
    ),
    "process_purchase": OperationExamples(
        examples=(
            Example(
                body={
                    "customer_id": "demo-2",
                    "order_id": "10245",
                    "currency": "EUR",
                    "items": [
                        {
                            "product_id": "p-001",
                            "quantity": 1,
                            "unit_price": 92.95,
                            "recommendation_id": RECOMMENDATION_ID,
                        },
                        {"product_id": "p-004", "quantity": 2, "unit_price": 54.95},
                    ],
                },
                answer=list_for("demo-2"),
            ),
        ),
        refused={"items": [{"product_id": "p-001", "quantity": 0}]},
        problems={"validation": Details(errors={"#/items/0/quantity": "Expected `int` >= 1"})},
    ),
}
