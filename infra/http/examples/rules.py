"""Examples of the endpoints below `/rules`."""

from infra.http.examples.example import Details, Example, OperationExamples
from infra.http.examples.lists import HEAD_LAMP, INSTANT, SLEEPING_MAT

_WINTER = {
    "rule_id": "winter",
    "name": "Winter sale",
    "action": "boost",
    "strength": 3,
    "target": {"category": ["outdoor"], "max_price": 50.0},
    "where": {"placements": ["home"], "kinds": ["for-customer", "popular"]},
    "from": "2026-11-20T00:00:00Z",
    "until": "2026-12-24T00:00:00Z",
    "status": "live",
}
_HIDDEN = {
    "rule_id": "no-mats",
    "name": "No mats while the supplier is late",
    "action": "hide",
    "target": {"product_ids": ["p-014"]},
    "where": {},
    "status": "draft",
}
UNKNOWN_RULE = "summer"
_UNKNOWN = Details(detail=f"No rule has the id '{UNKNOWN_RULE}'.")

RULES = {
    "save_rule": OperationExamples(
        examples=(
            Example(
                summary="A boost of a category until Christmas",
                body=_WINTER,
                answer={"rule": _WINTER | {"saved_at": INSTANT}, "previous": None, "unknown_products": []},
            ),
            Example(
                summary="A draft that hides a product",
                body=_HIDDEN,
                answer={"rule": _HIDDEN | {"saved_at": INSTANT}, "previous": None, "unknown_products": []},
            ),
        ),
        refused={"strength": 9},
        problems={
            "validation": Details(errors={"#/strength": "Expected `int` <= 5"}),
            "too-many-items": Details(detail="A shop has at most 200 rules."),
            "rule-changed": Details(
                detail="The rule 'winter' was changed or removed since this version of it. Read it again."
            ),
        },
    ),
    "list_rules": OperationExamples(
        examples=(
            Example(
                answer={"rules": [_WINTER | {"saved_at": INSTANT}, _HIDDEN | {"saved_at": INSTANT}]},
                after=("save_rule",),
            ),
        ),
    ),
    "remove_rule": OperationExamples(
        examples=(Example(parameters={"rule_id": "winter"}, answer={"previous": _WINTER}, after=("save_rule",)),),
        refused={"rule_id": "winter "},
        problems={
            "validation": Details(
                errors={
                    "#/path/rule_id": "Expected printable text without invisible characters, without blanks at the"
                    " ends or two in a row, and no reserved path name (`.`, `..`)"
                }
            ),
            "rule-not-found": _UNKNOWN,
        },
    ),
    "preview_rule": OperationExamples(
        examples=(
            Example(
                summary="What a draft would hide",
                body={"rule_id": "no-mats", "customer_ids": ["demo-1"], "limit": 1},
                answer={
                    "customers": [
                        {"customer_id": "demo-1", "is_changed": True, "before": [SLEEPING_MAT], "after": [HEAD_LAMP]}
                    ],
                    "n_changed": 1,
                    "hits": {
                        "customers": 200,
                        "before": 0.31,
                        "after": 0.305,
                        "difference": -0.005,
                        "low": -0.0149,
                        "high": 0.0049,
                    },
                    "warnings": [],
                },
                after=("save_rule",),
            ),
        ),
        refused={"sample": 3},
        problems={
            "validation": Details(errors={"#/sample": "Expected either `customer_ids` or a `sample`"}),
            "too-many-items": Details(errors={"#/customer_ids": "Expected `array` of length <= 20"}),
            "rule-not-found": _UNKNOWN,
        },
    ),
}
