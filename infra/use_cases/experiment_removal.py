"""Remove experiments: apart from saving them, which needs the sources of the shop, and with them numpy."""

from datetime import datetime

from domain.ports.repository import Repository
from domain.records.audit import Act
from domain.records.experiments import ExperimentRemoved
from infra.use_cases.audited import noting_failure


async def remove_experiment(repository: Repository, experiment_id: str, *, now: datetime, actor: str) -> ExperimentRemoved:
    """Remove an experiment; raise ExperimentNotFound or ExperimentRefused. The entry is part of the same transaction."""
    async with noting_failure(repository, Act(actor=actor, action="remove-experiment", name=experiment_id)):
        return ExperimentRemoved(previous=await repository.remove_experiment(experiment_id, now=now, actor=actor))
