"""The rules and the live experiments of a shop, cached by process: what is cached costs no statement."""

from collections.abc import Sequence
from datetime import datetime
from weakref import WeakKeyDictionary, proxy

import numpy as np

from domain.ports.repository import Repository
from domain.ports.rules import StoredRules
from domain.ranking.arms import NO_ARM, ListArm, LiveExperiments, rules_in
from domain.ranking.catalogue import Catalogue
from domain.ranking.packed_history import CustomerState
from domain.ranking.rule_book import ListPlace, RuleBook
from domain.ranking.rule_targets import RuleTargets
from domain.ranking.rules import NO_RULES, ListRules, list_rules
from domain.records.customers import segment_of
from domain.records.experiments import Experiment
from domain.records.recommendations import Kind, ListRequest
from infra.use_cases.ranking_data import RankingData, ranking_data_of

MAX_CACHED_RULES = 256
"""Lists, by place, whose rules are kept ready."""


class DecidedRules:
    """The rules of one book for lists of a repository's catalogue: their targets are decided once for each product."""

    def __init__(self, book: RuleBook, repository: Repository, data: RankingData) -> None:
        self.book = book
        self._repository = repository
        self._data = data
        self._targets: RuleTargets | None = None
        self._catalogue_version = -1
        self._lists: dict[tuple[int, ...], ListRules] = {}

    async def of(self, place: ListPlace, *, catalogue: Catalogue, now: datetime) -> ListRules:
        """Return the rules that apply to a list of products of `catalogue`."""
        applying = self.book.applying(place, now)
        if not applying.positions:
            return NO_RULES
        targets = await self._targets_in(catalogue, now)
        if (found := self._lists.get(applying.positions)) is None:
            if len(self._lists) >= MAX_CACHED_RULES:
                self._lists.clear()
            found = self._lists[applying.positions] = list_rules(self.book, place, targets, now=now)
        return found

    async def _targets_in(self, catalogue: Catalogue, now: datetime) -> RuleTargets:
        """Return the targets in a catalogue, anew if ids name other products, or if ages count from another day."""
        version, targets, day = self._data.catalogue_version, self._targets, self.book.day(now)
        is_other = targets is None or targets.catalogue is not catalogue or targets.day != day
        if targets is not None and not is_other and version == self._catalogue_version:
            return targets
        indexes = await self._repository.product_indexes(self.book.product_ids)
        await self._data.add_missing(catalogue, np.array(sorted(set(indexes.values())), dtype=np.intp))
        if targets is None or is_other or targets.indexes != indexes:
            targets = RuleTargets(self.book.rules, catalogue, indexes, day=day)
            self._lists.clear()
        self._targets, self._catalogue_version = targets, version
        return targets


class ShopDecisions:
    """What a shop decided about its lists, as of one version: its rules, and its live experiments."""

    def __init__(
        self, stored: StoredRules, experiments: Sequence[Experiment], repository: Repository, data: RankingData
    ) -> None:
        self.version = stored.version
        self.experiments = LiveExperiments(experiments)
        self._stored = stored.rules
        self._repository = repository
        self._data = data
        self._decided: dict[str, DecidedRules] = {}

    def rules_in(self, arm: ListArm) -> DecidedRules:
        """Return the rules of lists in an arm."""
        key = arm.digest if arm.arm.rules else ""
        if key not in self._decided:
            book = RuleBook(rules_in(arm.arm, self._stored), version=self.version)
            self._decided[key] = DecidedRules(book, self._repository, self._data)
        return self._decided[key]


class RuleData:
    """The rules and experiments of a repository as of the version that lists learn with what they depend on."""

    def __init__(self, repository: Repository, data: RankingData) -> None:
        self._repository = repository
        self._data = data
        self._decisions = ShopDecisions(StoredRules(version=0, rules=()), (), repository, data)

    async def arm_of(self, version: int, experiment_key: str | None, place: ListPlace, *, now: datetime) -> ListArm:
        """Return the arm of a customer's list; a shop that never had a rule or an experiment has version 0."""
        if not version:
            return NO_ARM
        return (await self._decisions_of(version)).experiments.arm_of(experiment_key, place, now)

    async def of_customer(
        self, state: CustomerState, place: ListPlace, *, catalogue: Catalogue, now: datetime
    ) -> tuple[ListArm, ListRules]:
        """Return the arm of a customer's list, and the rules that apply to it."""
        arm = await self.arm_of(state.rules_version, state.experiment_key, place, now=now)
        return arm, await self.of(state.rules_version, place, catalogue=catalogue, arm=arm, now=now)

    async def of(
        self, version: int, place: ListPlace, *, catalogue: Catalogue, arm: ListArm = NO_ARM, now: datetime
    ) -> ListRules:
        """Return the rules of a `version`, or of a later one, that apply to a list."""
        if not version:
            return NO_RULES
        decided = (await self._decisions_of(version)).rules_in(arm)
        return await decided.of(place, catalogue=catalogue, now=now)

    async def digest(self, version: int, place: ListPlace, *, arm: ListArm = NO_ARM, now: datetime) -> str:
        """Return the digest of the rules that apply to a list, "" without any."""
        if not version:
            return ""
        return (await self._decisions_of(version)).rules_in(arm).book.digest(place, now)

    async def _decisions_of(self, version: int) -> ShopDecisions:
        decisions = self._decisions
        if decisions.version != version:
            stored = await self._repository.stored_rules()
            # Saved later than the rules, at worst: the next version then comes with the next list.
            experiments = await self._repository.stored_experiments()
            decisions = ShopDecisions(stored, experiments, self._repository, self._data)
            self._decisions = decisions
        return decisions


def place_of(kind: Kind, state: CustomerState, request: ListRequest) -> ListPlace:
    """Return what the rules of a customer's list depend on."""
    return ListPlace(kind=kind, placement=request.placement, segment=segment_of(state.segment_inputs)[0])


_data_of: WeakKeyDictionary[Repository, RuleData] = WeakKeyDictionary()


def rule_data_of(repository: Repository) -> RuleData:
    """Return the cached rules of a repository."""
    if repository not in _data_of:
        _data_of[repository] = RuleData(proxy(repository), ranking_data_of(repository))
    return _data_of[repository]
