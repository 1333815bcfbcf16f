"""What readers found before, kept in memory while it cannot have changed."""

from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

from domain.ranking.inputs import NeighbourLists
from domain.records.products import Product

K = TypeVar("K")
V = TypeVar("V")

MAX_CACHED_PRODUCTS = 50_000
MAX_CACHED_LISTS = 20_000


class Versioned(Generic[K, V]):
    """What was read under one version of something, shared by the threads of a process's readers.

    A reader may see an older version than another for a moment: each works on its own. When `max_entries` is
    reached, all but what is asked for from then on goes at the next time, so that at most twice as much is held.
    """

    def __init__(self, max_entries: int) -> None:
        self._max_entries = max_entries
        self._held: tuple[int | str, dict[K, V], dict[K, V]] = ("", {}, {})

    def under(self, version: int | str, keys: Iterable[K]) -> tuple[dict[K, V], list[K]]:
        """Return a dictionary that has all of `keys` that are held, and the others; what is added to it is held."""
        held_version, young, old = self._held
        if held_version != version:
            young, old = {}, {}
        elif len(young) >= self._max_entries:
            young, old = {}, young
        self._held = (version, young, old)
        missing: list[K] = []
        for key in keys:
            if key in young:
                continue
            if key in old:
                young[key] = old[key]
            else:
                missing.append(key)
        return young, missing

    def add(self, version: int | str, found: Mapping[K, V]) -> None:
        """Hold what was found on the way to something else."""
        held, _ = self.under(version, ())
        held.update(found)


class Cache:
    """Products by index and by id, the newest of categories, and what was trained, None where training found nothing."""

    def __init__(self) -> None:
        self.by_index: Versioned[int, Product] = Versioned(MAX_CACHED_PRODUCTS)
        self.by_id: Versioned[str, Product] = Versioned(MAX_CACHED_PRODUCTS)
        self.newest: Versioned[tuple[str, int], list[int]] = Versioned(MAX_CACHED_LISTS)
        self.neighbours: Versioned[int, NeighbourLists | None] = Versioned(MAX_CACHED_LISTS)
        self.category_trends: Versioned[str, bytes | None] = Versioned(MAX_CACHED_LISTS)
