"""Lists that are not about one customer: products related to others, and those of a whole shop."""

from datetime import datetime
from typing import Literal

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from domain.records.products import Product
from domain.records.recommendations import Kind, Reason, RecommendedProduct

ListStrategy = Literal["learned", "content", "history", "popular", "catalogue", "empty"]
"""What such a list rests on first: trained lists, the data of the catalogue, the customer's own events, what most customers
of the shop or of a category turn to, the newest products, or nothing that could be shown."""


class ScoredProduct(Struct, frozen=True, kw_only=True, gc=False):
    """A product of the catalogue as it is now, with its score and its reasons, and when it is due to be bought again."""

    product: Product
    score: float
    reasons: list[Reason]
    due_at: datetime | UnsetType = UNSET


class RankedProducts(Struct, frozen=True, kw_only=True):
    """Products, best first, with what the answer says of the list: what it is about, and what it rests on.

    `hint` names the rules that leave nothing of it.
    """

    kind: Kind
    strategy: ListStrategy
    model_id: str
    items: list[ScoredProduct]
    placement: str | None = None
    hint: str | UnsetType = UNSET


class ProductList(Struct, frozen=True, kw_only=True):
    """A list as answered; `recommendation_id` names this answer. `hint` names the rules that hide all that it would have."""

    recommendation_id: str
    kind: Kind
    strategy: ListStrategy
    generated_at: datetime
    items: list[RecommendedProduct]
    hint: str | UnsetType = UNSET


def without_rule_names(answer: ProductList) -> ProductList:
    """Return a list for a key that may not read internals of the shop: it sees that a rule counted, but not which one."""
    if answer.hint is not UNSET:
        return replace(answer, hint=UNSET)
    if not any(reason.rule is not None for item in answer.items for reason in item.reasons):
        return answer
    items = [replace(item, reasons=[replace(reason, rule=None) for reason in item.reasons]) for item in answer.items]
    return replace(answer, items=items)
