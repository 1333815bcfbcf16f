"""Category paths as numbers, so that interests in categories are sums over arrays."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from domain.records.products import category_levels, is_in_category

Codes = npt.NDArray[np.int32]
"""Codes of category paths, -1 for no category."""

NO_CATEGORY = -1
"""The code of no category."""

MAX_CACHED = 256


class Column:
    """A value for each code, computed when the path of the code was added; the last value of the array is for -1."""

    def __init__(self, value_of: Callable[[str], float], *, of_none: float) -> None:
        self._value_of = value_of
        self._of_none = of_none
        self._n_known = 0
        self._values = np.full(1, of_none)

    def of(self, paths: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return the values of all paths and, at the end, that of none."""
        if len(paths) >= len(self._values):
            more = np.full(2 * len(paths) + 1 - len(self._values), self._of_none)
            self._values = np.append(self._values, more)
        for code in range(self._n_known, len(paths)):
            self._values[code] = self._value_of(paths[code])
        self._n_known = len(paths)
        return self._values


class CategoryTree:
    """Category paths with a code each, in the order they were added; a path is added after its upper levels.

    Row c of `levels` (n + 1 or more, depth) has the codes of the levels of path c from the top down, -1 beyond its end; row
    c of `shares` the share of the path's depth that each level has, 0 beyond. The last row is for the code -1.
    """

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.levels: Codes = np.full((1, 1), -1, dtype=np.int32)
        self.shares: npt.NDArray[np.float64] = np.zeros((1, 1))
        self._code_of: dict[str, int] = {}
        self._masks: dict[str, Column] = {}
        self._values: dict[int, tuple[Mapping[str, float], Column]] = {}

    def add(self, path: str) -> int:
        """Return the code of a path, a new one if it has none."""
        if (code := self._code_of.get(path)) is not None:
            return code
        *upper, _ = category_levels(path)
        row = [self.add(level) for level in upper]
        code = len(self.paths)
        row.append(code)
        self._reserve(code, depth=len(row))
        self.levels[code, : len(row)] = row
        self.shares[code, : len(row)] = np.arange(1, len(row) + 1) / len(row)
        self.paths.append(path)
        self._code_of[path] = code
        return code

    def names(self, codes: Codes) -> list[str | None]:
        """Return the path of each code, None for -1."""
        return [None if code < 0 else self.paths[code] for code in codes.tolist()]

    def contained_in(self, path: str) -> npt.NDArray[np.bool_]:
        """Return for each code whether it is `path` or below it; the last entry is for -1."""
        if path not in self._masks:
            _make_room(self._masks)
            self._masks[path] = Column(lambda one: is_in_category(one, path), of_none=0.0)
        return self._masks[path].of(self.paths) > 0

    def values(self, by_path: Mapping[str, float]) -> npt.NDArray[np.float64]:
        """Return the value of each code, infinite where `by_path` has none; the last is for -1, whose path is empty.

        The values are cached for the same mapping, which must not change.
        """
        known = self._values.get(id(by_path))
        if known is None or known[0] is not by_path:
            _make_room(self._values)
            column = Column(lambda path: by_path.get(path, np.inf), of_none=by_path.get("", np.inf))
            known = self._values[id(by_path)] = by_path, column
        return known[1].of(self.paths)

    def interests(self, codes: Codes, weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Sum weights (m,) of categories over the levels of each, a level by its share of the depth; scale the largest to 1.

        Return the interest in each path (n,).
        """
        levels, shares = self.levels[codes], self.shares[codes]
        inside = levels >= 0
        sums = np.bincount(levels[inside], weights=(shares * weights[:, None])[inside], minlength=len(self.paths))
        return sums / (sums.max(initial=0.0) or 1.0)

    def strongest(self, codes: Codes, interests: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], Codes]:
        """Return the strongest interest in a level of each category, weighed by its share of the depth, and that level.

        `interests` may lack the last paths. Of equal interests the lower level counts; without any the level is -1.
        """
        # The last place is that of -1, the code of no level.
        by_code = np.zeros(len(self.paths) + 1)
        by_code[: len(interests)] = interests
        levels = self.levels[codes]
        values = by_code[levels] * self.shares[codes]
        deepest = levels.shape[1] - 1 - values[:, ::-1].argmax(axis=1)
        rows = np.arange(len(codes))
        strongest = values[rows, deepest]
        return strongest, np.where(strongest > 0, levels[rows, deepest], np.int32(-1))

    def _reserve(self, code: int, *, depth: int) -> None:
        """Make room for a row and an empty one behind it; arrays double, so that adding paths one by one stays cheap."""
        n_rows, n_levels = self.levels.shape
        if code + 1 < n_rows and depth <= n_levels:
            return
        shape = (max(2 * n_rows, code + 2), max(n_levels, depth))
        levels, shares = np.full(shape, -1, dtype=np.int32), np.zeros(shape)
        levels[:n_rows, :n_levels], shares[:n_rows, :n_levels] = self.levels, self.shares
        self.levels, self.shares = levels, shares


def _make_room(cached: dict[Any, Any]) -> None:
    if len(cached) >= MAX_CACHED:
        cached.clear()
