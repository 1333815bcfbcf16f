"""The catalogue as columns: scoring reads arrays, and only the products that are shown become records again."""

from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from domain.ranking.category_tree import CategoryTree
from domain.ranking.facets import Facets
from domain.ranking.indexes import Indexes, positions_in
from domain.ranking.name_stems import model_name
from domain.records.products import Product, group_of
from domain.records.recommendations import ListRequest

T = TypeVar("T", bound=np.generic)


class Catalogue:
    """Products as columns by product index. Rows are added as they are read, and replaced when products change.

    `category_codes` are those of `categories`, -1 for none; `brand_codes` number the brands within each category, where a
    product without a brand is one of its own; `group_codes` number the groups of variants. `prices` are in the shop's
    currency, NaN where unknown; `created_at` is in microseconds. A row that was not added, or that was added without a
    product, is not `available`. Category and group of a row never change: instead, a new catalogue is begun. `written_in`
    numbers the last writing of each row, so that what was decided about a product is known to hold still; 0 for no row.
    """

    def __init__(self, products: Sequence[Product] = ()) -> None:
        self.products: list[Product | None] = []
        self.categories = CategoryTree()
        self.category_codes = np.empty(0, dtype=np.int32)
        self.brand_codes = np.empty(0, dtype=np.int32)
        self._model_codes = np.empty(0, dtype=np.int32)
        self.group_codes = np.empty(0, dtype=np.int32)
        self.prices = np.empty(0)
        self.created_at = np.empty(0, dtype=np.int64)
        self.available = np.empty(0, dtype=np.bool_)
        self.written_in = np.empty(0, dtype=np.int64)
        self._n_writings = 0
        self._facets = Facets()
        self._newest: Indexes | None = None
        self.n_added = 0
        self.has_variants = False
        self._without_product: set[int] = set()
        self._is_added = np.empty(0, dtype=np.bool_)
        self._index_of: dict[str, int] = {}
        self._brands: dict[Hashable, int] = {}
        self._models: dict[Hashable, int] = {}
        self._groups: dict[Hashable, int] = {}
        self.add(products)

    def missing(self, indexes: Indexes) -> Indexes:
        """Return those of `indexes` that were not added yet."""
        if indexes.max(initial=-1) < len(self._is_added):
            return indexes[~self._is_added[indexes]]
        known = indexes < len(self._is_added)
        known[known] = self._is_added[indexes[known]]
        return indexes[~known]

    def add(self, products: Sequence[Product], *, unknown: Iterable[int] = ()) -> None:
        """Add or replace the rows of `products`, and add empty rows for indexes that no product has."""
        unknown = list(unknown)
        self._n_writings += 1
        self._reserve(max([product.product_index for product in products] + unknown, default=-1) + 1)
        for product in products:
            index = product.product_index
            self.products[index] = product
            self.category_codes[index] = -1 if product.category is None else self.categories.add(product.category)
            self.brand_codes[index] = _number(self._brands, (product.category, product.brand or index))
            self.group_codes[index] = _number(self._groups, group_of(product))
            self.has_variants |= product.variant_of is not None
            price = product.comparable_price
            self.prices[index] = np.nan if price is None else price
            if (self.created_at[index], self.available[index]) != (product.created_at, product.available):
                self._newest = None
            self.created_at[index] = product.created_at
            self.available[index] = product.available
            self._index_of[product.product_id] = index
            self._model_codes[index] = -1
            self.n_added += not self._is_added[index]
            self._is_added[index] = True
            self.written_in[index] = self._n_writings
        self._facets.forget([product.product_index for product in products])
        self._without_product.update(unknown)
        self._without_product.difference_update(product.product_index for product in products)
        self._is_added[unknown] = True
        self.written_in[unknown] = self._n_writings
        self.n_added += len(unknown)

    def has(self, index: int) -> bool:
        """Return whether the row of an index was added."""
        return index < len(self._is_added) and bool(self._is_added[index])

    def exist(self, indexes: Indexes) -> npt.NDArray[np.bool_]:
        """Return which of `indexes`, all added, are of products; that of a product which was merged is of none."""
        gone = self._without_product
        return np.array([index not in gone for index in indexes.tolist()], bool) if gone else np.ones(len(indexes), bool)

    def model_codes(self, indexes: Indexes) -> npt.NDArray[np.int32]:
        """Return the codes of the models within each brand; a product without a model is one of its own."""
        # Only candidates need one, and to find it in the name takes longer than everything else about a product.
        for index in indexes[self._model_codes[indexes] < 0].tolist():
            product = self.product(index)
            model = int(self.brand_codes[index]), model_name(product.name, product.category) or index
            self._model_codes[index] = _number(self._models, model)
        return self._model_codes[indexes]

    def are_variants(self, products: Indexes, of: Indexes) -> npt.NDArray[np.bool_]:
        """Return for each of `products` whether it, or a variant of it, is in `of`, which is ascending."""
        if not self.has_variants:
            return positions_in(of, products) >= 0
        return np.isin(self.group_codes[products], self.group_codes[of])

    def n_groups(self, products: Indexes) -> int:
        """Return how many places distinct products can take in a list: one for each group of variants."""
        return len(np.unique(self.group_codes[products])) if self.has_variants else len(products)

    def index_of(self, product_id: str) -> int | None:
        """Return the index of a product that was added, None for another."""
        return self._index_of.get(product_id)

    def product(self, index: int) -> Product:
        """Return a product that was added; raise KeyError for an index without one."""
        if (product := self.products[index]) is None:
            raise KeyError(index)
        return product

    def newest(self) -> Indexes:
        """Return the available products that were added, newest first, of each group the newest."""
        if self._newest is None:
            available = np.flatnonzero(self.available)
            newest = available[np.lexsort((-available, -self.created_at[available]))]
            if self.has_variants:
                _, first = np.unique(self.group_codes[newest], return_index=True)
                newest = newest[np.sort(first)]
            self._newest = newest
        return self._newest

    def admitted(self, indexes: Indexes, request: ListRequest) -> Indexes:
        """Return those of `indexes` that are available and pass the filters.

        A product without a price in the shop's currency passes no price filter.
        """
        mask = self.available[indexes]
        if request.categories:
            codes = self.category_codes[indexes]
            mask &= np.logical_or.reduce([self.categories.contained_in(path)[codes] for path in sorted(request.categories)])
        if request.min_price is not None:
            mask &= self.prices[indexes] >= request.min_price
        if request.max_price is not None:
            mask &= self.prices[indexes] <= request.max_price
        if request.exclude:
            excluded = [index for one in request.exclude if (index := self.index_of(one)) is not None]
            mask &= ~np.isin(indexes, excluded)
        return self._facets.admitted(indexes[mask], request, self.products)

    def _reserve(self, n: int) -> None:
        """Make room for the indexes below `n`; arrays at least double, so that adding rows one by one stays cheap."""
        size = len(self.products)
        if n <= size:
            return
        n_more = max(n, 2 * size) - size
        self.products += [None] * n_more
        self.category_codes = _longer(self.category_codes, n_more, fill=-1)
        self.brand_codes = _longer(self.brand_codes, n_more, fill=-1)
        self._model_codes = _longer(self._model_codes, n_more, fill=-1)
        self.group_codes = _longer(self.group_codes, n_more, fill=-1)
        self.prices = _longer(self.prices, n_more, fill=np.nan)
        self.created_at = _longer(self.created_at, n_more, fill=0)
        self.available = _longer(self.available, n_more, fill=False)
        self.written_in = _longer(self.written_in, n_more, fill=0)
        self._is_added = _longer(self._is_added, n_more, fill=False)


def _longer(column: npt.NDArray[T], n_more: int, *, fill: float) -> npt.NDArray[T]:
    return np.append(column, np.full(n_more, fill, dtype=column.dtype))


def _number(numbers: dict[Hashable, int], key: Hashable) -> int:
    return numbers.setdefault(key, len(numbers))
