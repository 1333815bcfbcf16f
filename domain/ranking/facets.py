"""Brands, tags and attributes as codes, which filters compare instead of texts."""

from array import array
from collections.abc import Callable, Collection, Sequence

import numpy as np
import numpy.typing as npt

from domain.ranking.indexes import Indexes
from domain.records.attributes import encoded, encoded_as_written
from domain.records.products import Product
from domain.records.recommendations import ListRequest

Values = tuple[str, ...]
MAX_ATTRIBUTE_COLUMNS = 64
"""More names of attributes than shops filter by; requests with many names cannot fill the memory."""

UNKNOWN = -1
"""The code of a product that no filter looked at yet."""


class Facets:
    """The columns of brands, of tags, and of each attribute that a filter named."""

    def __init__(self) -> None:
        self._brands = _Column(_brand_of)
        self._tags = _Column(lambda product: product.tags)
        self._attributes: dict[str, _Column] = {}

    def forget(self, indexes: Sequence[int]) -> None:
        """Forget the values of products that changed."""
        for column in (self._brands, self._tags, *self._attributes.values()):
            column.forget(indexes)

    def admitted(self, indexes: Indexes, request: ListRequest, products: Sequence[Product | None]) -> Indexes:
        """Return those of `indexes`, all of products that were added, that pass the filters by brand, tag and attributes."""
        if request.brands:
            indexes = self._brands.having(request.brands, indexes, products)
        if request.tags:
            indexes = self._tags.having(request.tags, indexes, products)
        for name, texts in request.attributes:
            wanted = {value for text in texts for value in encoded_as_written(text)}
            indexes = self._column_of(name).having(wanted, indexes, products)
        return indexes

    def _column_of(self, name: str) -> "_Column":
        if name not in self._attributes and len(self._attributes) >= MAX_ATTRIBUTE_COLUMNS:
            self._attributes.clear()
        return self._attributes.setdefault(name, _Column(lambda product: _attribute_of(product, name)))


class _Column:
    """Codes by product index, one for each combination of values that a product has.

    A product gets its code when a filter first looks at it: most products are never filtered by most attributes.
    """

    def __init__(self, values_of: Callable[[Product], Values]) -> None:
        self._values_of = values_of
        self._codes = np.empty(0, dtype=np.int32)
        self._code_of: dict[Values, int] = {}
        self._codes_with: dict[str, array[int]] = {}

    def forget(self, indexes: Sequence[int]) -> None:
        if len(self._codes):
            self._codes[[index for index in indexes if index < len(self._codes)]] = UNKNOWN

    def having(self, wanted: Collection[str], indexes: Indexes, products: Sequence[Product | None]) -> Indexes:
        """Return those of `indexes` whose products have any of the values."""
        codes = self._codes_of(indexes, products)
        passing = np.zeros(len(self._code_of), dtype=np.bool_)
        for value in wanted:
            passing[np.asarray(self._codes_with.get(value, ()), dtype=np.intp)] = True
        return indexes[passing[codes]]

    def _codes_of(self, indexes: Indexes, products: Sequence[Product | None]) -> npt.NDArray[np.int32]:
        if len(self._codes) < len(products):
            self._codes = np.append(self._codes, np.full(len(products) - len(self._codes), UNKNOWN, dtype=np.int32))
        for index in indexes[self._codes[indexes] == UNKNOWN].tolist():
            product = products[index]
            self._codes[index] = self._code_of_values(self._values_of(product) if product else ())
        return self._codes[indexes]

    def _code_of_values(self, values: Values) -> int:
        if (code := self._code_of.get(values)) is None:
            code = self._code_of[values] = len(self._code_of)
            for value in values:
                self._codes_with.setdefault(value, array("q")).append(code)
        return code


def _brand_of(product: Product) -> Values:
    return () if product.brand is None else (product.brand,)


def _attribute_of(product: Product, name: str) -> Values:
    value = product.attributes.get(name)
    return () if value is None else (encoded(value),)
