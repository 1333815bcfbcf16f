"""The part of the repository that keeps experiments, and reads what their customers did."""

from collections.abc import Sequence
from datetime import datetime

from domain.records.currencies import Currencies
from domain.records.experiment_reports import OutcomePage
from domain.records.experiments import Experiment, ExperimentSaved, ListedExperiment
from domain.records.periods import Period
from infra.storage.sql import customer_outcomes, experiments
from infra.storage.sql.engine import Engine


class ExperimentTables:
    """The protocol ExperimentStore over tables."""

    engine: Engine
    currencies: Currencies

    async def stored_experiments(self) -> Sequence[ListedExperiment]:
        return await self.engine.look_up(experiments.read)

    async def save_experiment(self, asked: Experiment, *, now: datetime, actor: str) -> ExperimentSaved:
        return await self.engine.write(experiments.save, asked, now=now, actor=actor)

    async def remove_experiment(self, experiment_id: str, *, now: datetime, actor: str) -> Experiment:
        return await self.engine.write(experiments.remove, experiment_id, now=now, actor=actor)

    async def customer_outcomes(self, period: Period, *, after: str = "") -> OutcomePage:
        return await self.engine.look_up(customer_outcomes.page, period, after, self.currencies)
