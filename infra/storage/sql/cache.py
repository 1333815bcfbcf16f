"""Cached results of reads, each valid for one version of its source."""

from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

from domain.ranking.model import NeighbourLists
from domain.records.products import Product

K = TypeVar("K")
V = TypeVar("V")

MAX_CACHED_PRODUCTS = 50_000
MAX_CACHED_LISTS = 20_000


class VersionedCache(Generic[K, V]):
    """Values that were read under one version of their source; the reader threads of a process share the cache.

    Threads may see different versions for a moment; each then works on its own dictionary. There are two generations: when
    the young one has `max_entries`, it becomes the old one, and the former old one is dropped. So about twice `max_entries`
    are cached at most.
    """

    def __init__(self, max_entries: int) -> None:
        self._max_entries = max_entries
        # One tuple, because a single assignment is atomic between threads.
        self._generations: tuple[int | str, dict[K, V], dict[K, V]] = ("", {}, {})

    def lookup(self, version: int | str, keys: Iterable[K]) -> tuple[dict[K, V], list[K]]:
        """Return a dictionary with the cached values of `keys`, and the missing keys. Values added to it are cached."""
        cached_version, young, old = self._generations
        if cached_version != version:
            young, old = {}, {}
        elif len(young) >= self._max_entries:
            young, old = {}, young
        self._generations = (version, young, old)
        missing: list[K] = []
        for key in keys:
            if key in young:
                continue
            if key in old:
                young[key] = old[key]
            else:
                missing.append(key)
        return young, missing

    def add(self, version: int | str, values: Mapping[K, V]) -> None:
        cached, _ = self.lookup(version, ())
        cached.update(values)


class Cache:
    """Products by index and by id, the newest products of categories, and trained lists, None where training has none."""

    def __init__(self) -> None:
        self.by_index: VersionedCache[int, Product] = VersionedCache(MAX_CACHED_PRODUCTS)
        self.by_id: VersionedCache[str, Product] = VersionedCache(MAX_CACHED_PRODUCTS)
        self.newest: VersionedCache[tuple[str, int], list[int]] = VersionedCache(MAX_CACHED_LISTS)
        self.neighbours: VersionedCache[int, NeighbourLists | None] = VersionedCache(MAX_CACHED_LISTS)
        self.category_trends: VersionedCache[str, bytes | None] = VersionedCache(MAX_CACHED_LISTS)
