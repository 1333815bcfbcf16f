"""Lists of the whole shop: what most customers turn to, what rises, and what is new.

A list is filled from tiers: products with evidence of one kind, best first. A product of a later tier never stands above one
of an earlier tier.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from domain.ranking.catalogue import Catalogue
from domain.ranking.contributions import FILL_SHARE
from domain.ranking.freshness import freshness
from domain.ranking.indexes import NO_PRODUCTS, Indexes
from domain.ranking.packing import unpack
from domain.ranking.reasons import scored_product
from domain.ranking.rules import NO_RULES, ListRules, Pin, with_pins
from domain.records.product_lists import ListStrategy, RankedProducts, ScoredProduct
from domain.records.recommendations import ListRequest, ShopSource

ShopListKind = Literal["popular", "trending", "new"]

MIN_BRANDS = 3
"""In a list of new products, one brand or category has at most a third of the places, while there are others."""


class ListOrigin(Struct, frozen=True, kw_only=True):
    """What a list is about, and the model that it rests on."""

    kind: ShopListKind
    model_id: str


class Tier(Struct, frozen=True, kw_only=True):
    """Products, best first, with positive amounts (n,); `largest` is what an amount of full evidence would be.

    `gains` (n,), which only a tier after rules has, are what boosts added to the amounts.
    """

    products: Indexes
    amounts: npt.NDArray[np.float64]
    largest: float
    source: ShopSource
    strategy: ListStrategy
    gains: npt.NDArray[np.float64] | None = None

    def take(self, chosen: npt.NDArray[np.bool_] | Indexes) -> "Tier":
        gains = None if self.gains is None else self.gains[chosen]
        return replace(self, products=self.products[chosen], amounts=self.amounts[chosen], gains=gains)

    def under(self, rules: ListRules) -> "Tier":
        """Return the tier after rules, best first: without what they hide, and with scaled amounts."""
        if self.gains is not None or not (rules.hides or rules.scales):
            return self
        amounts = rules.apply(self.products, self.amounts)
        order = np.argsort(-amounts, kind="stable")
        order = order[amounts[order] > 0]
        return replace(
            self, products=self.products[order], amounts=amounts[order], gains=amounts[order] - self.amounts[order]
        )


def popular_tier(buyers: Sequence[bytes], visitors: Sequence[bytes]) -> Tier:
    """Rank products by the number of customers who bought them, then of those who turned to them at all.

    The arguments are the packed counts of each day. Who bought is a visitor too, and `visitors` may lack those who bought.
    """
    products, n_visitors = _totals([*visitors, *buyers])
    bought, n_buyers = _totals(buyers)
    amounts = n_visitors / (n_visitors.max(initial=0.0) + 1.0)
    amounts[np.searchsorted(products, bought)] += n_buyers
    return _tier(products, amounts, source="popular", strategy="popular")


def weighted_tier(products: npt.ArrayLike, weights: npt.ArrayLike) -> Tier:
    """Rank popular products by their weights."""
    return _tier(np.asarray(products, np.intp), np.asarray(weights, np.float64), source="popular", strategy="popular")


def rising_tier(packed: Sequence[bytes]) -> Tier:
    """Return the products whose share of the new customers rises, as training packed them."""
    entries = unpack(b"".join(packed))
    products, ratios = entries["product_index"].astype(np.intp), entries["weight"].astype(np.float64)
    return _tier(products, ratios, source="rising", strategy="learned")


def newest_tier(products: Indexes, catalogue: Catalogue, *, now: datetime) -> Tier:
    """Rank products, which the catalogue has, by their age: 1 / (1 + age / 30 days)."""
    amounts = freshness(products, catalogue, now=now)
    return Tier(products=products, amounts=amounts, largest=1.0, source="new", strategy="catalogue")


def spread(products: Indexes, catalogue: Catalogue, *, limit: int) -> Indexes:
    """Return the places of the newest `limit` of products given newest first, of one brand or category at most a third.

    Where the others are too few, the newest of those left over fill the list.
    """
    most = max(limit // MIN_BRANDS, 1)
    of_brand, of_category = Counter[str](), Counter[str]()
    chosen, left_over = list[int](), list[int]()
    for place, index in enumerate(products.tolist()):
        product = catalogue.product(index)
        # Products without a brand or a category share none.
        brand, category = product.brand or f"{index}\n", product.category or f"{index}\n"
        if of_brand[brand] >= most or of_category[category] >= most:
            left_over.append(place)
            continue
        of_brand[brand] += 1
        of_category[category] += 1
        chosen.append(place)
        if len(chosen) == limit:
            break
    return np.array(sorted([*chosen, *left_over[: limit - len(chosen)]]), dtype=np.intp)


def rank_shop_list(  # noqa: PLR0913 - the rules are one more input
    tiers: Sequence[Tier],
    catalogue: Catalogue,
    *,
    origin: ListOrigin,
    request: ListRequest,
    left_out: Indexes = NO_PRODUCTS,
    rules: ListRules = NO_RULES,
) -> RankedProducts:
    """Return the first `limit` products of tiers that pass the filters, of each group of variants the best.

    Those of `left_out`, and variants of them, are in no list. Boosts and buries move products within their tiers.
    """
    pins: list[Pin] = []
    if len(rules.pinned):
        admitted = catalogue.admitted(rules.pinned, request)
        pins = rules.pins_among(admitted[~catalogue.are_variants(admitted, left_out)], catalogue)
    items: list[ScoredProduct] = []
    strategy: ListStrategy = "catalogue" if pins else "empty"
    shown: set[int] = set(catalogue.group_codes[left_out].tolist())
    shown.update(int(catalogue.group_codes[pin.product]) for pin in pins)
    for tier in (one.under(rules) for one in tiers):
        # What fills a list up stands below the rest, whatever boosts it.
        largest = tier.largest if tier.gains is None or not items else max(tier.largest, tier.amounts.max(initial=0.0))
        scale = (FILL_SHARE * items[-1].score if items else 1.0) / float(largest)
        gains = np.zeros(len(tier.products)) if tier.gains is None else tier.gains
        for index, amount, gain in zip(tier.products.tolist(), tier.amounts.tolist(), gains.tolist(), strict=True):
            group = int(catalogue.group_codes[index])
            if len(items) == request.limit:
                break
            if group not in shown:
                shown.add(group)
                strategy = tier.strategy if not items else strategy
                score = amount * scale
                own = score - max(gain, 0.0) * scale
                parts = [(tier.source, None, own), *rules.contributions(index, gain * scale)]
                items.append(scored_product(catalogue.product(index), score, parts))
    return RankedProducts(
        kind=origin.kind,
        strategy=strategy,
        model_id=origin.model_id,
        items=with_pins(items, pins, catalogue, k=request.limit),
        placement=request.placement,
    )


def _totals(packed: Sequence[bytes]) -> tuple[Indexes, npt.NDArray[np.float64]]:
    """Add up the counts of several days; the products are ascending."""
    entries = unpack(b"".join(packed))
    products, positions = np.unique(entries["product_index"].astype(np.intp), return_inverse=True)
    return products, np.bincount(positions, weights=entries["weight"], minlength=len(products)).astype(np.float64)


def _tier(products: Indexes, amounts: npt.NDArray[np.float64], *, source: ShopSource, strategy: ListStrategy) -> Tier:
    # Of equal ones, the product that came later into the catalogue is first.
    order = np.lexsort((-products, -amounts))
    return Tier(
        products=products[order],
        amounts=amounts[order],
        largest=float(amounts.max(initial=0.0)) or 1.0,
        source=source,
        strategy=strategy,
    )
