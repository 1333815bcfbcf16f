"""The data that lists are computed from, cached by process: what is cached costs no statement."""

import asyncio
from collections.abc import Collection, Hashable, Iterable, Sequence
from weakref import WeakKeyDictionary, proxy

import numpy as np
from msgspec import structs

from domain.ports.repository import Repository
from domain.ranking.catalogue import Catalogue
from domain.ranking.history import merge_variants, unpack_history, without_others
from domain.ranking.indexes import Indexes, union
from domain.ranking.inputs import CandidateQuery, RankingInputs, trend_categories
from domain.ranking.model import UNTRAINED, WeightedProducts
from domain.ranking.neighbour_table import NeighbourTable
from domain.ranking.packed_history import CustomerState
from domain.ranking.related_inputs import RelatedInputs
from domain.ranking.rules import NO_RULES, ListRules
from domain.records.products import Product
from domain.records.recommendations import ListRequest, RankedList
from infra.use_cases.versioned_cache import VersionedCache
from infra.use_cases.whole_catalogue import WholeCatalogue

MAX_CACHED_PRODUCTS = 250_000
MAX_CACHED_NEIGHBOURS = 2**24
"""Entries of lists, 8 bytes each."""
MAX_ADDED_NEIGHBOURS = 2**18
"""More entries than one history adds, so that a full table is never copied to grow."""
MAX_CACHED_LISTS = 20_000
MAX_CACHED_QUERIES = 2000
FILLER_SIZES = (128, 1024, 8192, 2**31 - 1)
FILLER_GROWTH = 8
MAX_ADDED_AT_ONCE = 250


class RankingData:
    """Collect the inputs of lists from a repository and from what was read before."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._catalogue = Catalogue()
        self._catalogue_version = -1
        self._listed_in = -1
        self._neighbours = NeighbourTable()
        self._neighbours_of_model = ""
        self._category_trends: VersionedCache[str, bytes] = VersionedCache(MAX_CACHED_LISTS)
        self._newest: VersionedCache[str, list[int]] = VersionedCache(MAX_CACHED_LISTS)
        self._fillers: VersionedCache[tuple[object, ...], Indexes] = VersionedCache(MAX_CACHED_QUERIES)
        self._filtered_fillers: VersionedCache[tuple[object, ...], Indexes] = VersionedCache(MAX_CACHED_QUERIES)
        self._whole = WholeCatalogue(repository)

    async def inputs(self, state: CustomerState, *, categories: Collection[str] = ()) -> RankingInputs:
        """Return the inputs of a customer's list; `categories` are those that the list is limited to, if any."""
        model, history = state.model, unpack_history(state.history)
        catalogue = await self.catalogue_of(state.catalogue_version)
        await self.add_missing(catalogue, history.own)
        # A product that was merged into another since the state was read is there no more.
        history = without_others(history, catalogue.exist(history.products), catalogue.exist(history.own))
        if catalogue.has_variants:
            groups = catalogue.group_codes[history.products]
            history = merge_variants(history, groups, newest_trained=model.newest_product_index)
        of_trends = trend_categories(history, catalogue, asked=categories)
        neighbours = await self.neighbours_of(model.model_id, history.products)
        trends = await self.trends_of(model.model_id, of_trends)
        return RankingInputs(
            customer_id=state.customer_id,
            # Without profiling, a list is that of a newcomer, also if the shop assigned a segment.
            segment_inputs=state.segment_inputs if state.profiling else structs.replace(state.segment_inputs, assigned=None),
            history=history,
            model=model,
            catalogue=catalogue,
            neighbours=neighbours,
            category_trends={path: trend for path in of_trends if (trend := trends[path])},
            recent_popularity=await self._repository.recent_popularity() if model is UNTRAINED else WeightedProducts(),
        )

    async def candidates(
        self, inputs: RankingInputs | RelatedInputs, query: CandidateQuery, *, rules: ListRules = NO_RULES
    ) -> Indexes:
        """Return the available products of `query` that pass its filters, ascending, without those that rules hide."""
        catalogue = inputs.catalogue
        newest, missing = self._newest.lookup(self._listed_in, query.categories)
        if missing:
            newest.update(await self._repository.newest_of_categories(missing, n=query.n_newest))
        of_categories = [index for category in query.categories for index in newest[category]]
        of_shop = await self._newest_of_shop(query)
        indexes = union(query.product_indexes, np.array(of_categories, dtype=np.intp), of_shop)
        await self.add_missing(catalogue, indexes)
        admitted = rules.kept(catalogue.admitted(indexes, query.request))
        if n_missing := query.n_missing(admitted, catalogue):
            admitted = union(admitted, await self._newest_kept(catalogue, query.request, n=n_missing, rules=rules))
        return admitted

    async def _newest_kept(self, catalogue: Catalogue, request: ListRequest, *, n: int, rules: ListRules) -> Indexes:
        """Return up to `n` products of which the newest are admitted, without those that rules hide."""
        n_read = n
        while True:
            newest = await self.newest(request, n=n_read)
            await self.add_missing(catalogue, newest)
            fillers = rules.kept(catalogue.admitted(newest, request))[:n]
            if not rules.hides or len(fillers) == n or len(newest) < n_read:
                return fillers
            # Rules hide so many that older products must fill the list.
            n_read *= FILLER_GROWTH

    async def products_of(self, ranked: RankedList, *, limit: int, catalogue_version: int) -> list[Product] | None:
        """Return the first `limit` products of a list as they are in a version of the catalogue or later.

        Return None if one of them is not available any more.
        """
        catalogue = await self.catalogue_of(catalogue_version)
        # Without numpy, which takes longer for ten products than all else.
        indexes = [item.product_index for item in ranked.items[:limit]]
        if max(indexes, default=-1) >= len(catalogue.products) or any(
            catalogue.products[index] is None for index in indexes
        ):
            await self.add_missing(catalogue, np.array(indexes, dtype=np.intp))
        products = [product for index in indexes if (product := catalogue.products[index]) is not None and product.available]
        return products if len(products) == len(indexes) else None

    async def catalogue_of(self, version: int) -> Catalogue:
        """Return the cached catalogue, after it was brought to this version or a later one."""
        if self._catalogue_version < 0:
            self._catalogue_version = self._listed_in = version
        elif self._catalogue_version < version:
            await self._apply_changes()
        if self._catalogue.n_added > MAX_CACHED_PRODUCTS:
            self._catalogue = Catalogue()
        return self._catalogue

    def indexes_of(self, product_ids: Iterable[str]) -> Indexes:
        """Return the indexes of products that lists have read, ascending."""
        indexes = [self._catalogue.index_of(product_id) for product_id in product_ids]
        return np.array(sorted({index for index in indexes if index is not None}), dtype=np.intp)

    def group_of(self, product_id: str) -> Hashable:
        """Return what the variants of a product have in common now: a code, or the id of a product that no list has read."""
        index = self._catalogue.index_of(product_id)
        return product_id if index is None else int(self._catalogue.group_codes[index])

    @property
    def catalogue_version(self) -> int:
        return self._catalogue_version

    def is_current(self, catalogue: Catalogue) -> bool:
        return self._catalogue is catalogue

    async def _apply_changes(self) -> None:
        changes = await self._repository.catalogue_changes(self._catalogue_version)
        # Another request may have applied more of them meanwhile.
        if changes.version <= self._catalogue_version:
            return
        if changes.products is None:
            self._catalogue = Catalogue()
        else:
            is_whole, has = self._whole.is_whole(self._catalogue), self._catalogue.has
            self._catalogue.add([product for product in changes.products if is_whole or has(product.product_index)])
        self._catalogue_version, self._listed_in = changes.version, changes.listed_in

    async def add_missing(self, catalogue: Catalogue, indexes: Indexes) -> None:
        """Read the rows of `indexes` that a catalogue lacks."""
        while missing := catalogue.missing(indexes).tolist():
            version = self._catalogue_version
            found = await self._repository.products(missing)
            for first in range(0, len(found), MAX_ADDED_AT_ONCE):
                if self._catalogue_version != version:
                    # Other requests applied changes meanwhile, which these rows may lack.
                    break
                catalogue.add(found[first : first + MAX_ADDED_AT_ONCE])
                # Thousands of products, those of one long history, would hold up all other requests.
                await asyncio.sleep(0)
            else:
                catalogue.add([], unknown=set(missing) - {product.product_index for product in found})

    async def neighbours_of(self, model_id: str, products: Indexes) -> NeighbourTable:
        """Return a table with the neighbours of `products`: the cached one unless it is full or of another model."""
        if self._neighbours_of_model != model_id or self._neighbours.n_entries > MAX_CACHED_NEIGHBOURS:
            self._neighbours_of_model = model_id
            self._neighbours = NeighbourTable(n_reserved=MAX_CACHED_NEIGHBOURS + MAX_ADDED_NEIGHBOURS)
        table = self._neighbours
        missing: list[int] = table.missing(products).tolist()
        if missing:
            found = await self._repository.neighbours(model_id, missing)
            table.add(found, unknown=set(missing) - {lists.product_index for lists in found})
        return table

    async def trends_of(self, model_id: str, categories: Sequence[str]) -> dict[str, bytes]:
        """Return the popular products of category paths, packed; empty for paths without any, and maybe for others too."""
        cached, missing = self._category_trends.lookup(model_id, categories)
        if missing:
            found = await self._repository.category_trends(model_id, missing)
            cached.update(dict.fromkeys(missing, b"") | found)
        return cached

    async def _newest_of_shop(self, query: CandidateQuery) -> Indexes:
        n = query.n_newest_of_shop
        return (await self.newest(query.request, n=n))[:n] if n else np.empty(0, np.intp)

    async def newest(self, request: ListRequest, *, n: int) -> Indexes:
        """Return at least `n` of the newest available products that pass the filters, or all, newest first.

        Products of `exclude` are among them.
        """
        # One of a few numbers, and without the excluded ones, so that other lists can use them too: whoever excludes ever
        # other products would else fill the cache.
        n = next(size for size in FILLER_SIZES if n + len(request.exclude) <= size)
        request = structs.replace(request, exclude=frozenset())
        key = (request.filters, n)
        # Without filters, only a change of what is available or new matters.
        cached, missing = (
            self._filtered_fillers.lookup(self._catalogue_version, [key])
            if request.is_filtered
            else self._fillers.lookup(self._listed_in, [key])
        )
        if missing:
            catalogue = self._catalogue
            if await self._whole.is_worth_reading(catalogue, request, version=lambda: self._catalogue_version):
                cached[key] = await self._whole.newest(catalogue, request, n=n)
            else:
                cached[key] = np.array(await self._repository.newest_products(request, n=n), dtype=np.intp)
        return cached[key]


_data_of: WeakKeyDictionary[Repository, RankingData] = WeakKeyDictionary()


def ranking_data_of(repository: Repository) -> RankingData:
    """Return the cached data of a repository; one process has one repository, tests have many."""
    if repository not in _data_of:
        # Not the repository itself: a value that refers to its key would keep both for ever.
        _data_of[repository] = RankingData(proxy(repository))
    return _data_of[repository]
