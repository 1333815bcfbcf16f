"""The largest entries of the rows of sparse matrices."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse

SparseMatrix: TypeAlias = Any
"""A matrix of scipy.sparse, usually csr; scipy ships no types."""


def top_k(columns: npt.NDArray[np.int32], values: npt.NDArray[np.float64], *, k: int) -> npt.NDArray[np.intp]:
    """Return the positions of the `k` largest positive values, best first, ties to the lower column."""
    positions = np.flatnonzero(values > 0)
    if len(positions) > k:
        # A partition is linear; ties at its edge stay in and are broken by the sort of the few that remain.
        edge = np.partition(values[positions], -k)[-k]
        positions = positions[values[positions] >= edge]
    return positions[np.lexsort((columns[positions], -values[positions]))[:k]]


def top_k_rows(matrix: SparseMatrix, *, k: int) -> SparseMatrix:
    """Return a csr matrix with the `k` largest positive entries of each row, best first."""
    kept = [
        first + top_k(matrix.indices[first:last], matrix.data[first:last], k=k)
        for first, last in zip(matrix.indptr[:-1].tolist(), matrix.indptr[1:].tolist(), strict=True)
    ]
    return from_rows(kept, matrix.indices, matrix.data, shape=matrix.shape)


def from_rows(
    kept: list[npt.NDArray[np.intp]],
    columns: npt.NDArray[np.int32],
    values: npt.NDArray[np.float64],
    *,
    shape: tuple[int, int],
) -> SparseMatrix:
    """Return a csr matrix whose rows are the entries at the positions `kept` of `columns` and `values`, in that order."""
    positions = np.concatenate([*kept, np.empty(0, dtype=np.intp)])
    starts = np.cumsum([0, *map(len, kept)])
    return sparse.csr_array((values[positions], columns[positions], starts), shape=shape)
