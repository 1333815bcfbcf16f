"""The features of the learned ranker: what it knows of each candidate for the customer."""

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from domain.ranking.catalogue import Catalogue
from domain.ranking.contributions import SOURCE_INDEX
from domain.ranking.indexes import Indexes
from domain.ranking.inputs import RankingInputs
from domain.ranking.interests import newest_seeds
from domain.ranking.shapes import NEIGHBOUR_FEATURES, SHAPED_SOURCES, TOGETHER, Values
from domain.ranking.signals import Signals
from domain.records.values import DAY

RECENT_DAYS = 7.0
LONG_HISTORY = 1100
"""Popularity counts less the more products a customer knows, down to nothing at this number."""


def feature_values(
    signals: Signals, products: Indexes, by_source: Values, *, inputs: RankingInputs, names: Collection[str]
) -> dict[str, Values]:
    """Return the values, from 0 to about 1, of the features `names` of `products` (n,), and of sources that are features.

    `by_source` has the values of each of SOURCES.
    """
    values = {source: by_source[SOURCE_INDEX[source]] for source in SHAPED_SOURCES}
    if not NEIGHBOUR_FEATURES.isdisjoint(names):
        values |= _neighbour_features(signals, products, inputs)
    past = inputs.history.products[inputs.history.positions]
    catalogue = inputs.catalogue
    for name in names:
        match name:
            case "category_share":
                values[name] = _shares(catalogue.category_codes, products, past, np.ones(len(past)))
            case "recent_category_share":
                age_days = (inputs.history.occurred_at[:1] - inputs.history.occurred_at) / DAY
                values[name] = _shares(catalogue.category_codes, products, past, 0.5 ** (age_days / RECENT_DAYS))
            case "brand_share":
                values[name] = _shares(catalogue.brand_codes, products, past, np.ones(len(past)))
            case "price_distance":
                values[name] = _price_distance(products, past, catalogue)
            case "popular_for_few":
                known = np.log1p(len(inputs.history.products)) / np.log1p(LONG_HISTORY)
                values[name] = values["popular"] * max(0.0, 1.0 - known)
            case _:
                pass
    return values


def _neighbour_features(signals: Signals, products: Indexes, inputs: RankingInputs) -> dict[str, Values]:
    """Return what a sum over the history hides: its largest part, the sum if all products counted alike, the newest part.

    The values do not depend on which other products are scored.
    """
    entries = signals.neighbours.contributions_to(products)
    together = entries.sources < len(TOGETHER)
    positions, causes, amounts = entries.positions[together], entries.causes[together], entries.amounts[together]
    strongest = np.zeros(len(products))
    np.maximum.at(strongest, positions, amounts)
    seeds = np.maximum(signals.seeds, np.finfo(np.float64).tiny)
    alike = amounts * (signals.seeds.mean() / seeds)[causes] if len(causes) else amounts
    even = np.bincount(positions, weights=alike, minlength=len(products)).astype(np.float64)
    is_newest = newest_seeds(inputs.history)
    newest = np.bincount(positions, weights=amounts * is_newest[causes], minlength=len(products)).astype(np.float64)
    most = signals.neighbours.largest_of_seeds(len(TOGETHER))[is_newest].sum()
    return {
        "strongest_neighbour": strongest,
        "even_neighbours": even,
        "newest_neighbour": newest / most if most > 0 else newest,
    }


def _shares(codes: npt.NDArray[np.int32], products: Indexes, past: Indexes, weights: Values) -> Values:
    """Return the share of the weights (m,) of the `past` (m,) events with the code of each product (n,), 0 for no code."""
    if not len(past):
        return np.zeros(len(products))
    # No code is -1, the first place. The table is as long as there are codes, but only the touched pages cost time.
    places, known = codes[products] + 1, codes[past] + 1
    sums = np.zeros(max(int(places.max(initial=0)), int(known.max())) + 1)
    np.add.at(sums, known, weights)
    sums[0] = 0.0
    return sums[places] / weights.sum()


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
