"""Examples of the endpoints for guests and browsers."""

from infra.http.examples.example import Details, Example, OperationExamples
from infra.http.examples.lists import INSTANT

GUESTS = {
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
}
