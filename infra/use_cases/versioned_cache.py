"""A cache of values that hold for one version of their source."""

from collections.abc import Iterable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class VersionedCache(Generic[K, V]):
    """Values that were read under one version of their source.

    There are two generations: when the young one has `max_entries`, it becomes the old one, and the former old one is
    dropped. So about twice `max_entries` are cached at most.
    """

    def __init__(self, max_entries: int) -> None:
        self._max_entries = max_entries
        self._version: int | str = ""
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def lookup(self, version: int | str, keys: Iterable[K]) -> tuple[dict[K, V], list[K]]:
        """Return a dictionary with the cached values of `keys`, and the missing keys. Values added to it are cached."""
        if self._version != version:
            self._version, self._young, self._old = version, {}, {}
        elif len(self._young) >= self._max_entries:
            self._young, self._old = {}, self._young
        young, old = self._young, self._old
        missing: list[K] = []
        for key in keys:
            if key in young:
                continue
            if key in old:
                young[key] = old[key]
            else:
                missing.append(key)
        return young, missing
