"""The parts of a list that can be switched off one by one, to measure what each of them earns."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from scipy import sparse

from domain.ranking.hyperparameters import Hyperparameters
from domain.ranking.model import Model, NeighbourLists, TunedConfig
from domain.ranking.own_scores import weights_by_source, with_weight
from domain.ranking.shapes import SHAPED_SOURCES, rise_of, sources_of
from domain.training.neighbours import NeighbourModels, combine
from domain.training.train import neighbours_only
from domain.training.training_data import TrainingData

LEARNED_SOURCES = frozenset({"bought_together", "viewed_together", "segment_trend", "popular"})
"""The sources that come from train events alone; the others also use the catalogue or what the shop knows today."""

SETTINGS: Mapping[str, bool] = {"seen_again": True, "variety": False, "trial_places": False}
"""The fields of a config that shape a list and are off at 0, and whether what they use comes from train events alone."""


class Part(Struct, frozen=True, kw_only=True):
    """A part of the lists of a model; `without` is the model with that part switched off.

    Lists do not use a part of weight 0. A part of the neighbours is switched off in their lists, which `neighbours` makes
    when it is called. A part that `is_learned` from train events alone cannot know the held-out ones.
    """

    name: str
    weight: float
    without: Model
    neighbours: Callable[[], list[NeighbourLists]] | None = None
    is_learned: bool = False


def weighted_parts(model: Model) -> list[Part]:
    """Return the parts that a weight switches off: sources, own ones too, learned features, and settings of lists."""
    sources = [
        Part(name=source, weight=weight, without=_without_source(model, source), is_learned=source in LEARNED_SOURCES)
        for source, weight in weights_by_source(model.config.source_weights).items()
    ]
    settings = [
        Part(
            name=name,
            weight=getattr(model.config, name),
            without=model.with_config(**{name: 0}),
            is_learned=is_learned,
        )
        for name, is_learned in SETTINGS.items()
    ]
    newest = Part(
        name="newest_share",
        weight=1.0 - model.config.newest_share,
        without=model.with_config(newest_share=1.0),
        is_learned=True,
    )
    return [*sources, *_features(model), *settings, newest]


def _features(model: Model) -> list[Part]:
    """Return the features of the learned ranker that are no sources themselves, those that it uses."""
    config = model.config
    return [
        Part(
            name=shape.feature,
            weight=shape.values[-1],
            without=replace(model, config=_without_feature(config, shape.feature)),
            is_learned=LEARNED_SOURCES.issuperset(sources_of(shape.feature)),
        )
        for shape in config.shapes
        if shape.feature not in SHAPED_SOURCES
    ]


def _without_feature(config: TunedConfig, feature: str) -> TunedConfig:
    """Leave the shape of a feature out; the others of its sources keep their values."""
    shapes = tuple(shape for shape in config.shapes if shape.feature != feature)
    weights = config.source_weights
    for source in sources_of(feature):
        kept = rise_of(source, shapes) / rise_of(source, config.shapes)
        weights = with_weight(weights, source, getattr(weights, source) * kept)
    return replace(config, shapes=shapes, source_weights=weights)


def neighbour_parts(model: Model, learned: NeighbourModels, data: TrainingData) -> list[Part]:
    """Return the neighbour models as parts of the lists of `model`; without one, the others keep their proportions.

    `learned` are the models of `data` that the neighbours of `model` are combined from.
    """
    hyperparameters = model.config.hyperparameters
    # As a copy, the other models are neither changed nor learned again.
    nothing = sparse.csr_array(learned.together.shape)
    switched_off: dict[str, dict[str, Any]] = {
        "co_occurrence": {"together": nothing},
        "regression": {"ridge": nothing},
        "item_transitions": {"learn_transitions": lambda: nothing},
        "factorisation": {"learn_factors": lambda: nothing},
    }

    def neighbours_without(name: str) -> Callable[[], list[NeighbourLists]]:
        def combined() -> list[NeighbourLists]:
            return neighbours_only(combine(replace(learned, **switched_off[name]), hyperparameters), data)

        return combined

    return [
        Part(name=name, weight=share, without=model, neighbours=neighbours_without(name), is_learned=True)
        for name, share in _shares(hyperparameters).items()
    ]


def _shares(hyperparameters: Hyperparameters) -> dict[str, float]:
    """Return the share of each neighbour model in the whole."""
    others = 1.0 - hyperparameters.factor_share
    # Shares of 0.8 and 0.2 would leave a share of -5e-17.
    co_occurrence = round(1.0 - hyperparameters.ridge_share - hyperparameters.succession_share, 9)
    return {
        "co_occurrence": others * co_occurrence,
        "regression": others * hyperparameters.ridge_share,
        "item_transitions": others * hyperparameters.succession_share,
        "factorisation": hyperparameters.factor_share,
    }


def _without_source(model: Model, source: str) -> Model:
    # Popularity and newness keep MIN_EVIDENCE_WEIGHT, which orders products without any other score.
    config = model.config
    weights = {name: with_weight(getattr(config, name), source, 0.0) for name in ("source_weights", "newcomer_weights")}
    return model.with_config(**weights)
