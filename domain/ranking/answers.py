"""Turn lists into answers: what was computed, with what the catalogue says of the products now."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import UNSET, UnsetType

from domain.records.products import Product
from domain.records.recommendations import RankedList, Reason, RecommendationList, RecommendedProduct


def to_answer(
    ranked: RankedList, products: Sequence[Product], *, recommendation_id: str | UnsetType, cached: bool
) -> RecommendationList:
    """Return the first of the ranked products as `products`, the same in the same order, now are."""
    return RecommendationList(
        recommendation_id=recommendation_id,
        customer_id=ranked.customer_id,
        segment=ranked.segment,
        strategy=ranked.strategy,
        generated_at=ranked.generated_at,
        cached=cached,
        items=[
            as_recommended(product, rank=rank, score=item.score, reasons=item.reasons)
            for rank, (item, product) in enumerate(zip(ranked.items, products, strict=False), start=1)
        ],
    )


def as_recommended(
    product: Product, *, rank: int, score: float, reasons: list[Reason], due_at: datetime | UnsetType = UNSET
) -> RecommendedProduct:
    """Return a product of the catalogue as a place of an answer."""
    return RecommendedProduct(
        rank=rank,
        product_id=product.product_id,
        name=product.name,
        category=product.category,
        brand=product.brand,
        price=product.price,
        currency=product.currency,
        url=product.url,
        image_url=product.image_url,
        score=score,
        reasons=reasons,
        due_at=due_at,
    )
