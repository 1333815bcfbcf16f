"""Turn the contributions to a score into the reasons of an answer."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import UNSET, UnsetType

from domain.records.product_lists import ScoredProduct
from domain.records.products import Product
from domain.records.recommendations import Contribution, Reason

MAX_REASONS = 5
N_NAMED = 2


def reasons_of(contributions: Iterable[Contribution], *, product_id: str) -> list[Reason]:
    """Return at most 5 reasons for `product_id` whose shares add to 1: those that name a cause first, then by share.

    Of more than 5 contributions, the two largest keep their cause and the others are merged per source. Where more than
    5 reasons remain, the smallest are dropped and the shares refer to those that remain. A product is never its own cause.
    """
    ranked: list[tuple[float, str, str]] = sorted(
        [(-amount, source, "" if cause is None or cause == product_id else cause) for source, cause, amount in contributions]
    )
    if len(ranked) > MAX_REASONS:
        ranked = sorted(_merged(ranked))[:MAX_REASONS]
    total = sum([amount for amount, _, _ in ranked])
    named, others = [reason for reason in ranked if reason[2]], [reason for reason in ranked if not reason[2]]
    return [_reason(source, cause or None, share=round(amount / total, 4)) for amount, source, cause in named + others]


def _reason(source: str, cause: str | None, *, share: float) -> Reason:
    match source:
        case "category_interest":
            return Reason(source=source, category=cause, share=share)
        case "rule":
            return Reason(source=source, rule=cause, share=share)
        case _:
            return Reason(source=source, product_id=cause, share=share)


def scored_product(
    product: Product, score: float, contributions: Iterable[Contribution], *, due_at: datetime | UnsetType = UNSET
) -> ScoredProduct:
    """Return a product as a place of a list, with the reasons of its score."""
    reasons = reasons_of(contributions, product_id=product.product_id)
    return ScoredProduct(product=product, score=round(score, 6), reasons=reasons, due_at=due_at)


def _merged(ranked: Sequence[tuple[float, str, str]]) -> list[tuple[float, str, str]]:
    """Merge all but the two largest with a cause per source; a source with one entry keeps its cause."""
    named: list[tuple[float, str, str]] = []
    merged: dict[str, tuple[float, str, str]] = {}
    for reason in ranked:
        amount, source, cause = reason
        if cause and len(named) < N_NAMED:
            named.append(reason)
        elif (before := merged.get(source)) is None:
            merged[source] = reason
        else:
            merged[source] = (before[0] + amount, source, "")
    return [*named, *merged.values()]
