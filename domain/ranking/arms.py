"""What an arm of an experiment makes different in a customer's list: rules, source weights, or popular products only."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from domain.ranking.indexes import union
from domain.ranking.inputs import RankingInputs
from domain.ranking.model import SourceWeights, TunedConfig
from domain.ranking.own_scores import without_own
from domain.ranking.recommend import Shortlist, shortlist
from domain.ranking.rule_book import ListPlace
from domain.ranking.rules import ListRules
from domain.records.experiments import Arm, Experiment, arm_index
from domain.records.recommendations import SOURCES, ListRequest
from domain.records.rules import Rule

N_POPULAR_ONLY = 500
"""Candidates of a list that has popular products only."""
_encode = msgspec.json.Encoder().encode
_NOTHING: dict[str, Any] = dict.fromkeys(SOURCES, 0.0)
_POPULAR_ONLY = replace(SourceWeights(**_NOTHING), popular=1.0)


class ListArm(Struct, frozen=True, kw_only=True):
    """The arm of a list; lists of equal digests are made in the same arm of the same experiment. NO_ARM has neither."""

    arm: Arm
    label: str | None = None
    digest: str = ""


NO_ARM = ListArm(arm=Arm(name="none"))


class LiveExperiments:
    """The live experiments of a shop."""

    def __init__(self, experiments: Sequence[Experiment] = ()) -> None:
        live = [experiment for experiment in experiments if experiment.status == "live"]
        self._arms = [(experiment, _list_arms(experiment)) for experiment in live]

    def arm_of(self, experiment_key: str | None, place: ListPlace, now: datetime) -> ListArm:
        """Return the arm of a list for the customer with a key, who takes part in no experiment without one."""
        for experiment, arms in self._arms:
            if experiment_key is not None and experiment.is_in_force(now) and _is_about(experiment, place):
                return arms[arm_index(experiment, experiment_key)]
        return NO_ARM


def _list_arms(experiment: Experiment) -> list[ListArm]:
    return [
        ListArm(
            arm=arm,
            label=experiment.label_of(arm),
            digest=blake2b(_encode((experiment.known_id, experiment.arms, arm)), digest_size=8).hexdigest(),
        )
        for arm in experiment.arms
    ]


def _is_about(experiment: Experiment, place: ListPlace) -> bool:
    where = experiment.where
    return (not where.placements or place.placement in where.placements) and (not where.kinds or place.kind in where.kinds)


def rules_in(arm: Arm, rules: Sequence[Rule]) -> list[Rule]:
    """Return all rules, those of the arm live."""
    return [replace(rule, status="live") if rule.known_id in arm.rules else rule for rule in rules]


def inputs_in(arm: Arm, inputs: RankingInputs) -> RankingInputs:
    """Return the inputs of a list with the source weights of the arm."""
    if not (arm.weights or arm.popular):
        return inputs
    config = inputs.model.config
    config = _popular_only(config) if arm.popular else _with_weights(config, arm.weights)
    return replace(inputs, model=replace(inputs.model, config=config))


def shortlist_in(arm: Arm, inputs: RankingInputs, *, request: ListRequest, rules: ListRules) -> Shortlist:
    """Choose the products to score, from the inputs of the arm."""
    chosen = shortlist(inputs, request=request, rules=rules)
    if not arm.popular:
        return chosen
    most_popular = chosen.signals.popularity.best_first[:N_POPULAR_ONLY]
    query = replace(chosen.query, product_indexes=union(chosen.query.product_indexes, most_popular))
    return replace(chosen, query=query)


def _with_weights(config: TunedConfig, weights: dict[str, float]) -> TunedConfig:
    return replace(
        config,
        source_weights=_replaced(config.source_weights, weights),
        newcomer_weights=_replaced(config.newcomer_weights, weights),
    )


def _replaced(before: SourceWeights, weights: dict[str, float]) -> SourceWeights:
    known = {source: weight for source, weight in weights.items() if source in SOURCES}
    own = {source: weight for source, weight in weights.items() if source not in SOURCES}
    return replace(before, **known, own=before.own | own)


def _popular_only(config: TunedConfig) -> TunedConfig:
    """Return a config whose lists are the most popular products that the customer may see, in this order."""
    weights = without_own(_POPULAR_ONLY)
    return replace(
        config,
        source_weights=weights,
        newcomer_weights=weights,
        seen_again=0.0,
        newest_share=1.0,
        shapes=(),
        variety=0.0,
        newcomer_variety=0.0,
        trial_places=0,
    )
