"""Examples of the endpoints that say why a list is as it is, and what weakens all of them."""

from infra.http.examples.example import Details, Example, OperationExamples
from infra.http.examples.lists import INSTANT

DIAGNOSIS = {
    "get_why_not": OperationExamples(
        examples=(
            Example(
                parameters={"customer_id": "demo-1", "product_id": "p-002", "limit": 10},
                answer={
                    "customer_id": "demo-1",
                    "product_id": "p-002",
                    "generated_at": INSTANT,
                    "limit": 10,
                    "verdict": "ranked_below",
                    "advice": "It needs a score that is 0.0927 higher, most of all from bought_together, or a limit of 20.",
                    "rank": 20,
                    "score": 0.224016,
                    "parts": [
                        {"source": "viewed_together", "amount": 0.322771},
                        {"source": "similar_product", "amount": 0.196983},
                        {"source": "category_interest", "amount": 0.072163},
                        {"source": "new", "amount": 0.039349},
                        {"source": "price_fit", "amount": 0.007638},
                        {"source": "popular", "amount": 0.002788},
                        {"source": "diversity", "amount": -0.417676},
                    ],
                    "last_shown": "p-022",
                    "score_of_last_shown": 0.316687,
                    "parts_of_last_shown": [
                        {"source": "bought_together", "amount": 0.301303},
                        {"source": "similar_product", "amount": 0.137932},
                        {"source": "viewed_together", "amount": 0.096909},
                        {"source": "category_interest", "amount": 0.073715},
                        {"source": "price_fit", "amount": 0.011077},
                        {"source": "popular", "amount": 0.002854},
                        {"source": "new", "amount": 0.000814},
                        {"source": "diversity", "amount": -0.307916},
                    ],
                    "variant": None,
                    "due_at": None,
                    "filters": [],
                    "pinned_by": [],
                    "rules": [],
                },
            ),
        ),
        refused={"limit": 0},
        problems={"validation": Details(errors={"#/query/limit": "Expected `int` >= 1"})},
    ),
    "get_health_of_data": OperationExamples(
        examples=(Example(answer={"checked_at": INSTANT, "problems": []}),),
    ),
}
