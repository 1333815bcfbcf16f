"""Save experiments, with an entry in the audit for each attempt."""

from datetime import datetime

from msgspec import UNSET
from msgspec.structs import replace

from domain.ports.repository import Repository
from domain.ranking.own_scores import own_names
from domain.records.audit import Act
from domain.records.experiment_changes import check_weights
from domain.records.experiments import Experiment, ExperimentSaved
from domain.records.recommendations import SOURCES
from infra.storage.ids import new_id
from infra.use_cases.audited import noting_failure


async def save_experiment(repository: Repository, asked: Experiment, *, now: datetime, actor: str) -> ExperimentSaved:
    """Save a checked experiment, under a new id if it has none. The entry is part of the same transaction.

    Raise ExperimentRefused, InvalidField, InvalidFields or TooManyItems.
    """
    check_weights(asked, (*SOURCES, *own_names()))
    if asked.experiment_id is UNSET:
        asked = replace(asked, experiment_id=new_id())
    async with noting_failure(repository, Act(actor=actor, action="save-experiment", name=asked.known_id)):
        return await repository.save_experiment(asked, now=now, actor=actor)
