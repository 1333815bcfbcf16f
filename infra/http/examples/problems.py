"""Examples of problems: what the demo shop answers to a wrong request."""

from typing import Any

import msgspec

from infra.http.examples.example import Details, OperationExamples
from infra.http.problems import FieldError, make_problem

UNKNOWN_CUSTOMER = "demo-9999"
UNKNOWN_PRODUCT = "p-9999"

_DETAILS = {
    "validation": Details(
        errors={
            "#/path/customer_id": "Expected printable text without invisible characters, without blanks at the ends or two "
            "in a row, and no reserved path name (`.`, `..`)"
        }
    ),
    "event-too-old": Details(errors={"#/occurred_at": "Expected an instant of the last 730 days"}),
    "too-many-items": Details(errors={"#/items": "Expected `array` of length <= 100"}),
    "customer-not-found": Details(detail=f"No customer has the id '{UNKNOWN_CUSTOMER}'."),
    "product-not-found": Details(detail=f"No product has the id '{UNKNOWN_PRODUCT}'."),
    "customer-exists": Details(detail="The customer id '1042' is taken."),
    "email-taken": Details(detail="Another customer has this e-mail address."),
    "event-id-reused": Details(detail="The order_id '10245' already belongs to other content."),
    "foreign-host": Details(detail="Without API_KEYS, the host must be 127.0.0.1, [::1] or localhost."),
}
"""The details of problems; others have none."""


def problem_example(slug: str, documented: OperationExamples) -> dict[str, Any]:
    """Return a problem as an endpoint answers it."""
    details = documented.problems.get(slug) or _DETAILS.get(slug, Details())
    field_errors = [FieldError(pointer=pointer, detail=detail) for pointer, detail in details.errors.items()]
    return msgspec.to_builtins(make_problem(slug, details.detail, field_errors=field_errors))
