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

from domain.ranking.catalogue import Catalogue
from domain.ranking.contributions import FILL_SHARE
from domain.ranking.freshness import freshness
from domain.ranking.indexes import NO_PRODUCTS, Indexes
from domain.ranking.packing import unpack
from domain.ranking.reasons import scored_product
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
    """Products, best first, with positive amounts (n,); `largest` is what an amount of full evidence would be."""

    products: Indexes
    amounts: npt.NDArray[np.float64]
    largest: float
    source: ShopSource
    strategy: ListStrategy

    def take(self, chosen: npt.NDArray[np.bool_]) -> "Tier":
        return Tier(
            products=self.products[chosen],
            amounts=self.amounts[chosen],
            largest=self.largest,
            source=self.source,
            strategy=self.strategy,
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
    """Return the newest `limit` of products given newest first, of one brand or category at most a third.

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
    return products[sorted([*chosen, *left_over[: limit - len(chosen)]])]


def rank_shop_list(
    tiers: Sequence[Tier],
    catalogue: Catalogue,
    *,
    origin: ListOrigin,
    request: ListRequest,
    left_out: Indexes = NO_PRODUCTS,
) -> RankedProducts:
    """Return the first `limit` products of tiers that pass the filters, of each group of variants the best.

    Those of `left_out`, and variants of them, are in no list.
    """
    items: list[ScoredProduct] = []
    strategy: ListStrategy = "empty"
    shown: set[int] = set(catalogue.group_codes[left_out].tolist())
    for tier in tiers:
        scale = (FILL_SHARE * items[-1].score if items else 1.0) / tier.largest
        for index, amount in zip(tier.products.tolist(), tier.amounts.tolist(), strict=True):
            group = int(catalogue.group_codes[index])
            if len(items) == request.limit:
                break
            if group not in shown:
                shown.add(group)
                strategy = tier.strategy if not items else strategy
                score = amount * scale
                items.append(scored_product(catalogue.product(index), score, [(tier.source, None, score)]))
    return RankedProducts(
        kind=origin.kind, strategy=strategy, model_id=origin.model_id, items=items, placement=request.placement
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
