"""Evaluate: hold out events, recommend with the code that serves, and measure every model on the held-out events."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from domain.errors import ConfigurationError
from domain.evaluation.baselines import MODELS, ModelName, RankingTask, ranker_of
from domain.evaluation.measurement import Comparison, CustomerMetrics, EvaluationResult, Rankings, customer_metrics, measure
from domain.evaluation.replay import NO_REPLAYED_RULES, Replay, ReplayedRules
from domain.evaluation.splitting import (
    GroundTruth,
    Split,
    for_tuning,
    ground_truth_of,
    last_days,
    last_of_each,
    newcomers_of,
)
from domain.ranking.model import TunedConfig
from domain.records.recommendations import Seen
from domain.training.event_log import EventLog
from domain.training.train import train_model
from domain.training.training_data import TrainingData
from domain.tuning.tune import Trials, default_trials, tune
from infra.progress import Progress

BASELINES: frozenset[ModelName] = frozenset({"popularity", "recent_popularity", "segment_trend", "item_knn"})
"""The models that train in their ranker; the others need a whole training."""


OnCustomers = Callable[[str, EventLog, CustomerMetrics], None]
"""Receives the name of a model, the train events, which number the customers, and the metrics of each customer."""


class EvaluationData(Struct, frozen=True, kw_only=True):
    """The train part of a shop, the held-out events, and optionally a ranking of one's own to compare, by customer.

    Served lists follow the `rules`.
    """

    train: TrainingData
    test: EventLog
    ranking: Mapping[int, Sequence[int]] = {}
    rules: ReplayedRules = NO_REPLAYED_RULES

    @property
    def split(self) -> Split:
        return Split(train=self.train.log, test=self.test)


class EvaluationOptions(Struct, frozen=True, kw_only=True):
    """What to measure."""

    k: int = 20
    seen: Seen = "few"
    models: tuple[str, ...] = MODELS
    trials: Trials = "auto"
    seed: int = 0


def evaluate(
    data: EvaluationData, options: EvaluationOptions, *, progress: Progress, on_customers: OnCustomers | None = None
) -> Iterator[EvaluationResult]:
    """Yield the result of each model; raise ConfigurationError, before computing anything, if nothing can be compared.

    `on_customers` receives what the result is a mean of, and newcomers apart from it.
    """
    train, ground_truth = data.train, comparable_truth(data, options)
    began = time.perf_counter()
    config = tuned_config(train, options, progress=progress)
    trained = train_model(train, config=config, model_id="evaluated", trained_at=train.log.newest)
    train_seconds = time.perf_counter() - began
    task = RankingTask(
        replay=Replay(train, trained, rules=data.rules), available=train.available, seen=options.seen, k=options.k
    )
    comparison = Comparison(task=task, ground_truth=ground_truth, newcomers=newcomers_of(data.split))
    for name in options.models:
        rankings = _rank(name, comparison, progress=progress)
        if name not in BASELINES:
            rankings = replace(rankings, train_seconds=train_seconds)
        yield _measured(name, rankings, comparison, on_customers=on_customers)
    if data.ranking:
        yield _measured("ranking", _given(data.ranking, comparison), comparison, on_customers=on_customers)


def split_for_evaluation(log: EventLog, *, days: float | None = None, leave_last: bool = False) -> Split:
    """Split a log by `days` or by each customer's newest event; by default as for tuning."""
    if days is not None:
        return last_days(log, days)
    if leave_last:
        return last_of_each(log)
    split = for_tuning(log, seed=0)
    if split is None:
        raise ConfigurationError("There are too few events to hold any out: fewer than 30 customers could be compared.")
    return split


def comparable_truth(data: EvaluationData, options: EvaluationOptions) -> GroundTruth:
    """Return what lists are compared with; raise ConfigurationError if there is nothing."""
    ground_truth = ground_truth_of(data.split, seen=options.seen)
    if not len(ground_truth.customers):
        raise ConfigurationError(
            f"None of {ground_truth.left_out:,} customers with held-out events can be compared: they have no event in the"
            " training part, or have seen everything that is held out (--seen few and include count that as well)."
        )
    return ground_truth


def tuned_config(data: TrainingData, options: EvaluationOptions, *, progress: Progress) -> TunedConfig:
    """Tune on the train part alone."""
    trials = default_trials(len(data.log.products)) if options.trials == "auto" else options.trials
    return tune(data, trials=trials, seed=options.seed, on_trial=_trials_on(progress, trials))


def _trials_on(progress: Progress, trials: int) -> Callable[[int], bool]:
    """Return a callback that shows finished trials and never ends the tuning."""
    progress.begin("Tuning", trials)

    def report(done: int) -> bool:
        progress.reach(done)
        return True

    return report


def _rank(name: str, comparison: Comparison, *, progress: Progress) -> Rankings:
    began = time.perf_counter()
    ranker = ranker_of(name, comparison.task)
    trained = time.perf_counter()
    customers = comparison.customers()
    progress.begin(f"Ranking by {name}", len(customers))
    rankings: dict[int, Sequence[int]] = {}
    for customer in customers:
        rankings[customer] = ranker(customer)
        progress.reach(len(rankings))
    return Rankings(by_customer=rankings, train_seconds=trained - began, seconds=time.perf_counter() - trained)


def _measured(
    name: str, rankings: Rankings, comparison: Comparison, *, on_customers: OnCustomers | None
) -> EvaluationResult:  # fmt: skip
    if on_customers:
        for ground_truth in (comparison.ground_truth, comparison.newcomers):
            own = customer_metrics(rankings, ground_truth, k=comparison.task.k)
            on_customers(name, comparison.task.replay.data.log, own)
    return measure(name, rankings, comparison)


def _given(ranking: Mapping[int, Sequence[int]], comparison: Comparison) -> Rankings:
    """Return a ranking from a file under the rules of the comparison."""
    task = comparison.task
    representatives = task.replay.data.representatives
    by_customer = {
        customer: task.first_allowed(representatives.rank(ranking.get(customer, ())), customer)
        for customer in comparison.customers()
    }
    return Rankings(by_customer=by_customer, train_seconds=0.0, seconds=0.0)
