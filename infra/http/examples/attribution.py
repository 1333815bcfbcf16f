"""Examples of the endpoints about what lists led to."""

from domain.records.periods import EXPECTED
from infra.http.examples.example import Details, Example, OperationExamples
from infra.http.examples.lists import RECOMMENDATION_ID

ATTRIBUTION = {
    "record_impressions": OperationExamples(
        examples=(
            Example(
                body={"impressions": [{"recommendation_id": RECOMMENDATION_ID, "product_ids": ["p-014", "p-011"]}]},
                answer={"recorded": 2, "seen_before": 0, "unknown": 0},
            ),
        ),
        refused={"impressions": []},
        problems={
            "validation": Details(errors={"#/impressions": "Expected `array` of length >= 1"}),
            "too-many-items": Details(errors={"#/impressions": "Expected `array` of length <= 100"}),
        },
    ),
    "get_placement_report": OperationExamples(
        examples=(
            Example(
                parameters={"from": "2026-11-01T00:00:00Z", "to": "2026-11-24T00:00:00Z"},
                answer={
                    "begins_at": "2026-11-01T00:00:00Z",
                    "ends_at": "2026-11-24T00:00:00Z",
                    "attribution_days": 7,
                    "currency": "EUR",
                    "is_complete": True,
                    "places": [
                        {
                            "kind": "for-customer",
                            "placement": "home",
                            "arm": None,
                            "impressions": 12400,
                            "lists": 2105,
                            "clicks": 391,
                            "click_rate": {"value": 0.031532, "low": 0.028217, "high": 0.034848},
                            "orders": {"value": 57.0, "low": 43.1714, "high": 73.8509},
                            "revenue": {"value": 2310.5, "low": 1707.5903, "high": 3101.9212},
                        }
                    ],
                },
                after=("record_impressions",),
            ),
        ),
        refused={"from": "yesterday"},
        problems={"validation": Details(errors={"#/query/from": EXPECTED})},
    ),
}
