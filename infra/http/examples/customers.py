"""Examples of the endpoints below `/customer`."""

from infra.http.examples.example import Details, Example, OperationExamples
from infra.http.examples.lists import INSTANT, list_for

EMAIL_OF_ANOTHER = "greta.novak.1@example.com"

GRETA = {
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
ADDRESS = _NEW_ADDRESS | {"address_id": "530b034a8209bfb5c68d8fd0e23a4b9e", "region": None}

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
                answer={"customer_id": "demo-1", "addresses": [ADDRESS]},
            ),
        ),
        refused={"addresses": [_NEW_ADDRESS | {"country": "Switzerland"}]},
        problems={
            "validation": Details(errors={"#/addresses/0/country": "Expected two capital letters (ISO 3166-1)"}),
            "too-many-items": Details(errors={"#/addresses": "Expected `array` of length <= 100"}),
        },
    ),
    "get_profile": OperationExamples(
        examples=(
            Example(
                parameters={"customer_id": "demo-1"},
                answer={
                    "customer": GRETA,
                    "addresses": [ADDRESS],
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
                    "customer": GRETA,
                    "addresses": [ADDRESS],
                    "browsing": [
                        {
                            "event_id": "view-7f3a2c",
                            "product_id": "p-014",
                            "event_type": "view",
                            "dwell_seconds": 34.5,
                            "occurred_at": INSTANT,
                            "taken_back": False,
                            "recommended_by": {
                                "kind": "for-customer",
                                "placement": "home",
                                "arm": None,
                                "nonce": b"demoshop".hex(),
                            },
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
                    # A stored list names no answer.
                    "recommendations": {
                        name: value for name, value in list_for("demo-1", cached=True).items() if name != "recommendation_id"
                    },
                    "merged_guests": [],
                    "amended_orders": [],
                    "returns": [],
                    "replaced_orders": [],
                    "replaced_returns": [],
                    "experiment_key": None,
                },
                after=("add_addresses", "process_browsing"),
            ),
        ),
        refused={"customer_id": "demo-1 "},
    ),
    "erase_customer": OperationExamples(
        examples=(Example(parameters={"customer_id": "demo-499"}),),
        refused={"customer_id": "demo-499 "},
    ),
}
