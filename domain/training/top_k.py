"""Rows of sparse matrices: the strongest entries of each."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse


def top_k(columns: npt.NDArray[np.int32], values: npt.NDArray[np.float64], *, n: int) -> npt.NDArray[np.intp]:
    """Choose the positions of the `n` largest positive values, best first, ties to the lower column."""
    positions = np.flatnonzero(values > 0)
    if len(positions) > n:
        # Ties at the edge are kept here and broken by the sort below.
        edge = np.partition(values[positions], -n)[-n]
        positions = positions[values[positions] >= edge]
    return positions[np.lexsort((columns[positions], -values[positions]))[:n]]


def top_k_rows(matrix: Any, *, n: int) -> Any:
    """Keep the `n` largest positive entries of each row of a csr matrix, best first."""
    kept = [
        first + top_k(matrix.indices[first:last], matrix.data[first:last], n=n)
        for first, last in zip(matrix.indptr[:-1].tolist(), matrix.indptr[1:].tolist(), strict=True)
    ]
    return from_rows(kept, matrix.indices, matrix.data, shape=matrix.shape)


def from_rows(
    kept: list[npt.NDArray[np.intp]],
    columns: npt.NDArray[np.int32],
    values: npt.NDArray[np.float64],
    *,
    shape: tuple[int, int],
) -> Any:
    """Make a csr matrix whose rows are the entries at the positions `kept` of `columns` and `values`, in that order."""
    positions = np.concatenate([*kept, np.empty(0, dtype=np.intp)])
    starts = np.cumsum([0, *map(len, kept)])
    return sparse.csr_array((values[positions], columns[positions], starts), shape=shape)
