"""Report what an experiment led to."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from domain.errors import ExperimentNotFound, ExperimentRefused
from domain.evaluation.experiments import add_outcomes, experiment_report, period_of
from domain.ports.repository import Repository
from domain.records.experiment_reports import ArmSums, ExperimentReport
from domain.records.experiments import Experiment, ListedExperiment
from domain.records.periods import Period
from domain.records.rules import ListedRule


async def find_experiment(repository: Repository, experiment_id: str) -> ListedExperiment:
    """Return a stored experiment; raise ExperimentNotFound."""
    for experiment in await repository.stored_experiments():
        if experiment.known_id == experiment_id:
            return experiment
    raise ExperimentNotFound(experiment_id)


async def report_experiment(
    repository: Repository, experiment_id: str, *, now: datetime, attribution_days: int, currency: str
) -> ExperimentReport:
    """Compare the arms of an experiment until now; `currency` is that of the shop, in which the store adds up money.

    Customers are read page by page, between which other requests are served. Raise ExperimentNotFound, or ExperimentRefused
    before the experiment begins.
    """
    experiment = await find_experiment(repository, experiment_id)
    if (period := period_of(experiment, now)) is None:
        raise ExperimentRefused("The experiment has not begun.")
    sums = [ArmSums() for _ in experiment.arms]
    last: str | None = ""
    while last is not None:
        page = await repository.customer_outcomes(period, after=last)
        sums, last = add_outcomes(sums, page.outcomes, experiment), page.last
    return experiment_report(
        experiment,
        sums,
        await repository.placement_totals(period, attribution_days=attribution_days),
        period=period,
        currency=currency,
        warnings=list(_warnings_of_rules(experiment, (await repository.stored_rules()).rules, period)),
    )


def _warnings_of_rules(experiment: Experiment, rules: Sequence[ListedRule], period: Period) -> Iterator[str]:
    """Yield what happened to the rules of arms since the experiment began."""
    by_id = {rule.known_id: rule for rule in rules}
    for rule_id in dict.fromkeys(rule_id for arm in experiment.arms for rule_id in arm.rules):
        if (rule := by_id.get(rule_id)) is None:
            yield f"The rule {rule_id!r} is gone, so no arm has it."
        elif rule.saved_at > period.begins_at:
            is_for_all = " It is live, so all arms have it." if rule.status == "live" else ""
            yield f"The rule {rule_id!r} was changed since the experiment began.{is_for_all}"
