"""Examples of lists that are not about one customer."""

from typing import Any

from infra.http.examples.example import Details, Example, OperationExamples
from infra.http.examples.lists import HEAD_LAMP, INSTANT, RECOMMENDATION_ID, SLEEPING_MAT, example_of_list


def _list_of(kind: str, strategy: str, *reasons: dict[str, Any]) -> dict[str, Any]:
    """Return a list whose first product has `reasons`."""
    return {
        "recommendation_id": RECOMMENDATION_ID,
        "kind": kind,
        "strategy": strategy,
        "generated_at": INSTANT,
        "items": [SLEEPING_MAT | {"reasons": list(reasons)}, HEAD_LAMP | {"reasons": [reasons[0] | {"share": 1.0}]}],
    }


PRODUCT_LISTS = {
    "get_similar_products": example_of_list(
        _list_of(
            "similar",
            "learned",
            {"source": "viewed_together", "share": 0.7, "product_id": "p-008"},
            {"source": "similar_product", "share": 0.3, "product_id": "p-008"},
        ),
        product_id="p-008",
        limit=2,
    ),
    "get_bought_together": example_of_list(
        _list_of(
            "bought-together",
            "learned",
            {"source": "bought_together", "share": 0.6, "product_id": "p-008"},
            {"source": "bought_together", "share": 0.4, "product_id": "p-032"},
        ),
        product_id=["p-008", "p-032"],
        limit=2,
    ),
    "get_popular_products": OperationExamples(
        examples=(
            Example(
                parameters={"days": 7, "limit": 2},
                answer=_list_of("popular", "popular", {"source": "popular", "share": 1.0}),
            ),
        ),
        refused={"days": 0},
        problems={"validation": Details(errors={"#/query/days": "Expected `int` >= 1"})},
    ),
    "get_trending_products": example_of_list(_list_of("trending", "learned", {"source": "rising", "share": 1.0}), limit=2),
    "get_new_products": example_of_list(_list_of("new", "catalogue", {"source": "new", "share": 1.0}), limit=2),
}
