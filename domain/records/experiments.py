"""Experiments: customers in arms, whose lists are made in different ways, to compare what the lists lead to."""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime
from hashlib import blake2b
from itertools import accumulate
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from domain.errors import InvalidField, InvalidFields
from domain.records.pages import Label
from domain.records.recommendations import MAX_VALUES
from domain.records.rules import date_faults, members_of
from domain.records.values import ID_PATTERN, Id, Instant, Text

MAX_EXPERIMENTS = 200
"""Experiments of a shop, drafts and ended ones included."""
MIN_ARMS, MAX_ARMS = 2, 5
MAX_ARM_RULES = 20
MAX_SHARE = 100
MAX_WEIGHT = 10.0

# Both are part of each `recommendation_id`, whose length is bounded.
ExperimentId = Annotated[str, Meta(min_length=1, max_length=40, pattern=ID_PATTERN, description="As ids of rules")]
ArmName = Annotated[str, Meta(min_length=1, max_length=32, pattern=ID_PATTERN, description="As ids of rules")]
Share = Annotated[int, Meta(ge=1, le=MAX_SHARE)]
Weight = Annotated[float, Meta(ge=0, le=MAX_WEIGHT)]
ExperimentStatus = Literal["draft", "live", "ended"]
PersonalKind = Literal["for-customer", "buy-again", "recently-viewed"]
"""Lists of one customer, the only ones that have an arm."""


class Arm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An arm: its `share` of the customers, relative to the shares of the others, and what makes its lists different.

    `rules` are in force in this arm beside the live ones, drafts included. `weights` replace source weights of the model, by
    source. `popular` lists have popular products only, whatever the customer did. Without any of them, nothing is different.
    """

    name: ArmName
    share: Share = 1
    rules: Annotated[tuple[Id, ...], Meta(max_length=MAX_ARM_RULES)] = ()
    weights: dict[str, Weight] = {}
    popular: bool = False


class ExperimentPlaces(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The lists of customers that an experiment is about; without any value of a kind, all."""

    placements: Annotated[tuple[Label, ...], Meta(max_length=MAX_VALUES)] = ()
    kinds: Annotated[tuple[PersonalKind, ...], Meta(max_length=MAX_VALUES)] = ()


ALL_LISTS = ExperimentPlaces()


class Experiment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An experiment; the first arm is the control, with which the others are compared.

    A live one is in force from `from` until before `until`. Both delimit the time in which it really was: going live
    sets a missing or past `from`, and ending sets `until`.
    """

    experiment_id: ExperimentId | UnsetType = UNSET
    name: Text
    arms: Annotated[tuple[Arm, ...], Meta(min_length=MIN_ARMS, max_length=MAX_ARMS)]
    where: ExperimentPlaces = ALL_LISTS
    starts_at: Instant | UnsetType = field(default=UNSET, name="from")
    until: Instant | UnsetType = UNSET
    status: ExperimentStatus = "draft"

    @property
    def known_id(self) -> str:
        """The id of an experiment that has one, as every saved one does."""
        return "" if self.experiment_id is UNSET else self.experiment_id

    def label_of(self, arm: Arm) -> str:
        """Return how ids of lists and reports name an arm."""
        return f"{self.known_id}/{arm.name}"

    def check(self, pointer: str = "#") -> None:
        """Raise InvalidFields for all members that do not fit together."""
        if found := [InvalidField(f"{pointer}/{name}", detail) for name, detail in self.faults()]:
            raise InvalidFields(*found)

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield the members that do not fit together, with a message each."""
        names: set[str] = set()
        for index, arm in enumerate(self.arms):
            if arm.name in names:
                yield f"arms/{index}/name", "Expected a name that no arm before has"
            names.add(arm.name)
            if arm.popular and arm.weights:
                yield f"arms/{index}/weights", "Expected either `weights` or `popular`"
        yield from date_faults(self.starts_at, self.until)

    def has_begun(self, now: datetime) -> bool:
        """Return whether the experiment runs or ran."""
        return self.status != "draft" and isinstance(self.starts_at, datetime) and self.starts_at <= now

    def is_in_force(self, now: datetime) -> bool:
        """Return whether a live experiment is between its dates."""
        return self.status == "live" and self.has_begun(now) and (self.until is UNSET or now < self.until)


def arm_index(experiment: Experiment, key: str) -> int:
    """Return the index of the arm of the customer with this key: the same for ever, as it depends on nothing else.

    The hash of the experiment and the key, as a number below 1, falls into the arms as their shares divide [0, 1).
    """
    # Ids have no control characters, so no two pairs are joined to the same text.
    digest = blake2b(f"{experiment.known_id}\0{key}".encode(), digest_size=8).digest()
    bounds = list(accumulate(arm.share for arm in experiment.arms))
    return bisect_right(bounds, int.from_bytes(digest) * bounds[-1] >> 64)


class ListedExperiment(Experiment, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stored experiment with the instant of its last change."""

    saved_at: datetime

    @property
    def experiment(self) -> Experiment:
        return Experiment(**members_of(self, Experiment))


def listed(experiment: Experiment, *, saved_at: datetime) -> ListedExperiment:
    return ListedExperiment(**members_of(experiment, Experiment), saved_at=saved_at)


class ExperimentList(Struct, frozen=True, kw_only=True):
    """All experiments, those that were saved first at the top."""

    experiments: list[ListedExperiment]


class ExperimentSaved(Struct, frozen=True, kw_only=True):
    """A saved experiment, and what was stored under its id `previous`ly.

    Before it begins, to save `previous`, or to remove the experiment where there is none, undoes the change.
    """

    experiment: Experiment
    previous: Experiment | None


class ExperimentRemoved(Struct, frozen=True, kw_only=True):
    """The experiment that was removed; to save it undoes that."""

    previous: Experiment
