"""Examples of problems: what the demo shop answers to a wrong request."""

from typing import Any

import msgspec

from infra.http.examples.example import Errors, OperationExamples
from infra.http.problems import FieldError, make_problem

UNKNOWN_CUSTOMER = "demo-9999"
UNKNOWN_PRODUCT = "p-9999"

_PROBLEMS: dict[str, str | Errors] = {
    "validation": {
        "#/path/customer_id": "Expected printable text without invisible characters, without blanks at the ends or two in a "
        "row, and no reserved path name (`.`, `..`)"
    },
    "event-too-old": {"#/occurred_at": "Expected an instant of the last 730 days"},
    "too-many-items": {"#/items": "Expected `array` of length <= 100"},
    "customer-not-found": f"No customer has the id '{UNKNOWN_CUSTOMER}'.",
    "product-not-found": f"No product has the id '{UNKNOWN_PRODUCT}'.",
    "customer-exists": "The customer id '1042' is taken.",
    "email-taken": "Another customer has this e-mail address.",
    "event-id-reused": "The order_id '10245' already belongs to other content.",
    "foreign-host": "Without API_KEYS, the host must be 127.0.0.1, [::1] or localhost.",
}
"""The `detail` or the `errors` of problems; others have neither."""


def problem_example(slug: str, documented: OperationExamples) -> dict[str, Any]:
    """Return a problem as an endpoint answers it."""
    match documented.problems.get(slug, _PROBLEMS.get(slug)):
        case None | str() as detail:
            problem = make_problem(slug, detail)
        case details:
            field_errors = [FieldError(pointer=pointer, detail=detail) for pointer, detail in details.items()]
            problem = make_problem(slug, field_errors=field_errors)
    return msgspec.to_builtins(problem)
