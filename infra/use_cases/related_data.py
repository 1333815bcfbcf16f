"""The data that lists about products are computed from, cached by process beside those of other lists."""

from collections.abc import Sequence
from weakref import WeakKeyDictionary, proxy

import numpy as np

from domain.ports.lists import SeedState
from domain.ports.repository import Repository
from domain.ranking.indexes import NO_PRODUCTS, Indexes, union
from domain.ranking.model import UNTRAINED, WeightedProducts
from domain.ranking.related_inputs import RelatedInputs, RelatedKind, Taste, stand_ins_of, trend_paths
from infra.use_cases.ranking_data import MAX_CACHED_LISTS, RankingData, ranking_data_of
from infra.use_cases.versioned_cache import VersionedCache


class RelatedData:
    """Collect the inputs of lists about products from a repository and from what was read before."""

    def __init__(self, repository: Repository, ranking_data: RankingData) -> None:
        self._repository = repository
        self._data = ranking_data
        self._complements: VersionedCache[int, bytes] = VersionedCache(MAX_CACHED_LISTS)

    async def inputs(
        self, state: SeedState, *, kind: RelatedKind, taste: Taste | None = None, shown: Indexes = NO_PRODUCTS
    ) -> RelatedInputs:
        """Return the inputs of a list about the products of `state`, without those that were merged into others since."""
        data, model, seeds = self._data, state.shop.model, np.array(state.product_indexes, dtype=np.intp)
        catalogue = taste.catalogue if taste else await data.catalogue_of(state.shop.catalogue_version)
        neighbours = await data.neighbours_of(model.model_id, seeds)
        await data.add_missing(catalogue, union(seeds, neighbours.of(seeds).products) if kind == "similar" else seeds)
        await data.add_missing(catalogue, shown)
        seeds = seeds[catalogue.exist(seeds)]
        paths = trend_paths(seeds, catalogue)
        trends = await data.trends_of(model.model_id, paths)
        complements = await self._complements_of(model.model_id, seeds.tolist())
        stand_ins: tuple[tuple[int, float], ...] = ()
        if kind == "bought-together":
            stand_ins = stand_ins_of(seeds, catalogue, neighbours, complements=complements, category_trends=trends)
            indexes = [index for index, _ in stand_ins]
            complements |= await self._complements_of(model.model_id, indexes)
            await data.add_missing(catalogue, np.array(indexes, dtype=np.intp))
            # Without those that were merged into others since the training.
            stand_ins = tuple(one for one in stand_ins if catalogue.exist(np.array([one[0]]))[0])
        return RelatedInputs(
            kind=kind,
            seeds=seeds,
            model=model,
            catalogue=catalogue,
            neighbours=neighbours,
            complements=complements,
            stand_ins=stand_ins,
            category_trends={path: trends[path] for path in paths if trends[path]},
            recent_popularity=await self._repository.recent_popularity() if model is UNTRAINED else WeightedProducts(),
            taste=taste,
            shown=shown,
        )

    async def _complements_of(self, model_id: str, products: Sequence[int]) -> dict[int, bytes]:
        cached, missing = self._complements.lookup(model_id, products)
        if missing:
            cached.update(dict.fromkeys(missing, b"") | await self._repository.complements(model_id, missing))
        return {index: cached[index] for index in products}


_data_of: WeakKeyDictionary[Repository, RelatedData] = WeakKeyDictionary()


def related_data_of(repository: Repository) -> RelatedData:
    """Return the cached data of a repository, whose catalogue and neighbours are those of all its lists."""
    if repository not in _data_of:
        _data_of[repository] = RelatedData(proxy(repository), ranking_data_of(repository))
    return _data_of[repository]
