"""Lists of recommended products, each with its score and the reasons that add up to it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, get_args

import msgspec
from msgspec import UNSET, Struct, UnsetType

from domain.errors import InvalidField
from domain.records.customers import Activity, Customer, Segment, StoredAddress
from domain.records.products import Product, is_in_category

Strategy = Literal["personalised", "segment", "popular", "catalogue", "empty"]
Source = Literal[
    "bought_together",
    "viewed_together",
    "similar_product",
    "segment_trend",
    "category_interest",
    "price_fit",
    "new",
    "popular",
]

SOURCES: tuple[Source, ...] = get_args(Source)
DEFAULT_LIMIT = 10
STORED_LENGTH = 100
"""Stored lists are longer than the default limit, so they also answer larger limits and most filters."""

Seen = Literal["include", "exclude"]
"""Whether a list may contain products of the customer's own history."""


class Reason(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A contribution to the score: its source, its cause if any, and its share of all positive contributions.

    Causes are products that the customer looked at or bought, so a storefront key does not receive them.
    """

    source: Source
    share: float
    product_id: str | None = None
    category: str | None = None


class RecommendedProduct(Struct, frozen=True, kw_only=True, gc=False):
    rank: int
    product_id: str
    name: str
    category: str | None
    brand: str | None
    price: float | None
    currency: str
    url: str | None
    image_url: str | None
    score: float
    reasons: list[Reason]


class RecommendationList(Struct, frozen=True, kw_only=True):
    """A list as answered; a storefront key does not receive the segment."""

    customer_id: str
    segment: Segment | UnsetType = UNSET
    strategy: Strategy
    generated_at: datetime
    cached: bool
    items: list[RecommendedProduct]


Contribution = tuple[Source, str | None, float]
"""A positive contribution to a score: source, cause (a product id or a category path), amount."""


class ScoredProduct(Struct, frozen=True, kw_only=True, gc=False, array_like=True):
    """A product of a stored list; answering it turns the packed positive contributions to its score into reasons."""

    product: Product
    score: float
    contributions: bytes


class ScoredList(Struct, frozen=True, kw_only=True):
    """A list as stored, longer than the usual answer; the contributions of its items index `causes`."""

    customer_id: str
    segment: Segment
    strategy: Strategy
    generated_at: datetime
    causes: list[str]
    items: list[ScoredProduct]


def for_storefront(answer: RecommendationList) -> RecommendationList:
    """Remove what reveals purchases or the shop's view of the customer: the causes of reasons and the segment."""
    items = [msgspec.structs.replace(item, reasons=_per_source(item.reasons)) for item in answer.items]
    return msgspec.structs.replace(answer, segment=UNSET, items=items)


def _per_source(reasons: Iterable[Reason]) -> list[Reason]:
    shares: dict[Source, float] = {}
    for reason in reasons:
        shares[reason.source] = shares.get(reason.source, 0.0) + reason.share
    ranked = sorted(shares.items(), key=lambda entry: -entry[1])
    return [Reason(source=source, share=round(share, 4)) for source, share in ranked]


class CategoryInterest(Struct, frozen=True, kw_only=True):
    category: str
    weight: float


class Profile(Struct, frozen=True, kw_only=True):
    customer: Customer
    addresses: list[StoredAddress]
    activity: Activity
    category_interests: list[CategoryInterest]
    recommendations: RecommendationList


class ListRequest(Struct, frozen=True, kw_only=True):
    """A request for a list: its length, and the filters that apply before the best `limit` are taken."""

    limit: int = DEFAULT_LIMIT
    category: str | None = None
    min_price: float | None = None
    max_price: float | None = None
    exclude: frozenset[str] = frozenset()
    seen: Seen = "include"

    @property
    def is_filtered(self) -> bool:
        return bool(self.exclude) or not (self.category is self.min_price is self.max_price is None)

    def check(self) -> None:
        """Raise InvalidField if `min_price` exceeds `max_price`."""
        if self.min_price is not None and self.max_price is not None and self.min_price > self.max_price:
            raise InvalidField("#/query/min_price", "Expected at most `max_price`")

    def admits(self, product: Product) -> bool:
        """Return whether a product passes the filters; a product without a price passes no price filter."""
        if product.product_id in self.exclude:
            return False
        if self.category is not None and not is_in_category(product.category, self.category):
            return False
        if self.min_price is None and self.max_price is None:
            return True
        if product.price is None:
            return False
        return (self.min_price is None or product.price >= self.min_price) and (
            self.max_price is None or product.price <= self.max_price
        )
