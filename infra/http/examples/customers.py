"""Examples of the endpoints below `/customer`."""

from infra.http.examples.example import Details, Example, OperationExamples
from infra.http.examples.lists import INSTANT, list_for

EMAIL_OF_ANOTHER = "greta.novak.1@example.com"

_GRETA = {
    "customer_id": "demo-1",
    "email": EMAIL_OF_ANOTHER,
    "first_name": "Greta",
    "last_name": "Novak",
    "phone": None,
    "segment": "Regular",
    "segment_source": "computed",
    "created_at": INSTANT,
    "is_guest": False,
    "profiling": True,
}
_NEW_ADDRESS = {
    "kind": "shipping",
    "line1": "Bahnhofstrasse 1",
    "line2": "3rd floor",
    "postal_code": "8001",
    "city": "Zürich",
    "country": "CH",
    "is_default": True,
}
_ADDRESS = _NEW_ADDRESS | {"address_id": "530b034a8209bfb5c68d8fd0e23a4b9e", "region": None}

CUSTOMERS = {
    "create_customer": OperationExamples(
        examples=(
            Example(
                summary="A customer with the id of the shop",
                body={
                    "customer_id": "1042",
                    "email": "anna.keller@example.com",
                    "first_name": "Anna",
                    "last_name": "Keller",
                    "phone": "+41 44 668 18 00",
                },
                answer={
                    "customer_id": "1042",
                    "email": "anna.keller@example.com",
                    "first_name": "Anna",
                    "last_name": "Keller",
                    "phone": "+41 44 668 18 00",
                    "segment": "Regular",
                    "segment_source": "default",
                    "created_at": INSTANT,
                    "is_guest": False,
                    "profiling": True,
                },
                headers={"Location": "/customer/get-profile/1042"},
            ),
            Example(
                summary="Only an id, while the shop keeps personal data elsewhere",
                body={"customer_id": "1043"},
                answer={
                    "customer_id": "1043",
                    "email": None,
                    "first_name": None,
                    "last_name": None,
                    "phone": None,
                    "segment": "Regular",
                    "segment_source": "default",
                    "created_at": INSTANT,
                    "is_guest": False,
                    "profiling": True,
                },
                headers={"Location": "/customer/get-profile/1043"},
            ),
        ),
        refused={"email": "anna.keller"},
        problems={"validation": Details(errors={"#/email": "Expected an e-mail address"})},
    ),
    "add_addresses": OperationExamples(
        examples=(
            Example(
                body={"customer_id": "demo-1", "addresses": [_NEW_ADDRESS]},
                answer={"customer_id": "demo-1", "addresses": [_ADDRESS]},
            ),
        ),
        refused={"addresses": [_NEW_ADDRESS | {"country": "Switzerland"}]},
        problems={
            "validation": Details(errors={"#/addresses/0/country": "Expected two capital letters (ISO 3166-1)"}),
            "too-many-items": Details(errors={"#/addresses": "Expected `array` of length <= 100"}),
        },
    ),
    "update_customer": OperationExamples(
        examples=(
            Example(
                summary="A new telephone number, and a segment to compute again",
                body={"customer_id": "demo-1", "phone": "+41 44 668 18 01", "segment": None},
                answer=_GRETA | {"phone": "+41 44 668 18 01"},
            ),
            Example(
                summary="A customer objects to profiling",
                body={"customer_id": "demo-4", "profiling": False},
                answer=_GRETA | {"customer_id": "demo-4", "profiling": False},
            ),
        ),
        refused={"segment": "Gold"},
        problems={"validation": Details(errors={"#/segment": "Expected one of `Premium`, `Regular`, `Budget`"})},
    ),
    "remove_address": OperationExamples(
        examples=(
            Example(
                body={"customer_id": "demo-1", "address_id": _ADDRESS["address_id"]},
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
    "get_profile": OperationExamples(
        examples=(
            Example(
                parameters={"customer_id": "demo-1"},
                answer={
                    "customer": _GRETA,
                    "addresses": [_ADDRESS],
                    "activity": {
                        "views": 22,
                        "carts": 11,
                        "wishlists": 2,
                        "orders": 3,
                        "items_bought": 5,
                        "spent": 295.75,
                        "last_browsed_at": "2026-11-22T19:31:40.207315Z",
                        "last_purchased_at": "2026-11-21T14:54:01.855429Z",
                    },
                    "category_interests": [
                        {"category": "outdoor/camping", "weight": 0.7048934908445686},
                        {"category": "outdoor/hiking", "weight": 0.29510650915543135},
                    ],
                    "recommendations": list_for("demo-1"),
                },
                after=("add_addresses",),
            ),
        ),
        refused={"customer_id": "demo-1 "},
    ),
    "update_behavior": OperationExamples(
        examples=(
            Example(
                body={
                    "customer_id": "demo-3",
                    "browsing": [
                        {
                            "product_id": "p-008",
                            "event_type": "view",
                            "dwell_seconds": 12.5,
                            "occurred_at": "2026-11-20T18:04:11Z",
                            "event_id": "view-1c5d08",
                        },
                        {
                            "product_id": "p-008",
                            "event_type": "wishlist",
                            "occurred_at": "2026-11-20T18:04:40Z",
                            "event_id": "wish-5a2210",
                        },
                    ],
                    "purchases": [
                        {
                            "order_id": "10238",
                            "currency": "EUR",
                            "occurred_at": "2026-11-20T18:10:00Z",
                            "items": [{"product_id": "p-014", "quantity": 1, "unit_price": 41.95}],
                        }
                    ],
                },
                answer={
                    "customer_id": "demo-3",
                    "accepted": {"browsing": 2, "purchases": 1},
                    "seen_before": {"browsing": 0, "purchases": 0},
                    "segment": "Regular",
                    "created_products": [],
                },
            ),
        ),
        refused={"browsing": [{"product_id": "p-008", "dwell_seconds": -1}]},
        problems={
            "validation": Details(errors={"#/browsing/0/dwell_seconds": "Expected `float` >= 0.0"}),
            "too-many-items": Details(errors={"#/browsing": "Expected `array` of length <= 100"}),
            "event-too-old": Details(errors={"#/browsing/0/occurred_at": "Expected an instant of the last 730 days"}),
            "event-id-reused": Details(detail="The event_id 'view-1c5d08' already belongs to other content."),
        },
    ),
    "export_customer": OperationExamples(
        examples=(
            Example(
                parameters={"customer_id": "demo-1"},
                answer={
                    "customer": _GRETA,
                    "addresses": [_ADDRESS],
                    "browsing": [
                        {
                            "event_id": "view-7f3a2c",
                            "product_id": "p-014",
                            "event_type": "view",
                            "dwell_seconds": 34.5,
                            "occurred_at": INSTANT,
                            "taken_back": False,
                        }
                    ],
                    "purchases": [
                        {
                            "order_id": "order-1077",
                            "currency": "EUR",
                            "occurred_at": "2026-11-21T14:54:01.855429Z",
                            "items": [{"product_id": "p-032", "quantity": 1, "unit_price": 65.95}],
                        }
                    ],
                    "recommendations": list_for("demo-1"),
                    "merged_guests": [],
                    "amended_orders": [],
                    "returns": [],
                    "replaced_orders": [],
                    "replaced_returns": [],
                },
                after=("add_addresses", "process_browsing"),
            ),
        ),
        refused={"customer_id": "demo-1 "},
    ),
    "merge_guest": OperationExamples(
        examples=(
            Example(
                body={"guest_id": "guest-1", "customer_id": "demo-5"},
                answer={
                    "guest_id": "guest-1",
                    "customer_id": "demo-5",
                    "merged_at": INSTANT,
                    "moved": {"browsing": 12, "purchases": 1, "returns": 0, "addresses": 0},
                },
            ),
        ),
        refused={"customer_id": "guest-1"},
        problems={
            "validation": Details(errors={"#/customer_id": "Expected another id than `guest_id`"}),
            "merge-refused": Details(detail="The `guest_id` is of a customer who is no guest."),
        },
    ),
    "issue_token": OperationExamples(
        examples=(
            Example(
                summary="A customer who is logged in",
                body={"customer_id": "demo-1", "ttl_seconds": 900},
                answer={
                    "token": "browser.k6ZkZW1vLTHCzmoktnQ.6z0CkOpVvVQWmVpRlpCSdjcbhJCYhBLqpRR6pYP0nzU",
                    "expires_at": "2026-11-23T10:15:00Z",
                    "customer_id": "demo-1",
                },
            ),
            Example(
                summary="A visitor without an account",
                body={"customer_id": "guest-0b6f2c", "guest": True},
                answer={
                    "token": "browser.k6xndWVzdC0wYjZmMmPDzmokvvA.QXGkq3nXr7rS8hLkq7cq1iWw8m1iHbP4m0yqv1qzC2M",
                    "expires_at": "2026-11-23T11:00:00Z",
                    "customer_id": "guest-0b6f2c",
                },
            ),
        ),
        refused={"ttl_seconds": 5},
        problems={
            "validation": Details(errors={"#/ttl_seconds": "Expected `int` >= 60"}),
            "token-refused": Details(detail="The `customer_id` is of a customer who is no guest."),
        },
    ),
    "erase_customer": OperationExamples(
        examples=(Example(parameters={"customer_id": "demo-499"}),),
        refused={"customer_id": "demo-499 "},
    ),
}
