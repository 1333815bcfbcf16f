"""How alike two products are by what the catalogue says of them; it works for products that no one has touched."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from domain.ranking.hashing import hashed
from domain.ranking.model import WordWeights
from domain.ranking.tfidf import WordVectors, cosine, vectors
from domain.records.products import Product, category_levels

N_SIMILAR = 20
LEVELS = 6
ROWS_PER_BLOCK = 512
MAX_COMPARED = 1000
TIE = 1e-9

CATEGORY, WORDS, BRAND, PRICE = 0.4, 0.3, 0.15, 0.15
"""How much each kind of likeness counts; they add to 1."""


class ProductFeatures(Struct, frozen=True, kw_only=True):
    """Products as arrays of the same length n.

    `levels` (n, 6) hashes the category path down to each level, 0 below its end; `depths` counts the levels; `brands` are
    hashes, 0 for none; `log_prices` NaN where unknown; `words` are the names as TF-IDF vectors.
    """

    levels: npt.NDArray[np.uint64]
    depths: npt.NDArray[np.int64]
    brands: npt.NDArray[np.uint64]
    log_prices: npt.NDArray[np.float32]
    words: WordVectors

    def take(self, rows: npt.NDArray[np.intp]) -> "ProductFeatures":
        """Choose some of the products."""
        return ProductFeatures(
            levels=self.levels[rows],
            depths=self.depths[rows],
            brands=self.brands[rows],
            log_prices=self.log_prices[rows],
            words=self.words.take(rows),
        )


def features(products: Sequence[Product], words: WordWeights) -> ProductFeatures:
    """Extract the features of `products`, in their order; `words` says how much each word tells."""
    paths = [_levels(product.category) for product in products]
    levels = np.array(paths, dtype=np.uint64).reshape(len(products), LEVELS)
    prices = np.array([product.price or np.nan for product in products], dtype=np.float64)
    return ProductFeatures(
        levels=levels,
        depths=np.count_nonzero(levels, axis=1),
        brands=np.array([hashed(product.brand or "") for product in products], dtype=np.uint64),
        log_prices=np.log(prices).astype(np.float32),
        words=vectors([name_of(product) for product in products], words),
    )


def similarity(one: ProductFeatures, other: ProductFeatures) -> npt.NDArray[np.float32]:
    """Compare each product of `one` with each of `other`; return (n, m) values in [0, 1], 1 for the same features.

    0.4 x shared leading category levels / the deeper path, 0.3 x cosine of the names' TF-IDF vectors, 0.15 for the same
    brand, 0.15 x exp(-|log price ratio|): half for twice the price, a band of prices with soft edges.
    """
    shared = np.zeros((len(one.depths), len(other.depths)), dtype=np.float32)
    for level in range(min(one.depths.max(initial=0), other.depths.max(initial=0))):
        shared += (one.levels[:, None, level] == other.levels[:, level]) & (one.levels[:, None, level] > 0)
    deeper = np.maximum(np.maximum(one.depths[:, None], other.depths), 1).astype(np.float32)
    brand = (one.brands[:, None] == other.brands) & (one.brands[:, None] > 0)
    price = np.exp(-np.abs(one.log_prices[:, None] - other.log_prices))
    words = cosine(one.words, other.words)
    return CATEGORY * shared / deeper + WORDS * words + BRAND * brand + PRICE * np.nan_to_num(price, nan=0.0)


def similar_products(products: Sequence[Product], words: WordWeights) -> Iterator[tuple[int, list[int], list[float]]]:
    """Yield for each product its index, and the indexes and similarities of the 20 most similar ones, best first.

    Products are compared within their category, or within the lowest upper level that has more than 20. Categories of more
    than 1,000 are compared in parts, sorted so that a brand and a price level stay together. Ties go to the lower index.
    """
    ordered = sorted(products, key=lambda product: product.product_index)
    indexes = np.array([product.product_index for product in ordered], dtype=np.int64)
    everything = features(ordered, words)
    groups: dict[str | None, list[int]] = {}
    for place, product in enumerate(ordered):
        for path in category_levels(product.category) or [None]:
            groups.setdefault(path, []).append(place)
    wanted: dict[str | None, list[int]] = {}
    for place, product in enumerate(ordered):
        wanted.setdefault(_compared_in(product.category, groups), []).append(place)
    for path, asking in wanted.items():
        for pool in _parts(groups[path], ordered):
            compared = everything.take(pool)
            compared = replace(compared, words=compared.words.shared())
            own = np.flatnonzero(np.isin(pool, asking))
            for first in range(0, len(own), ROWS_PER_BLOCK):
                yield from _most_similar(own[first : first + ROWS_PER_BLOCK], compared, indexes[pool])


def _parts(group: list[int], products: Sequence[Product]) -> Iterator[npt.NDArray[np.intp]]:
    """Part the places of a category's products, each part in the order of `products`."""
    if len(group) > MAX_COMPARED:
        group = sorted(group, key=lambda place: (products[place].brand or "", products[place].price or 0.0, place))
    for first in range(0, len(group), MAX_COMPARED):
        yield np.sort(np.array(group[first : first + MAX_COMPARED], dtype=np.intp))


def _most_similar(
    rows: npt.NDArray[np.intp], pool: ProductFeatures, indexes: npt.NDArray[np.int64]
) -> Iterator[tuple[int, list[int], list[float]]]:
    """Yield for each of `rows`, places in `pool`, the most similar products of it; `indexes` are their product indexes."""
    alike = similarity(pool.take(rows), pool)
    alike[np.arange(len(rows)), rows] = -1.0
    # The least of differences puts ties in the order of the indexes.
    ordered = alike - np.arange(len(indexes)) * TIE
    n = min(N_SIMILAR, len(indexes) - 1)
    best = np.argpartition(-ordered, n, axis=1)[:, :n] if n else np.empty((len(rows), 0), dtype=np.intp)
    best = np.take_along_axis(best, np.argsort(-np.take_along_axis(ordered, best, axis=1), axis=1), axis=1)
    for row, columns in enumerate(best):
        found = columns[alike[row, columns] > 0]
        yield int(indexes[rows[row]]), indexes[found].tolist(), alike[row, found].tolist()


def _compared_in(category: str | None, groups: dict[str | None, list[int]]) -> str | None:
    levels = category_levels(category)
    return next((path for path in reversed(levels) if len(groups[path]) > N_SIMILAR), levels[0] if levels else None)


def name_of(product: Product) -> str:
    """Return a product's name, nothing where that is only its id, as for a product that came without one."""
    return "" if product.name == product.product_id else product.name


@lru_cache(maxsize=65_536)
def _levels(category: str | None) -> tuple[int, ...]:
    hashes = [hashed(path) for path in category_levels(category)[:LEVELS]]
    return tuple(hashes + [0] * (LEVELS - len(hashes)))
