"""Answers with ranked products that are not stored: lists about products, and those of a customer's own history."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from msgspec import UNSET
from msgspec.structs import replace

from domain.ports.repository import Repository
from domain.ranking.answers import as_recommended
from domain.ranking.rules import NO_RULES, ListRules
from domain.records.product_lists import ProductList, RankedProducts
from infra.use_cases.recommendation_ids import new_recommendation_id


async def product_list(
    repository: Repository, ranked: RankedProducts, *, arm: str | None = None, now: datetime
) -> ProductList:
    """Return ranked products as an answer with an id of its own, which says the arm; nothing is stored."""
    identifier = await new_recommendation_id(
        repository, ranked.kind, model_id=ranked.model_id, placement=ranked.placement, arm=arm, now=now
    )
    return ProductList(
        recommendation_id=identifier,
        kind=ranked.kind,
        strategy=ranked.strategy,
        generated_at=now,
        items=[
            as_recommended(item.product, rank=rank, score=item.score, reasons=item.reasons, due_at=item.due_at)
            for rank, item in enumerate(ranked.items, start=1)
        ],
        hint=ranked.hint,
    )


async def ranked_with_hint(rank: Callable[[ListRules], Awaitable[RankedProducts]], rules: ListRules) -> RankedProducts:
    """Return the list that `rank` makes under rules; if these leave nothing of it, its hint names them."""
    ranked = await rank(rules)
    if ranked.items or not rules.hides:
        return ranked
    without = await rank(NO_RULES)
    hint = rules.hint_without(item.product.product_index for item in without.items)
    return replace(ranked, hint=hint or UNSET)
