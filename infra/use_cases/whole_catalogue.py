"""Read the whole catalogue into memory once filters search it often.

An index of the database finds the newest products of a category or a brand. For other filters the database looks at product
after product, at 100,000 products some 100 ms for a value that few have; in memory the same search takes one or two.
"""

import asyncio
from collections.abc import Callable

import numpy as np

from domain.ports.repository import Repository
from domain.ranking.catalogue import Catalogue
from domain.ranking.facets import MAX_ATTRIBUTE_COLUMNS
from domain.ranking.indexes import Indexes
from domain.records.recommendations import ListRequest

MAX_PRODUCTS = 200_000
"""Larger catalogues stay in the database."""
SEARCHES_BEFORE_READING = 8
"""Reading takes as long as about ten searches. A function on AWS Lambda, which answers few requests, seldom begins to."""
CHUNK = 1000
"""Products that are read or searched between other requests."""


class WholeCatalogue:
    """Know whether a catalogue has all products, and search it."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._whole: Catalogue | None = None
        self._is_reading = False
        self._n_searches = 0
        self._searched: set[str] = set()

    def is_whole(self, catalogue: Catalogue) -> bool:
        return self._whole is catalogue

    async def is_worth_reading(self, catalogue: Catalogue, request: ListRequest, *, version: Callable[[], int]) -> bool:
        """Return whether a catalogue has all products; read those that it lacks if the database searched often enough.

        `version` returns the version of the catalogue, and changes when the catalogue does.
        """
        if self._whole is catalogue:
            return True
        has_index = len(request.categories) == 1 or len(request.brands) == 1
        self._n_searches += request.is_filtered and not has_index
        if self._is_reading or self._n_searches < SEARCHES_BEFORE_READING:
            return False
        self._is_reading, self._n_searches = True, 0
        try:
            if await self._read_into(catalogue, version=version):
                self._whole, self._searched = catalogue, set()
        finally:
            self._is_reading = False
        return self._whole is catalogue

    async def newest(self, catalogue: Catalogue, request: ListRequest, *, n: int) -> Indexes:
        """Return the `n` newest available products that pass the filters of `request`, newest first."""
        newest = catalogue.newest()
        names = {name for name, _ in request.attributes} - self._searched
        if names:
            # The first look at an attribute reads it from all products.
            for first in range(0, len(newest), CHUNK):
                catalogue.admitted(newest[first : first + CHUNK], request)
                await asyncio.sleep(0)
            # As many as the catalogue keeps columns of.
            kept: set[str] = self._searched if len(self._searched) <= MAX_ATTRIBUTE_COLUMNS else set()
            self._searched = kept | names
        # A copy: a slice would keep the indexes of the whole catalogue, for each answer that is cached.
        return catalogue.admitted(newest, request)[:n].copy()

    async def _read_into(self, catalogue: Catalogue, *, version: Callable[[], int]) -> bool:
        """Return whether all products were read; they are not if they are too many."""
        after = -1
        while catalogue.n_added <= MAX_PRODUCTS:
            before = version()
            page = await self._repository.products_after(after)
            if version() != before:
                # These rows may lack changes that were applied meanwhile.
                continue
            if not page:
                return True
            indexes = np.array([product.product_index for product in page], dtype=np.intp)
            missing = set(catalogue.missing(indexes).tolist())
            catalogue.add([product for product in page if product.product_index in missing])
            after = page[-1].product_index
            await asyncio.sleep(0)
        return False
