"""What lists about products are computed from."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from domain.ranking.catalogue import Catalogue
from domain.ranking.indexes import NO_PRODUCTS, Indexes, union
from domain.ranking.inputs import RankingInputs
from domain.ranking.interests import product_weights, weights_by_category
from domain.ranking.model import UNTRAINED, Model, WeightedProducts
from domain.ranking.neighbour_table import N_LISTS, NeighbourTable
from domain.ranking.packed_history import NEVER_BOUGHT
from domain.ranking.trends import Trend, trend_of, unpack_trend
from domain.records.customers import Segment, segment_of
from domain.records.products import category_levels

RelatedKind = Literal["similar", "bought-together"]

N_STAND_INS = 5
"""How many similar products speak for one that nobody bought with others."""
STAND_IN_SHARE = 0.5


class Taste(Struct, frozen=True, kw_only=True):
    """A customer: `left_out` are the products, ascending, that the list may not contain.

    `interests` are in [0, 1] by the code of a category path of the catalogue, which has the rows of `left_out`; `is_named`
    lets reasons name the categories. Rules may depend on the `segment`.
    """

    catalogue: Catalogue
    left_out: Indexes
    interests: npt.NDArray[np.float64]
    is_named: bool
    segment: Segment | None = None


def taste_of(inputs: RankingInputs, *, is_personal: bool) -> Taste:
    """Return what the history of a customer changes in a list about products.

    In a list that is not personal, reasons name nothing of the history, and no purchase is left out: gaps would tell them.
    """
    history, model = inputs.history, inputs.model
    hyperparameters = model.config.hyperparameters
    weights = product_weights(history, half_life_days=hyperparameters.interest_days, hyperparameters=hyperparameters)
    by_category = weights_by_category(inputs.catalogue, history.products, weights)
    return Taste(
        catalogue=inputs.catalogue,
        left_out=history.own[(history.bought_at != NEVER_BOUGHT) & is_personal],
        interests=inputs.catalogue.categories.interests(*by_category),
        is_named=is_personal,
        segment=segment_of(inputs.segment_inputs)[0],
    )


class RelatedInputs(Struct, frozen=True, kw_only=True):
    """The data behind one list.

    `seeds` are product indexes; `complements` are the packed lists of the seeds, and of the `stand_ins` of seeds without
    one: pairs of a product and how much it speaks for its seed. `neighbours` have the lists of the seeds. `category_trends`
    are the popular products of the seeds' categories from their own up, packed. What is `shown` elsewhere is left out.
    """

    kind: RelatedKind
    seeds: Indexes
    model: Model
    catalogue: Catalogue
    neighbours: NeighbourTable
    complements: dict[int, bytes]
    stand_ins: tuple[tuple[int, float], ...]
    category_trends: dict[str, bytes]
    recent_popularity: WeightedProducts
    taste: Taste | None
    shown: Indexes = NO_PRODUCTS

    @property
    def left_out(self) -> Indexes:
        """The products that the list may not contain, ascending."""
        return union(self.seeds, self.shown, self.taste.left_out if self.taste else NO_PRODUCTS)

    @property
    def alike(self) -> Indexes:
        """The products like the seeds by content."""
        entries = self.neighbours.of(self.seeds)
        n_similar = int(entries.sizes.reshape(N_LISTS, -1)[-1].sum())
        return entries.products[len(entries.products) - n_similar :]

    @property
    def trends(self) -> list[Trend]:
        """The popular products to fill a list with, the closest first."""
        popular = self.model.popular if self.model is not UNTRAINED else self.recent_popularity
        return [*(unpack_trend(packed) for packed in self.category_trends.values()), trend_of(popular)]


def trend_paths(seeds: Indexes, catalogue: Catalogue) -> list[str]:
    """Return the categories whose popular products fill a list: those of the seeds, each from its own level up."""
    paths = catalogue.categories.names(catalogue.category_codes[seeds])
    return list(dict.fromkeys(level for path in paths for level in reversed(category_levels(path))))


def stand_ins_of(
    seeds: Indexes,
    catalogue: Catalogue,
    neighbours: NeighbourTable,
    *,
    complements: Mapping[int, bytes],
    category_trends: Mapping[str, bytes],
) -> tuple[tuple[int, float], ...]:
    """Return the products that speak for seeds without complements, with their weights.

    They are the most similar products, or the most popular ones of the category of a seed that has no similar ones yet.
    """
    found: list[tuple[int, float]] = []
    for seed in seeds[[not complements.get(index) for index in seeds.tolist()]].tolist():
        entries = neighbours.of(np.array([seed]))
        similar = slice(len(entries.products) - int(entries.sizes[-1]), None)
        own = list(zip(entries.products[similar].tolist(), entries.weights[similar].tolist(), strict=True))[:N_STAND_INS]
        if not own and (trend := category_trends.get(catalogue.product(seed).category or "")):
            popular = unpack_trend(trend).best_first[:N_STAND_INS].tolist()
            own = [(index, 1.0 / len(popular)) for index in popular if index != seed]
        found += [(index, STAND_IN_SHARE * weight) for index, weight in own]
    return tuple(found)
