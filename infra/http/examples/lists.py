"""Parts of example answers that several endpoints share: recommended products and lists of them."""

from typing import Any

from infra.http.examples.example import Details, Example, OperationExamples

INSTANT = "2026-11-23T10:00:00Z"

RECOMMENDATION_ID = "PCMTphgT2WN__mFQlqxmb3ItY3VzdG9tZXKoMjAyNjExMjPOawgDIMQIZGVtb3Nob3CkaG9tZcA"

SLEEPING_MAT: dict[str, Any] = {
    "rank": 1,
    "product_id": "p-014",
    "name": "Trailhead sleeping mat",
    "category": "outdoor/camping",
    "brand": "Trailhead",
    "price": 41.95,
    "currency": "EUR",
    "url": "https://shop.example/products/p-014",
    "image_url": "https://shop.example/pictures/p-014.svg",
    "score": 1.570848,
    "reasons": [
        {"source": "bought_together", "share": 0.6517, "product_id": "p-008"},
        {"source": "category_interest", "share": 0.1924, "category": "outdoor/camping"},
        {"source": "similar_product", "share": 0.1329},
    ],
}
HEAD_LAMP: dict[str, Any] = {
    "rank": 2,
    "product_id": "p-011",
    "name": "Trailhead head lamp",
    "category": "outdoor/camping",
    "brand": "Trailhead",
    "price": 28.95,
    "currency": "EUR",
    "url": "https://shop.example/products/p-011",
    "image_url": "https://shop.example/pictures/p-011.svg",
    "score": 1.194479,
    "reasons": [
        {"source": "bought_together", "share": 0.615, "product_id": "p-032"},
        {"source": "category_interest", "share": 0.2349, "category": "outdoor/camping"},
        {"source": "popular", "share": 0.0281},
    ],
}


def example_of_list(answer: dict[str, Any], **parameters: Any) -> OperationExamples:
    """Return the examples of an endpoint with a list: one request of two products or fewer, and one with a wrong length."""
    return OperationExamples(
        examples=(Example(parameters=parameters, answer=answer),),
        refused={"limit": 0},
        problems={"validation": Details(errors={"#/query/limit": "Expected `int` >= 1"})},
    )


def list_for(customer_id: str, **members: Any) -> dict[str, Any]:
    """Return a list for a customer, with other `members` than usual."""
    return {
        "recommendation_id": RECOMMENDATION_ID,
        "kind": "for-customer",
        "customer_id": customer_id,
        "segment": "Regular",
        "strategy": "personalised",
        "generated_at": INSTANT,
        "cached": False,
        "items": [SLEEPING_MAT, HEAD_LAMP],
    } | members
