"""The features of the learned ranker: what it knows of each candidate for the customer."""

import numpy as np
import numpy.typing as npt

from domain.ranking.catalogue import Catalogue
from domain.ranking.contributions import SOURCE_INDEX
from domain.ranking.indexes import Indexes, positions_in, union
from domain.ranking.inputs import RankingInputs
from domain.ranking.shapes import SHAPED_SOURCES, TOGETHER, Values
from domain.ranking.signals import Signals
from domain.records.values import DAY

RECENT_DAYS = 7.0
LONG_HISTORY = 1100
"""Popularity counts less the more products a customer knows, down to nothing at this number."""


def feature_values(signals: Signals, products: Indexes, by_source: Values, *, inputs: RankingInputs) -> dict[str, Values]:
    """Return the values in [0, 1] of all FEATURES of `products` (n,); `by_source` has the values of each of SOURCES."""
    values = {source: by_source[SOURCE_INDEX[source]] for source in SHAPED_SOURCES}
    values |= _neighbour_features(signals, products, inputs)
    return values | _product_features(products, inputs, popular=values["popular"])


def _neighbour_features(signals: Signals, products: Indexes, inputs: RankingInputs) -> dict[str, Values]:
    """Return what a sum over the history hides: its largest part, the sum if all products counted alike, the newest part."""
    entries = signals.neighbours.contributions_to(products)
    together = entries.sources < len(TOGETHER)
    positions, causes, amounts = entries.positions[together], entries.causes[together], entries.amounts[together]
    strongest = np.zeros(len(products))
    np.maximum.at(strongest, positions, amounts)
    weights = np.maximum(signals.seeds, np.finfo(np.float64).tiny)
    even = np.bincount(positions, weights=amounts / weights[causes], minlength=len(products)).astype(np.float64)
    newest = np.zeros(len(products))
    if len(inputs.history.positions):
        own = causes == inputs.history.positions[0]
        newest[positions[own]] = amounts[own]
    return {"strongest_neighbour": strongest, "even_neighbours": _scaled(even), "newest_neighbour": _scaled(newest)}


def _product_features(products: Indexes, inputs: RankingInputs, *, popular: Values) -> dict[str, Values]:
    catalogue, history = inputs.catalogue, inputs.history
    past = history.products[history.positions]
    ones = np.ones(len(past))
    recent = 0.5 ** ((history.occurred_at[:1] - history.occurred_at) / (DAY * RECENT_DAYS))
    categories = catalogue.category_codes
    known = max(0.0, 1.0 - np.log1p(len(history.products)) / np.log1p(LONG_HISTORY))
    return {
        "category_share": _shares(categories[products], categories[past], ones),
        "recent_category_share": _shares(categories[products], categories[past], recent),
        "brand_share": _shares(catalogue.brand_codes[products], catalogue.brand_codes[past], ones),
        "price_distance": _price_distance(products, past, catalogue),
        "popular_for_few": popular * known,
    }


def _shares(codes: npt.NDArray[np.int32], past: npt.NDArray[np.int32], weights: Values) -> Values:
    """Return the share of the weights (m,) of the `past` (m,) events that have each of `codes` (n,), 0 for no code."""
    total = weights.sum()
    if not total:
        return np.zeros(len(codes))
    distinct = union(past.astype(np.intp))
    sums = np.bincount(distinct.searchsorted(past), weights=weights, minlength=len(distinct))
    places = positions_in(distinct, codes.astype(np.intp))
    return np.where((places >= 0) & (codes >= 0), sums[places], 0.0) / total


def _price_distance(products: Indexes, past: Indexes, catalogue: Catalogue) -> Values:
    """Return 1 for the usual price of the customer's events (a geometric mean), less the further away; 0 if unknown."""
    paid = catalogue.prices[past]
    paid = paid[paid > 0]
    prices = catalogue.prices[products]
    known = prices > 0
    if not len(paid):
        return np.zeros(len(products))
    distance = np.log(prices, out=np.zeros(len(products)), where=known) - np.log(paid).mean()
    return np.exp(-np.abs(distance)) * known


def _scaled(values: Values) -> Values:
    largest = values.max(initial=0.0)
    return values / largest if largest > 0 else values
