"""Examples of the endpoints that correct what was recorded of a customer."""

from infra.http.examples.customers import ADDRESS, GRETA
from infra.http.examples.example import Details, Example, OperationExamples
from infra.http.examples.lists import INSTANT

CORRECTIONS = {
    "update_customer": OperationExamples(
        examples=(
            Example(
                summary="A new telephone number, and a segment to compute again",
                body={"customer_id": "demo-1", "phone": "+41 44 668 18 01", "segment": None},
                answer=GRETA | {"phone": "+41 44 668 18 01"},
            ),
            Example(
                summary="A customer objects to profiling",
                body={"customer_id": "demo-4", "profiling": False},
                answer=GRETA | {"customer_id": "demo-4", "profiling": False},
            ),
        ),
        refused={"segment": "Gold"},
        problems={"validation": Details(errors={"#/segment": "Expected one of `Premium`, `Regular`, `Budget`"})},
    ),
    "remove_address": OperationExamples(
        examples=(
            Example(
                body={"customer_id": "demo-1", "address_id": ADDRESS["address_id"]},
                answer={"customer_id": "demo-1", "addresses": []},
                after=("add_addresses",),
            ),
        ),
        refused={"address_id": ""},
        problems={
            "validation": Details(errors={"#/address_id": "Expected `str` of length >= 1"}),
            "address-not-found": Details(detail="The customer has no address with this id."),
        },
    ),
    "amend_order": OperationExamples(
        examples=(
            Example(
                summary="One of two sleeping bags went back",
                body={
                    "customer_id": "demo-2",
                    "order_id": "10245",
                    "items": [{"product_id": "p-001", "quantity": 1}, {"product_id": "p-004", "quantity": 1}],
                },
                answer={
                    "customer_id": "demo-2",
                    "order_id": "10245",
                    "currency": "EUR",
                    "occurred_at": INSTANT,
                    "items": [
                        {"product_id": "p-001", "quantity": 1, "unit_price": 92.95},
                        {"product_id": "p-004", "quantity": 1, "unit_price": 54.95},
                    ],
                    "returned": [{"product_id": "p-004", "quantity": 1}],
                },
                after=("process_purchase",),
            ),
        ),
        refused={"items": [{"product_id": "p-001", "quantity": 0}]},
        problems={
            "validation": Details(errors={"#/items/0/quantity": "Expected `int` >= 1"}),
            "too-many-items": Details(errors={"#/items": "Expected `array` of length <= 500"}),
        },
    ),
}
