"""How alike two products are by what the catalogue says of them; it works for products that no one has touched."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from domain.products import Product, category_levels

N_SIMILAR = 20
LEVELS = 6
WORD_BITS = 256
BLOCK = 512
MOST_COMPARED = 1000
TIE = 1e-9

CATEGORY, WORDS, BRAND, PRICE = 0.4, 0.3, 0.15, 0.15
"""How much each kind of likeness counts; they add to 1."""


class ProductFeatures(Struct, frozen=True, kw_only=True):
    """Products as arrays of the same length n.

    `levels` (n, 6) hashes the category path down to each level, 0 below its end; `depths` counts the levels; `brands` are
    hashes, 0 for none; `log_prices` NaN where unknown; `words` (n, 4) a bag of words of the name hashed to 256 bits.
    """

    levels: npt.NDArray[np.uint64]
    depths: npt.NDArray[np.int64]
    brands: npt.NDArray[np.uint64]
    log_prices: npt.NDArray[np.float32]
    words: npt.NDArray[np.uint64]


def features(products: Sequence[Product]) -> ProductFeatures:
    """Extract the features of `products`, in their order."""
    paths = [_levels(product.category) for product in products]
    prices = np.array([product.price or np.nan for product in products], dtype=np.float64)
    return ProductFeatures(
        levels=np.array(paths, dtype=np.uint64).reshape(len(products), LEVELS),
        depths=np.array([sum(level > 0 for level in path) for path in paths], dtype=np.int64),
        brands=np.array([_hashed(product.brand or "") for product in products], dtype=np.uint64),
        log_prices=np.log(prices).astype(np.float32),
        words=np.array([_bag(_named(product)) for product in products], dtype=np.uint64).reshape(len(products), 4),
    )


def similarity(one: ProductFeatures, other: ProductFeatures) -> npt.NDArray[np.float32]:
    """Compare each product of `one` with each of `other`; return (n, m) values in [0, 1], 1 for the same features.

    0.4 x shared leading category levels / the deeper path, 0.3 x Jaccard of the words of the names, 0.15 for the same
    brand, 0.15 x exp(-|log price ratio|).
    """
    shared = np.zeros((len(one.depths), len(other.depths)), dtype=np.float32)
    for level in range(min(one.depths.max(initial=0), other.depths.max(initial=0))):
        shared += (one.levels[:, None, level] == other.levels[:, level]) & (one.levels[:, None, level] > 0)
    deeper = np.maximum(np.maximum(one.depths[:, None], other.depths), 1).astype(np.float32)
    common = _count(one.words[:, None] & other.words)
    words = np.maximum(_count(one.words)[:, None] + _count(other.words) - common, 1)
    brand = (one.brands[:, None] == other.brands) & (one.brands[:, None] > 0)
    price = np.exp(-np.abs(one.log_prices[:, None] - other.log_prices))
    return CATEGORY * shared / deeper + WORDS * (common / words) + BRAND * brand + PRICE * np.nan_to_num(price, nan=0.0)


def similar_products(products: Sequence[Product]) -> Iterator[tuple[int, list[int], list[float]]]:
    """Yield for each product its index, and the indexes and similarities of the 20 most similar ones, best first.

    Products are compared within their category, or within the lowest upper level that has more than 20. Categories of more
    than 1,000 are compared in parts, sorted so that a brand and a price level stay together. Ties go to the lower index.
    """
    groups: dict[str | None, list[Product]] = {}
    for product in products:
        for path in category_levels(product.category) or [None]:
            groups.setdefault(path, []).append(product)
    wanted: dict[str | None, set[int]] = {}
    for product in products:
        wanted.setdefault(_compared_in(product.category, groups), set()).add(product.product_index)
    for path, indexes in wanted.items():
        group = groups[path]
        if len(group) > MOST_COMPARED:
            group = sorted(group, key=lambda product: (product.brand or "", product.price or 0.0, product.product_index))
        for first in range(0, len(group), MOST_COMPARED):
            yield from _most_similar(group[first : first + MOST_COMPARED], indexes)


def _most_similar(pool: Sequence[Product], wanted: set[int]) -> Iterator[tuple[int, list[int], list[float]]]:
    pool = sorted(pool, key=lambda product: product.product_index)
    indexes = np.array([product.product_index for product in pool])
    pool_features = features(pool)
    chosen = [product for product in pool if product.product_index in wanted]
    for first in range(0, len(chosen), BLOCK):
        block = chosen[first : first + BLOCK]
        alike = similarity(features(block), pool_features)
        rows = np.array([product.product_index for product in block])
        alike[rows[:, None] == indexes] = -1.0
        # The least of differences puts ties in the order of the indexes.
        ordered = alike - np.arange(len(pool)) * TIE
        n = min(N_SIMILAR, len(pool) - 1)
        best = np.argpartition(-ordered, n, axis=1)[:, :n] if n else np.empty((len(block), 0), dtype=np.intp)
        best = np.take_along_axis(best, np.argsort(-np.take_along_axis(ordered, best, axis=1), axis=1), axis=1)
        for row, columns in enumerate(best):
            found = columns[alike[row, columns] > 0]
            yield int(rows[row]), indexes[found].tolist(), alike[row, found].tolist()


def _compared_in(category: str | None, groups: dict[str | None, list[Product]]) -> str | None:
    levels = category_levels(category)
    return next((path for path in reversed(levels) if len(groups[path]) > N_SIMILAR), levels[0] if levels else None)


def _count(bits: npt.NDArray[np.uint64]) -> npt.NDArray[np.float32]:
    return np.bitwise_count(bits).sum(axis=-1, dtype=np.float32)


def _named(product: Product) -> str:
    """Return a product's name, nothing where that is only its id, as for a product that came without one."""
    return "" if product.name == product.product_id else product.name


@lru_cache(maxsize=65_536)
def _hashed(text: str) -> int:
    """Hash text to 64 bits, the same in every process; nothing to 0."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) if text else 0


@lru_cache(maxsize=65_536)
def _levels(category: str | None) -> tuple[int, ...]:
    hashes = [_hashed(path) for path in category_levels(category)[:LEVELS]]
    return tuple(hashes + [0] * (LEVELS - len(hashes)))


@lru_cache(maxsize=65_536)
def _bag(name: str) -> tuple[int, ...]:
    bits = 0
    for word in re.findall(r"\w+", name.casefold()):
        bits |= 1 << _hashed(word) % WORD_BITS
    return tuple(bits >> 64 * part & (2**64 - 1) for part in range(4))
