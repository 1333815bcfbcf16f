"""The answer: a list of products, each with its score and the reasons that the score is made of."""

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
SHOWN_LENGTH = 10
STORED_LENGTH = 100
"""Lists are stored longer than what is usually asked for, so that `limit` and most filters are answered from them."""


class Reason(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A part of the score: its source, its cause if it has one, and its share of the sum of the positive parts.

    A storefront key is not told causes, which are what the customer looked at and bought.
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
    """A list as it is shown; a storefront key is not told the segment."""

    customer_id: str
    segment: Segment | UnsetType = UNSET
    strategy: Strategy
    generated_at: datetime
    cached: bool
    items: list[RecommendedProduct]


Contribution = tuple[Source, str | None, float]
"""A positive part of a score: its source, what caused it (a product id or a category path), how much."""


class ScoredProduct(Struct, frozen=True, kw_only=True, gc=False, array_like=True):
    """A product in a list as it is made and stored.

    Its reasons are made when it is shown, of the packed positive parts of its score.
    """

    product: Product
    score: float
    parts: bytes


class ScoredList(Struct, frozen=True, kw_only=True):
    """A list as it is made and stored, longer than what is usually shown; the parts of its items point into `causes`."""

    customer_id: str
    segment: Segment
    strategy: Strategy
    generated_at: datetime
    causes: list[str]
    items: list[ScoredProduct]


def for_storefront(made: RecommendationList) -> RecommendationList:
    """Leave out what tells what the customer bought or how the shop sorts them: the segment, and the causes of reasons."""
    items = [msgspec.structs.replace(item, reasons=_per_source(item.reasons)) for item in made.items]
    return msgspec.structs.replace(made, segment=UNSET, items=items)


def _per_source(reasons: Iterable[Reason]) -> list[Reason]:
    shares: dict[Source, float] = {}
    for reason in reasons:
        shares[reason.source] = shares.get(reason.source, 0.0) + reason.share
    ranked = sorted(shares.items(), key=lambda part: -part[1])
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
    """What is asked for: how many, and the filters that apply before the best `limit` are taken."""

    limit: int = SHOWN_LENGTH
    category: str | None = None
    min_price: float | None = None
    max_price: float | None = None
    exclude: frozenset[str] = frozenset()

    @property
    def is_filtered(self) -> bool:
        return bool(self.exclude) or not (self.category is self.min_price is self.max_price is None)

    def check(self) -> None:
        """Raise InvalidField where the prices leave nothing between them."""
        if self.min_price is not None and self.max_price is not None and self.min_price > self.max_price:
            raise InvalidField("#/query/min_price", "Expected at most `max_price`")

    def admits(self, product: Product) -> bool:
        """Tell whether a product passes the filters; one without a price passes no price filter."""
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
