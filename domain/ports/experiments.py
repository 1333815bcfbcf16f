"""The protocol of storage for experiments, which every repository has."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.records.experiment_reports import OutcomePage
from domain.records.experiments import Experiment, ExperimentSaved, ListedExperiment
from domain.records.periods import Period


class ExperimentStore(Protocol):
    """Read and change experiments, and add up what each customer did in the time of one."""

    async def stored_experiments(self) -> Sequence[ListedExperiment]:
        """Return all experiments, those that were saved first at the top. Each change raises the version of the rules."""
        ...

    async def save_experiment(self, asked: Experiment, *, now: datetime, actor: str) -> ExperimentSaved:
        """Create or replace the experiment of an id, as `domain.records.experiment_changes` allows.

        The same transaction adds the entry of the audit. Raise ExperimentRefused, InvalidField, InvalidFields, or
        TooManyItems for one more than a shop may have.
        """
        ...

    async def remove_experiment(self, experiment_id: str, *, now: datetime, actor: str) -> Experiment:
        """Delete an experiment, and return it; raise ExperimentNotFound, or ExperimentRefused while it runs.

        The same transaction adds the entry of the audit.
        """
        ...

    async def customer_outcomes(self, period: Period, *, after: str = "") -> OutcomePage:
        """Return what each of the next customers `after` one did in a period, without those who did nothing.

        Orders count after the first event of their customer in the period, and without what went back. Customers who object
        to profiling do not count, nor does money in currencies without a rate.
        """
        ...
