"""Lists of recommended products, each with its score and the reasons that add up to it."""

from collections.abc import Hashable, Iterable
from datetime import datetime
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from domain.errors import InvalidField
from domain.records.customers import Activity, Customer, Segment, StoredAddress

Kind = Literal["for-customer", "similar", "bought-together", "popular", "trending", "new", "buy-again", "recently-viewed"]
"""What a list is about."""

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

ShopSource = Literal["popular", "new", "rising"]
"""The sources of lists of the whole shop."""

HistorySource = Literal["bought_before", "rebought", "due", "looked_at"]
"""The sources of lists of what a customer bought or looked at before: sums of the customer's own events, without weights."""

RULE_SOURCE = "rule"
"""The source of what a rule of the shop added to a score, and of a product that a rule pinned."""

SOURCES: tuple[Source, ...] = get_args(Source)
SOURCE_NAMES: tuple[str, ...] = tuple(sorted({*SOURCES, *get_args(HistorySource), *get_args(ShopSource), RULE_SOURCE}))
SourceName = Annotated[str, Meta(extra_json_schema={"enum": list(SOURCE_NAMES)})]
"""One of SOURCE_NAMES, or the name of a source that the shop added; the OpenAPI document adds these."""

DEFAULT_LIMIT = 10
MAX_LIMIT = 100
MAX_DAYS = 365
MAX_SEEDS = 20
"""Products that a list may be about."""
MAX_VALUES = 20
"""Values that a filter may have."""
MAX_EXCLUDED = 100
MAX_LABEL_LENGTH = 64
STOREFRONT_LIMIT = 20
STOREFRONT_EXCLUDED = 10

Seen = Literal["few", "exclude", "include"]
"""How many products of the customer's own history a list may contain: at most two of ten, none, or any number."""


class Reason(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A contribution to the score: its source, its cause if any, and its share of all positive contributions.

    Causes are products that the customer looked at or bought, so a storefront key does not receive them; nor the name of a
    `rule`, which is an internal of the shop.
    """

    source: SourceName
    share: float
    product_id: str | None = None
    category: str | None = None
    rule: str | None = None


class RankedProduct(Struct, frozen=True, kw_only=True, gc=False, array_like=True):
    """A place of a list: what was computed about a product, without what the catalogue says about it."""

    product_index: int
    product_id: str
    score: float
    reasons: list[Reason]


class RankedList(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A list as it is computed and stored; `rules` and `arm` are digests of those that it was made with, "" without any."""

    customer_id: str
    segment: Segment
    strategy: Strategy
    generated_at: datetime
    items: list[RankedProduct]
    rules: str = ""
    arm: str = ""


class RecommendedProduct(Struct, frozen=True, kw_only=True, gc=False):
    """A place of an answer. `due_at`, only in `buy-again` lists, ends the usual interval after the last purchase."""

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
    due_at: datetime | UnsetType = UNSET

    @property
    def is_pinned(self) -> bool:
        """Whether a rule put the product where it is: that is then its only reason."""
        return len(self.reasons) == 1 and self.reasons[0].source == RULE_SOURCE and self.reasons[0].share == 1.0


class RecommendationList(Struct, frozen=True, kw_only=True):
    """A list as answered; a storefront key does not receive the segment.

    `recommendation_id` names this answer; a stored list of an export has none. `hint` says why there are no items, where a
    filter names a category that no product has, or where rules hide products. `created_products`, after an order that may
    create products, are those of it that only events have named so far.
    """

    recommendation_id: str | UnsetType = UNSET
    kind: Literal["for-customer"] = "for-customer"
    customer_id: str
    segment: Segment | UnsetType = UNSET
    strategy: Strategy
    generated_at: datetime
    cached: bool
    items: list[RecommendedProduct]
    created_products: list[str] | UnsetType = UNSET
    hint: str | UnsetType = UNSET


Contribution = tuple[str, str | None, float]
"""A positive contribution to a score: source, cause (a product id, a category path or the name of a rule), amount."""


def for_storefront(
    answer: RecommendationList, request: "ListRequest | None" = None, *, asked_for: str | None = None
) -> RecommendationList:
    """Remove what reveals purchases or the shop's view of the customer: the causes of reasons and the segment.

    The answer names the id that it was `asked_for`, not the customer whom a merged guest became. Of a `request`, leave out
    the products of `exclude`, and what exceeds `limit`.
    """
    items = answer.items
    if request:
        items = pins_in_place([item for item in items if item.product_id not in request.exclude])[: request.limit]
    reduced = [
        msgspec.structs.replace(item, rank=rank, reasons=_per_source(item.reasons))
        for rank, item in enumerate(items, start=1)
    ]
    owner = asked_for or answer.customer_id
    return msgspec.structs.replace(answer, customer_id=owner, segment=UNSET, items=reduced, hint=UNSET)


def pins_in_place(items: list[RecommendedProduct]) -> list[RecommendedProduct]:
    """Return items of which others were left out, with pinned ones at their ranks again."""
    placed = [item for item in items if not item.is_pinned]
    for item in items:
        if item.is_pinned:
            placed.insert(item.rank - 1, item)
    return placed


def _per_source(reasons: Iterable[Reason]) -> list[Reason]:
    shares: dict[str, float] = {}
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
    """A request for a list: its length, and the filters that apply before the best `limit` are taken.

    Of a filter with several values a product has any; of several filters it passes all. `attributes` are names, ascending,
    each with the values as they are written. Prices are in the shop's currency. Only rules depend on the label `placement`.
    """

    limit: int = DEFAULT_LIMIT
    categories: frozenset[str] = frozenset()
    brands: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    attributes: tuple[tuple[str, frozenset[str]], ...] = ()
    min_price: float | None = None
    max_price: float | None = None
    exclude: frozenset[str] = frozenset()
    seen: Seen = "few"
    placement: str | None = None

    @property
    def filters(self) -> tuple[Hashable, ...]:
        """All filters; requests with equal ones admit the same products."""
        return (*self._narrowing, self.exclude)

    @property
    def is_filtered(self) -> bool:
        return self.filters != NO_FILTERS

    @property
    def is_storable(self) -> bool:
        """Whether the answer is the customer's list itself, which other requests may reuse."""
        return not self.is_filtered and self.seen == "few"

    @property
    def is_bounded(self) -> bool:
        """Whether a storefront key may ask: all such lists together name few products, so that gaps in them mean little.

        Bought products are missing in lists. Who may ask for whole categories, or for all prices in small steps, sees
        which products of the catalogue are missing, and so everything that a customer bought.
        """
        is_narrowed = self._narrowing != NO_FILTERS[:-1] or self.seen != "few"
        return not is_narrowed and self.limit <= STOREFRONT_LIMIT and len(self.exclude) <= STOREFRONT_EXCLUDED

    @property
    def _narrowing(self) -> tuple[Hashable, ...]:
        return self.categories, self.brands, self.tags, self.attributes, self.min_price, self.max_price

    def without_exclusions(self, *, n_left_out: int = 0) -> "ListRequest":
        """Return the request for a list that has enough products to leave out those of `exclude` and others afterwards.

        Other products take the places of those that are left out before the ranking: the lists of many requests with
        different `exclude` would then name any number of products.
        """
        limit = STOREFRONT_LIMIT + STOREFRONT_EXCLUDED if self.exclude or n_left_out else self.limit
        return ListRequest(limit=limit, placement=self.placement)

    def check(self) -> None:
        """Raise InvalidField if `min_price` exceeds `max_price`."""
        if self.min_price is not None and self.max_price is not None and self.min_price > self.max_price:
            raise InvalidField("#/query/min_price", "Expected at most `max_price`")


NO_FILTERS = ListRequest().filters
