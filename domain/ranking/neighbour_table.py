"""The trained neighbours of products in one array, from which those of a whole history are taken at once."""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from domain.ranking.indexes import Indexes
from domain.ranking.model import NeighbourLists
from domain.ranking.packing import NEIGHBOUR

N_LISTS = 3
"""The lists of a product in the order of its entries: bought together, viewed together, similar."""
NOT_ADDED = -1


class Entries(Struct, frozen=True, kw_only=True):
    """The neighbours of m products as arrays (n,): first the first lists of all products, then the second, then the third.

    `sizes` (3 m,) are the lengths of these lists.
    """

    products: Indexes
    weights: npt.NDArray[np.float32]
    sizes: Indexes


class NeighbourTable:
    """Neighbour lists by product index. Rows are added as they are read, and a row never changes.

    `n_products` is above all indexes of neighbours. `n_reserved` entries fit in before the array must grow; their memory is
    taken only when they are added.
    """

    def __init__(self, lists: Sequence[NeighbourLists] = (), *, unknown: Iterable[int] = (), n_reserved: int = 0) -> None:
        self.n_entries = 0
        self.n_products = 0
        # An entry is one number, so that a neighbour is one look: its index and its weight side by side.
        self._entries = np.empty(n_reserved, dtype=np.int64)
        # The place of the first entry of each product, and the ends of its lists. The last row is for all indexes beyond.
        self._firsts = np.full(1, NOT_ADDED)
        self._ends = np.full((1, N_LISTS), NOT_ADDED)
        self.add(lists, unknown=unknown)

    def missing(self, products: Indexes) -> Indexes:
        """Return those of `products` that were not added yet."""
        return products[self._firsts.take(products, mode="clip") == NOT_ADDED]

    def add(self, lists: Sequence[NeighbourLists], *, unknown: Iterable[int] = ()) -> None:
        """Add the lists of products, and empty ones for products without any."""
        indexes = [entry.product_index for entry in lists]
        parts = [part for entry in lists for part in (entry.bought_together, entry.viewed_together, entry.similar_product)]
        indexes.extend(unknown)
        parts += [b""] * (N_LISTS * len(indexes) - len(parts))
        self._reserve(max(indexes, default=-1) + 1)
        added = np.frombuffer(b"".join(parts), dtype=np.int64)
        ends = np.cumsum([0, *map(len, parts)]) // NEIGHBOUR.itemsize + self.n_entries
        self._firsts[indexes] = ends[:-1:N_LISTS]
        self._ends[indexes] = ends[1:].reshape(-1, N_LISTS)
        self.n_entries = int(ends[-1])
        if self.n_entries > len(self._entries):
            self._entries = np.append(self._entries, np.empty(self.n_entries, dtype=np.int64))
        self._entries[self.n_entries - len(added) : self.n_entries] = added
        self.n_products = max(self.n_products, int(added.view(NEIGHBOUR)["product_index"].max(initial=-1)) + 1)

    def has_similar(self, products: Indexes) -> npt.NDArray[np.bool_]:
        """Return which of `products`, all of which were added, have a list of similar products."""
        return self._ends[products, -1] > self._ends[products, -2]

    def of(self, products: Indexes) -> Entries:
        """Return the neighbours of `products`, all of which were added."""
        ends = self._ends[products].T
        firsts = np.concatenate([self._firsts[products], ends[:-1].ravel()])
        sizes = ends.ravel() - firsts
        places = np.repeat(firsts - sizes.cumsum() + sizes, sizes)
        places += np.arange(len(places))
        taken = self._entries[places].view(NEIGHBOUR)
        return Entries(products=taken["product_index"].astype(np.intp), weights=taken["weight"], sizes=sizes)

    def _reserve(self, n: int) -> None:
        """Make room for the indexes below `n`; the rows at least double, so that adding one by one stays cheap."""
        size = len(self._firsts)
        if n >= size:
            n_more = max(n + 1, 2 * size) - size
            self._firsts = np.append(self._firsts, np.full(n_more, NOT_ADDED))
            self._ends = np.append(self._ends, np.full((n_more, N_LISTS), NOT_ADDED), axis=0)
