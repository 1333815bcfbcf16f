"""Compare products by their catalogue data alone, which also works for products without any event."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from domain.ranking.contributions import NO_CONTRIBUTIONS, SOURCE_INDEX, Contributions
from domain.ranking.indexes import Indexes
from domain.ranking.inputs import RankingInputs
from domain.ranking.model import WordWeights
from domain.ranking.tfidf import WordVectors, cosine, hash_text, vectors
from domain.records.products import Product, category_levels

N_SIMILAR = 20
LEVELS = 6
ROWS_PER_BLOCK = 512
MAX_COMPARED = 1000
TIE = 1e-9

CATEGORY, WORDS, BRAND, PRICE = 0.4, 0.3, 0.15, 0.15
"""Weights of the features; they add to 1."""

N_CONTENT_SEEDS = 10
MIN_SIMILARITY = 0.3


class ProductFeatures(Struct, frozen=True, kw_only=True):
    """Products as arrays of the same length n.

    `levels` (n, 6) hash the category path down to each level, 0 below its end; `depths` count the levels; `brands` are
    hashes, 0 for none; `log_prices` are NaN where unknown; `words` are the names as TF-IDF vectors.
    """

    levels: npt.NDArray[np.uint64]
    depths: npt.NDArray[np.int64]
    brands: npt.NDArray[np.uint64]
    log_prices: npt.NDArray[np.float32]
    words: WordVectors

    def take(self, rows: npt.NDArray[np.intp]) -> "ProductFeatures":
        """Return the features of some of the products."""
        return ProductFeatures(
            levels=self.levels[rows],
            depths=self.depths[rows],
            brands=self.brands[rows],
            log_prices=self.log_prices[rows],
            words=self.words.take(rows),
        )


def features(products: Sequence[Product], words: WordWeights) -> ProductFeatures:
    """Extract the features of `products`, in their order, with the word weights of the model."""
    paths = [_levels(product.category) for product in products]
    levels = np.array(paths, dtype=np.uint64).reshape(len(products), LEVELS)
    prices = np.array([product.comparable_price or np.nan for product in products], dtype=np.float64)
    return ProductFeatures(
        levels=levels,
        depths=np.count_nonzero(levels, axis=1),
        brands=np.array([hash_text(product.brand or "") for product in products], dtype=np.uint64),
        log_prices=np.log(prices).astype(np.float32),
        words=vectors([name_of(product) for product in products], words),
    )


def similarity(one: ProductFeatures, other: ProductFeatures) -> npt.NDArray[np.float32]:
    """Return the similarity of each product of `one` to each of `other`: (n, m) values in [0, 1], 1 for equal features.

    0.4 x shared leading category levels / the deeper path, 0.3 x cosine of the names' TF-IDF vectors, 0.15 for the same
    brand, 0.15 x exp(-|log price ratio|), which is half of it for twice the price.
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

    Each product is compared within its category, or within the lowest upper level of more than 20 products. Categories of
    more than 1,000 are split by brand and price, because cost grows with the square of the size. Ties go to the lower index.
    """
    ordered = sorted(products, key=lambda product: product.product_index)
    indexes = np.array([product.product_index for product in ordered], dtype=np.int64)
    everything = features(ordered, words)
    groups: dict[str | None, list[int]] = {}
    for place, product in enumerate(ordered):
        for path in category_levels(product.category) or [None]:
            groups.setdefault(path, []).append(place)
    positions_by_path: dict[str | None, list[int]] = {}
    for place, product in enumerate(ordered):
        positions_by_path.setdefault(_compared_in(product.category, groups), []).append(place)
    for path, positions in positions_by_path.items():
        for pool in _parts(groups[path], ordered):
            compared = everything.take(pool)
            compared = replace(compared, words=compared.words.shared())
            own = np.flatnonzero(np.isin(pool, positions))
            for first in range(0, len(own), ROWS_PER_BLOCK):
                yield from _most_similar(own[first : first + ROWS_PER_BLOCK], compared, indexes[pool])


def _parts(group: list[int], products: Sequence[Product]) -> Iterator[npt.NDArray[np.intp]]:
    """Split the positions of a category's products into parts of at most MAX_COMPARED, sorted by position."""
    if len(group) > MAX_COMPARED:
        group = sorted(
            group, key=lambda place: (products[place].brand or "", products[place].comparable_price or 0.0, place)
        )
    for first in range(0, len(group), MAX_COMPARED):
        yield np.sort(np.array(group[first : first + MAX_COMPARED], dtype=np.intp))


def _most_similar(
    rows: npt.NDArray[np.intp], pool: ProductFeatures, indexes: npt.NDArray[np.int64]
) -> Iterator[tuple[int, list[int], list[float]]]:
    """Yield the most similar products of each of `rows`, positions in `pool`; `indexes` are its product indexes."""
    similarities = similarity(pool.take(rows), pool)
    similarities[np.arange(len(rows)), rows] = -1.0
    # A tiny penalty by position breaks ties towards the lower index.
    ordered = similarities - np.arange(len(indexes)) * TIE
    n = min(N_SIMILAR, len(indexes) - 1)
    best = np.argpartition(-ordered, n, axis=1)[:, :n] if n else np.empty((len(rows), 0), dtype=np.intp)
    best = np.take_along_axis(best, np.argsort(-np.take_along_axis(ordered, best, axis=1), axis=1), axis=1)
    for row, columns in enumerate(best):
        found = columns[similarities[row, columns] > 0]
        yield int(indexes[rows[row]]), indexes[found].tolist(), similarities[row, found].tolist()


def _compared_in(category: str | None, groups: dict[str | None, list[int]]) -> str | None:
    levels = category_levels(category)
    return next((path for path in reversed(levels) if len(groups[path]) > N_SIMILAR), levels[0] if levels else None)


def name_of(product: Product) -> str:
    """Return the name of a product, or nothing where the name is only its id."""
    return "" if product.name == product.product_id else product.name


@lru_cache(maxsize=65_536)
def _levels(category: str | None) -> tuple[int, ...]:
    hashes = [hash_text(path) for path in category_levels(category)[:LEVELS]]
    return tuple(hashes + [0] * (LEVELS - len(hashes)))


def similar_without_lists(
    candidates: Indexes, inputs: RankingInputs, *, seeds: npt.NDArray[np.float64], weight: float
) -> Contributions:
    """Compare by content the pairs that training did not: seeds without a list, and products newer than the model.

    Training never compared these pairs, so nothing counts twice. `seeds` (n,) are the weights of the products of the
    history. All contributions to a product together are at most `weight`, as those of trained lists are.
    """
    past = inputs.history.products
    strongest = np.argsort(-seeds, kind="stable")[:N_CONTENT_SEEDS]
    is_listed = inputs.neighbours.has_similar(past[strongest])
    is_new = candidates > inputs.model.newest_product_index
    positions = np.flatnonzero(is_new | ~is_listed.all())
    if not len(positions) or not len(strongest):
        return NO_CONTRIBUTIONS
    words = inputs.model.words
    one, other = (
        features([inputs.catalogue.product(index) for index in indexes.tolist()], words)
        for indexes in (past[strongest], candidates[positions])
    )
    similarities = similarity(one, other)
    groups = inputs.catalogue.group_codes
    is_other = groups[candidates[positions]] != groups[past[strongest]][:, None]
    uncompared = (is_new[positions] | ~is_listed[:, None]) & is_other
    rows, columns = np.nonzero(uncompared & (similarities >= MIN_SIMILARITY))
    amounts = seeds[strongest][rows] * similarities[rows, columns]
    largest = np.bincount(columns, weights=amounts).max(initial=1.0)
    return Contributions(
        positions=positions[columns],
        sources=np.full(len(rows), SOURCE_INDEX["similar_product"]),
        causes=strongest[rows],
        amounts=amounts * (weight / largest),
    )
