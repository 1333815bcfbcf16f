"""Answers with ranked products that are not stored: lists about products, and those of a customer's own history."""

from datetime import datetime

from domain.ports.repository import Repository
from domain.ranking.answers import as_recommended
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
    )
