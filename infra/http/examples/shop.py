"""Examples of the endpoints about the shop itself."""

from infra.http.examples.example import Example, OperationExamples
from infra.http.examples.lists import INSTANT

_WEIGHTS = {
    "bought_together": 1.0,
    "viewed_together": 1.0,
    "similar_product": 0.2,
    "segment_trend": 0.05,
    "category_interest": 0.3,
    "price_fit": 0.02,
    "new": 0.02,
    "popular": 0.05,
    "own": {},
}
_MODEL = {
    "model_id": "58cfd8d872a877e1e36943c375e4997a",
    "trained_at": INSTANT,
    "choice": {
        "recipe": {
            "event_exponent": 1.0,
            "repeat_exponent": 0.5,
            "history_days": 30.0,
            "interest_days": 30.0,
            "history_steps": 36500.0,
            "memory_days": 36500.0,
            "trend_days": 14.0,
            "momentum_days": 14.0,
            "momentum_exponent": 0.5,
            "segment_smoothing": 200.0,
            "activity_exponent": 0.5,
            "seed_exponent": 0.5,
            "candidate_exponent": 0.4,
            "ridge": 4.0,
            "n_candidates": 100,
            "factor_unobserved": 0.01,
            "factor_penalty": 0.01,
            "ridge_share": 0.5,
            "succession_share": 0.0,
            "factor_share": 0.0,
            "n_neighbours": 100,
        },
        "blend": _WEIGHTS,
        "newcomer_weights": _WEIGHTS,
        "newcomer_popularity": {
            "event_exponent": 1.0,
            "trend_days": 30.0,
            "momentum_exponent": 0.0,
            "repeat_exponent": 0.5,
            "visit_exponent": 0.5,
            "segment_smoothing": 200.0,
        },
        "newcomer_variety": None,
        "shapes": [],
        "seen_again": 0.0,
        "newest_share": 1.0,
        "rebuy_rate": 0.25,
        "variety": 0.5,
        "trial_places": 1,
        "tuning": {
            "seed": 0,
            "trials": 40,
            "n_events": 20_208,
            "n_customers": 412,
            "ndcg": 0.1312,
            "ndcg_of_default_blend": 0.1187,
            "rejected_ndcg": 0.0,
            "ranker_customers": 388,
            "ranker_gain": 0.0,
        },
    },
}

SHOP = {
    "get_health": OperationExamples(
        examples=(
            Example(
                answer={"status": "ok", "writes": True, "products": 384, "events": 20_208, "model": _MODEL},
            ),
        ),
    ),
    "check_live": OperationExamples(examples=(Example(answer={"status": "ok"}),)),
    "check_ready": OperationExamples(examples=(Example(answer={"status": "ok", "writes": True}),)),
}
