"""Examples of the endpoints below `/experiments`."""

from infra.http.examples.example import Details, Example, OperationExamples
from infra.http.examples.lists import INSTANT

_POPULAR = {
    "experiment_id": "popular",
    "name": "What do personal lists add to popular products?",
    "arms": [{"name": "personal"}, {"name": "popular", "popular": True}],
    "where": {"placements": ["home"], "kinds": ["for-customer"]},
    "status": "live",
}
_RUNNING = _POPULAR | {"from": INSTANT}
_DRAFT = {
    "experiment_id": "weights",
    "name": "More of what is similar",
    "arms": [{"name": "as-it-is", "share": 3}, {"name": "similar", "weights": {"similar_product": 0.6}}],
    "where": {},
    "from": "2026-12-01T00:00:00Z",
    "until": "2027-01-01T00:00:00Z",
    "status": "draft",
}
_OVER = {
    "experiment_id": "autumn",
    "name": "Popular products in autumn",
    "arms": [{"name": "personal"}, {"name": "popular", "popular": True}],
    "where": {},
    "from": "2026-10-01T00:00:00Z",
    "until": "2026-11-01T00:00:00Z",
    "status": "ended",
}
UNKNOWN_EXPERIMENT = "summer"
_UNKNOWN = Details(detail=f"No experiment has the id '{UNKNOWN_EXPERIMENT}'.")
_WRONG_ID = Details(
    errors={
        "#/path/experiment_id": "Expected printable text without invisible characters, without blanks at the"
        " ends or two in a row, and no reserved path name (`.`, `..`)"
    }
)
_ARM = {
    "name": "personal",
    "share": 1,
    "customers": 10042,
    "ordered": 2511,
    "conversion": {"value": 0.25005, "low": 0.23641, "high": 0.264202},
    "revenue": 140204.5,
    "revenue_per_customer": {"value": 13.9618, "low": 12.6, "high": 15.3236},
    "impressions": 182044,
    "clicks": 9102,
    "click_rate": {"value": 0.049999, "low": 0.04891, "high": 0.051088},
    "comparison": None,
}

EXPERIMENTS = {
    "save_experiment": OperationExamples(
        examples=(
            Example(
                summary="Personal lists against popular products, from now",
                body=_POPULAR,
                answer={"experiment": _RUNNING, "previous": None},
            ),
            Example(
                summary="A draft with other source weights",
                body=_DRAFT,
                answer={"experiment": _DRAFT, "previous": None},
            ),
            Example(
                summary="Restore one that is over",
                body=_OVER,
                answer={"experiment": _OVER, "previous": None},
            ),
        ),
        refused={"arms": [{"name": "personal"}, {"name": "personal"}]},
        problems={
            "validation": Details(errors={"#/arms/1/name": "Expected a name that no arm before has"}),
            "too-many-items": Details(errors={"#/arms": "Expected `array` of length <= 5"}),
            "experiment-refused": Details(
                detail="The experiment has begun: its arms, its places and `from` stay. End it, and save another."
            ),
        },
    ),
    "list_experiments": OperationExamples(
        examples=(
            Example(
                answer={
                    "experiments": [
                        _RUNNING | {"saved_at": INSTANT},
                        _DRAFT | {"saved_at": INSTANT},
                        _OVER | {"saved_at": INSTANT},
                    ]
                },
                after=("save_experiment",),
            ),
        ),
    ),
    "remove_experiment": OperationExamples(
        examples=(
            Example(parameters={"experiment_id": "weights"}, answer={"previous": _DRAFT}, after=("save_experiment",)),
        ),
        refused={"experiment_id": "autumn "},
        problems={
            "validation": _WRONG_ID,
            "experiment-not-found": _UNKNOWN,
            "experiment-refused": Details(detail="The experiment is running: end it first."),
        },
    ),
    "report_experiment": OperationExamples(
        examples=(
            Example(
                parameters={"experiment_id": "autumn"},
                answer={
                    "experiment": _OVER | {"saved_at": INSTANT},
                    "begins_at": "2026-10-01T00:00:00Z",
                    "ends_at": "2026-11-01T00:00:00Z",
                    "currency": "EUR",
                    "arms": [
                        _ARM,
                        _ARM
                        | {
                            "name": "popular",
                            "customers": 9958,
                            "ordered": 2210,
                            "conversion": {"value": 0.221932, "low": 0.20883, "high": 0.23562},
                            "comparison": {
                                "verdict": "worse",
                                "summary": "Worse than personal: 4.1% to 18.0% fewer customers order.",
                                "difference": {"value": -0.112449, "low": -0.18, "high": -0.041},
                                "revenue_difference": {"value": -0.09, "low": -0.19, "high": 0.02},
                                "days_left": None,
                            },
                        },
                    ],
                    "warnings": [],
                },
                after=("save_experiment",),
            ),
        ),
        refused={"experiment_id": "autumn "},
        problems={
            "validation": _WRONG_ID,
            "experiment-not-found": _UNKNOWN,
            "experiment-refused": Details(detail="The experiment has not begun."),
        },
    ),
}
