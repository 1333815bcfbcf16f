"""Gram matrices of some products each, looked up in a table of all co-occurrences."""

import numpy as np
import numpy.typing as npt

from domain.training.top_k import SparseMatrix

N_BUSIEST = 500
"""The rows of best-sellers are the longest by far, and nearly every product has some among its candidates: they are never
read, because a co-occurrence with another product is in the row of that product too."""


class GramTable:
    """All co-occurrences of a shop in which customers have few products each."""

    def __init__(self, by_product: SparseMatrix) -> None:
        self._all = by_product.T.tocsr() @ by_product.tocsr()
        lengths = np.diff(self._all.indptr)
        busiest = np.sort(np.argsort(-lengths, kind="stable")[:N_BUSIEST])
        self._rank = np.full(len(lengths), -1, dtype=np.int32)
        self._rank[busiest] = np.arange(len(busiest))
        self._of_busiest = self._all[busiest][:, busiest].toarray()
        self._lengths = lengths
        self._lengths[busiest] = 0

    def grams(self, chosen: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return the (m, n, n) co-occurrences among the products `chosen` (m, n); -1 pads rows."""
        m, n = chosen.shape
        rows, partners, values = self._rows_of(chosen.ravel())
        # A block knows the place of each of its products; others have none.
        distinct, codes = np.unique(chosen, return_inverse=True)
        code_of = np.full(len(self._rank), -1, dtype=np.int32)
        code_of[distinct[distinct >= 0]] = np.flatnonzero(distinct >= 0)
        places = np.full((m, len(distinct)), -1, dtype=np.int32)
        places[np.arange(m)[:, None], codes.reshape(m, n)] = np.arange(n)
        # Most partners are no candidate of any product of the batch.
        code = code_of[partners]
        known = np.flatnonzero(code >= 0)
        rows, values = rows[known], values[known]
        place = places[rows // n, code[known]]
        inside = np.flatnonzero(place >= 0)
        rows, place, values = rows[inside], place[inside], values[inside]
        grams = np.zeros((m, n, n))
        grams[rows // n, rows % n, place] = values
        # Rows of best-sellers are columns of the others, as co-occurrence has no direction.
        grams[rows // n, place, rows % n] = values
        ranks = np.where(chosen >= 0, self._rank[chosen], -1)
        block, one, other = np.nonzero((ranks[:, :, None] >= 0) & (ranks[:, None, :] >= 0))
        grams[block, one, other] = self._of_busiest[ranks[block, one], ranks[block, other]]
        return grams

    def _rows_of(
        self, products: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.int32], npt.NDArray[np.float64]]:
        """Return the entries of the rows of `products`, except best-sellers: the position of the product, column, value."""
        lengths = np.where(products >= 0, self._lengths[products], 0)
        ends = np.cumsum(lengths)
        entries = np.arange(lengths.sum()) + np.repeat(self._all.indptr[products] - (ends - lengths), lengths)
        return np.repeat(np.arange(len(products)), lengths), self._all.indices[entries], self._all.data[entries]
