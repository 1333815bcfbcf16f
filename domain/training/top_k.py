"""The largest entries of the rows of sparse matrices."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from scipy import sparse

SparseMatrix: TypeAlias = Any
"""A matrix of scipy.sparse, usually csr; scipy ships no types."""

ENTRIES_PER_BLOCK = 1_000_000
"""How many entries are compared at once, which bounds memory and keeps them in the processor's cache."""


class Rows(Struct, frozen=True):
    """Some rows of a csr matrix: their sizes, and their columns and values one after the other."""

    sizes: npt.NDArray[np.intp]
    columns: npt.NDArray[np.int32]
    values: npt.NDArray[np.float64]


def top_k(columns: npt.NDArray[np.int32], values: npt.NDArray[np.float64], *, k: int) -> npt.NDArray[np.intp]:
    """Return the positions of the `k` largest positive values, best first, ties to the lower column."""
    positions = np.flatnonzero(values > 0)
    if len(positions) > k:
        # A partition is linear; ties at its edge stay in and are broken by the sort of the few that remain.
        edge = np.partition(values[positions], -k)[-k]
        positions = positions[values[positions] >= edge]
    return positions[np.lexsort((columns[positions], -values[positions]))[:k]]


def top_k_rows(matrix: SparseMatrix, *, k: int) -> SparseMatrix:
    """Return a csr matrix with the `k` largest positive entries of each row, ties to the lower column; columns ascend."""
    starts, parts = matrix.indptr, list[Rows]()
    for rows in blocks(np.diff(starts), most=ENTRIES_PER_BLOCK):
        entries = slice(starts[rows.start], starts[rows.stop])
        columns, values = matrix.indices[entries], matrix.data[entries]
        sizes, kept = largest(np.diff(starts[rows.start : rows.stop + 1]), columns, values, k=k)
        parts.append(Rows(sizes, columns[kept], values[kept]))
    return stacked(parts, n_columns=matrix.shape[1])


def largest(
    sizes: npt.NDArray[np.intp], columns: npt.NDArray[np.int32], values: npt.NDArray[np.float64], *, k: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return how many entries each row keeps, and the positions of the `k` largest positive values of each row, ascending.

    Rows of `sizes` lie one after the other in `columns` and `values`; ties go to the lower column.
    """
    starts = np.append(0, np.cumsum(sizes))
    edges = np.zeros(len(sizes))
    for row in np.flatnonzero(sizes > k).tolist() if k else ():
        # A partition is linear, and far faster than a sort.
        edges[row] = np.partition(values[starts[row] : starts[row + 1]], sizes[row] - k)[sizes[row] - k]
    kept = np.flatnonzero((values > 0) & (values >= np.repeat(edges, sizes))) if k else np.empty(0, dtype=np.intp)
    firsts = np.searchsorted(kept, starts)
    left_out: list[npt.NDArray[np.intp]] = []
    for row in np.flatnonzero(np.diff(firsts) > k).tolist():
        # Only entries equal to the edge can be too many.
        ties = firsts[row] + np.flatnonzero(values[kept[firsts[row] : firsts[row + 1]]] == edges[row])
        n_too_many = firsts[row + 1] - firsts[row] - k
        left_out.append(ties[np.argsort(columns[kept[ties]])[len(ties) - n_too_many :]])
    if left_out:
        kept = np.delete(kept, np.concatenate(left_out))
    return np.diff(np.searchsorted(kept, starts)), kept


def best_first(matrix: SparseMatrix) -> SparseMatrix:
    """Sort the entries of each row of a csr matrix by value, best first; ties keep their order."""
    positions = np.arange(matrix.nnz)
    for rows in blocks(np.diff(matrix.indptr), most=ENTRIES_PER_BLOCK):
        starts, sizes = matrix.indptr[rows], np.diff(matrix.indptr[rows.start : rows.stop + 1])
        places = np.arange(int(sizes.max()))
        filled = places < sizes[:, None]
        own = np.where(filled, starts[:, None] + places, 0)
        # The padding sorts last.
        order = np.argsort(np.where(filled, -matrix.data[own], np.inf), axis=1, kind="stable") if matrix.nnz else own
        positions[starts[0] : starts[0] + sizes.sum()] = (starts[:, None] + order)[filled]
    return sparse.csr_array((matrix.data[positions], matrix.indices[positions], matrix.indptr), shape=matrix.shape)


def stacked(parts: Sequence[Rows], *, n_columns: int) -> SparseMatrix:
    """Return a csr matrix of the given rows, with ascending columns."""
    sizes = np.concatenate([*(part.sizes for part in parts), np.empty(0, dtype=np.intp)])
    columns = np.concatenate([*(part.columns for part in parts), np.empty(0, dtype=np.int32)])
    values = np.concatenate([*(part.values for part in parts), np.empty(0)])
    starts = np.append(0, np.cumsum(sizes)).astype(np.int64 if len(columns) > np.iinfo(np.int32).max else np.int32)
    matrix = sparse.csr_array((values, columns, starts), shape=(len(sizes), n_columns))
    matrix.sort_indices()
    return matrix


def blocks(work: npt.NDArray[np.int64] | npt.NDArray[np.intp], *, most: int) -> Iterator[slice]:
    """Yield consecutive blocks of rows with at most `most` work each, or of one row."""
    done = np.append(0, np.cumsum(work, dtype=np.int64))
    first = 0
    while first < len(work):
        last = max(first + 1, int(np.searchsorted(done, done[first] + most, side="right")) - 1)
        yield slice(first, last)
        first = last
