"""Lists of the whole shop: read what training counted, keep what is available and passes the filters, rank, answer."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from domain.ports.lists import ListState
from domain.ports.repository import Repository
from domain.ranking.catalogue import Catalogue
from domain.ranking.indexes import NO_PRODUCTS, Indexes, union
from domain.ranking.model import UNTRAINED, Model
from domain.ranking.rule_book import ListPlace
from domain.ranking.rules import ListRules, without
from domain.ranking.shop_lists import (
    ListOrigin,
    ShopListKind,
    Tier,
    newest_tier,
    popular_tier,
    rank_shop_list,
    rising_tier,
    spread,
    weighted_tier,
)
from domain.records.product_lists import ProductList, RankedProducts
from domain.records.recommendations import ListRequest
from infra.use_cases.product_lists import product_list, ranked_with_hint
from infra.use_cases.ranking_data import RankingData, ranking_data_of
from infra.use_cases.rule_data import rule_data_of
from infra.use_cases.versioned_cache import VersionedCache

DEFAULT_DAYS = 30
MAX_CACHED_TIERS = 16
"""Tiers have up to all products of the shop."""
DAYS_FOR_ALL = (1, 7, 14, 30, 90, 180, 365)
RISING = 0
"""The key of the products that rise, beside the numbers of days."""
MIN_LOOKED_UP = 128
MAX_SPREAD = 1000
"""How many of the newest products are looked at, to find other brands and categories."""


def days_for_all(days: int) -> int:
    """Return the next higher of a few numbers of days: whoever may be anybody cannot ask for ever other sums."""
    return next(step for step in DAYS_FOR_ALL if days <= step)


class ShopListRequest(Struct, frozen=True, kw_only=True):
    """A request for a list of the whole shop; `days` are those that a list of popular products counts.

    The list has none of `left_out`, product indexes.
    """

    kind: ShopListKind
    list_request: ListRequest
    days: int = DEFAULT_DAYS
    left_out: Indexes = NO_PRODUCTS
    n_pinned: int = 0

    @property
    def n_wanted(self) -> int:
        """How many products are enough, whichever of them are left out or pinned."""
        return self.list_request.limit + len(self.left_out) + self.n_pinned


async def shop_list(
    repository: Repository, request: ShopListRequest, *, shop: ListState | None = None, now: datetime
) -> ProductList:
    """Return a list of the whole shop, whose state may have been read already."""
    data, asked = ranking_data_of(repository), request.list_request
    shop = shop or await repository.list_state()
    catalogue = await data.catalogue_of(shop.catalogue_version)
    await data.add_missing(catalogue, request.left_out)
    place = ListPlace(kind=request.kind, placement=asked.placement)
    rules = await rule_data_of(repository).of(shop.rules_version, place, catalogue=catalogue, now=now)

    async def rank(rules: ListRules) -> RankedProducts:
        return await ranked_shop_list(repository, request, shop.model, catalogue=catalogue, rules=rules, now=now)

    return await product_list(repository, await ranked_with_hint(rank, rules), now=now)


async def ranked_shop_list(  # noqa: PLR0913 - what one list depends on
    repository: Repository,
    request: ShopListRequest,
    model: Model,
    *,
    catalogue: Catalogue,
    rules: ListRules,
    now: datetime,
) -> RankedProducts:
    """Rank a list of the whole shop under rules."""
    data, asked = ranking_data_of(repository), request.list_request
    # Pinned products stand in their own places, so others are needed for those that the ranking would give them.
    request = replace(request, n_pinned=len(rules.pinned))
    tiers: list[Tier] = []
    async with aclosing(_tiers(repository, request, model)) as found:
        async for tier in found:
            tiers.append(await _admitted(tier, data, catalogue, request, rules=rules))
            if catalogue.n_groups(union(*(one.products for one in tiers))) >= request.n_wanted:
                break
        else:
            tiers.append(await _newest(data, catalogue, request, now=now, rules=rules))
    origin = ListOrigin(kind=request.kind, model_id=model.model_id)
    return rank_shop_list(tiers, catalogue, origin=origin, request=asked, left_out=request.left_out, rules=rules)


async def _tiers(repository: Repository, request: ShopListRequest, model: Model) -> AsyncGenerator[Tier]:
    if request.kind == "new":
        return
    if model is UNTRAINED:
        recent = await repository.recent_popularity()
        yield weighted_tier(recent.products, recent.weights)
        return
    cached = _tiers_of.setdefault(repository, VersionedCache(MAX_CACHED_TIERS))
    if request.kind == "trending":
        rising, missing = cached.lookup(model.model_id, [RISING])
        if missing:
            rising[RISING] = rising_tier(await repository.activity(model.model_id, "rising", days=1))
        yield rising[RISING]
    popular, missing = cached.lookup(model.model_id, [request.days])
    for days in missing:
        buyers = await repository.activity(model.model_id, "buyers", days=days)
        visitors = await repository.activity(model.model_id, "visitors", days=days)
        # A year of a large shop takes seconds to add up.
        popular[days] = await asyncio.to_thread(popular_tier, buyers, visitors)
    yield popular[request.days]


async def _admitted(
    tier: Tier, data: RankingData, catalogue: Catalogue, request: ShopListRequest, *, rules: ListRules
) -> Tier:
    """Return the first products of a tier that are available and pass the filters, enough of them for the list if there are.

    They are looked up in growing blocks: most lists need the first few, and rare filters need thousands.
    """
    chosen = np.zeros(len(tier.products), dtype=np.bool_)
    start, size = 0, max(4 * request.n_wanted, MIN_LOOKED_UP)
    while start < len(chosen) and not _is_enough(tier, chosen, catalogue, request, rules=rules, n_seen=start):
        block = tier.products[start : start + size]
        await data.add_missing(catalogue, block)
        admitted = rules.kept(catalogue.admitted(block, request.list_request))
        chosen[start : start + size] = np.isin(block, admitted)
        start, size = start + size, 4 * size
    return tier.take(chosen).under(rules)


def _is_enough(  # noqa: PLR0913 - the parts of one question
    tier: Tier,
    chosen: npt.NDArray[np.bool_],
    catalogue: Catalogue,
    request: ShopListRequest,
    *,
    rules: ListRules,
    n_seen: int,
) -> bool:
    """Return whether none of the products after the first `n_seen` of a tier can be in the list."""
    found = tier.take(chosen).under(rules)
    if catalogue.n_groups(found.products) < request.n_wanted:
        return False
    # A boost may lift one of the others; the best ones may all be variants of few products.
    return not rules.scales or tier.amounts[n_seen] * rules.largest_factor <= _last_needed(found, catalogue, request)


def _last_needed(found: Tier, catalogue: Catalogue, request: ShopListRequest) -> float:
    """Return the amount of the last product that the list needs, of variants the best."""
    _, first = np.unique(catalogue.group_codes[found.products], return_index=True)
    return float(np.sort(found.amounts[first])[-request.n_wanted])


async def _newest(
    data: RankingData, catalogue: Catalogue, request: ShopListRequest, *, now: datetime, rules: ListRules
) -> Tier:
    asked = request.list_request
    n = MAX_SPREAD if request.kind == "new" else 2 * request.n_wanted
    newest = (await data.newest(asked, n=n))[: n + len(asked.exclude)]
    await data.add_missing(catalogue, newest)
    newest = catalogue.admitted(newest, asked)
    newest = newest[~catalogue.are_variants(newest, request.left_out)]
    newest = without(newest, rules.pins_among(newest, catalogue), catalogue)
    tier = newest_tier(newest, catalogue, now=now).under(rules)
    return tier.take(spread(tier.products, catalogue, limit=asked.limit)) if request.kind == "new" else tier


_tiers_of: WeakKeyDictionary[Repository, VersionedCache[int, Tier]] = WeakKeyDictionary()
