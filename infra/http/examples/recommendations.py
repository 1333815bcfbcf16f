"""Examples of the endpoints below `/recommendations`."""

from infra.http.examples.example import Details, Example, OperationExamples
from infra.http.examples.lists import list_for

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
    "process_browsing": OperationExamples(
        examples=(
            Example(
                summary="A customer looked at a product",
                body={"customer_id": "demo-1", "product_id": "p-014", "dwell_seconds": 34.5, "event_id": "view-7f3a2c"},
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
                        {"product_id": "p-001", "quantity": 1, "unit_price": 92.95},
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
