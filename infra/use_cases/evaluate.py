"""Evaluate: hold out events, recommend with the code that serves, and measure every model on the held-out events."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from domain.errors import ConfigurationError
from domain.evaluation import metrics
from domain.evaluation.baselines import MODELS, ModelName, RankingTask, ranker_of
from domain.evaluation.replay import Replay
from domain.evaluation.splitting import GroundTruth, Split, for_tuning, ground_truth_of, last_days, last_of_each
from domain.ranking.model import TrainedModel
from domain.records.recommendations import Seen
from domain.training.event_log import EventLog
from domain.training.neighbours import combined_neighbours
from domain.training.train import train_model
from domain.training.training_data import TrainingData
from domain.tuning.tune import Trials, default_trials, tune
from infra.progress import Progress

BOOTSTRAP_SEED = 0
TRAINED: frozenset[ModelName] = frozenset({"served", "neighbours", "content"})
"""The models that need a whole training; the others train in their ranker."""


class EvaluationData(Struct, frozen=True, kw_only=True):
    """The train part of a shop and the held-out events."""

    train: TrainingData
    test: EventLog


class EvaluationOptions(Struct, frozen=True, kw_only=True):
    """What to measure."""

    k: int = 20
    seen: Seen = "exclude"
    models: tuple[ModelName, ...] = MODELS
    trials: Trials = "auto"
    seed: int = 0


class EvaluationResult(Struct, frozen=True, kw_only=True):
    """The metrics of one model: means over customers, with 95 % bootstrap intervals."""

    model: ModelName
    recall: float
    recall_interval: tuple[float, float]
    ndcg: float
    ndcg_interval: tuple[float, float]
    hit_rate: float
    mrr: float
    coverage: float
    customers: int
    left_out: int
    train_seconds: float
    ms_per_list: float


class Rankings(Struct, frozen=True, kw_only=True):
    """One model's rankings by customer, and the seconds that they took."""

    by_customer: Mapping[int, Sequence[int]]
    train_seconds: float
    seconds: float


def evaluate(data: EvaluationData, options: EvaluationOptions, *, progress: Progress) -> Iterator[EvaluationResult]:
    """Yield the result of each model; raise ConfigurationError, before computing anything, if nothing can be compared."""
    train = data.train
    ground_truth = ground_truth_of(Split(train=train.log, test=data.test), seen=options.seen)
    _check_comparable(ground_truth)
    began = time.perf_counter()
    trained = _train(train, options, progress=progress)
    train_seconds = time.perf_counter() - began
    available = np.zeros(train.n_products, dtype=np.bool_)
    available[[product.product_index for product in train.products if product.available]] = True
    task = RankingTask(replay=Replay(train, trained), available=available, seen=options.seen, k=options.k)
    for name in options.models:
        rankings = _rank(name, task, ground_truth, progress=progress)
        if name in TRAINED:
            rankings = replace(rankings, train_seconds=train_seconds)
        yield _measure(name, rankings, ground_truth, options, available=available)


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


def _train(data: TrainingData, options: EvaluationOptions, *, progress: Progress) -> TrainedModel:
    trials = default_trials(data.log) if options.trials == "auto" else options.trials
    config = tune(data, trials=trials, seed=options.seed, on_trial=_trials_on(progress, trials))
    return train_model(
        data,
        config=config,
        neighbours=combined_neighbours(data, config.hyperparameters),
        model_id="evaluated",
        trained_at=data.log.newest,
    )


def _trials_on(progress: Progress, trials: int) -> Callable[[int], bool]:
    """Return a callback that shows finished trials and never ends the tuning."""
    progress.begin("Tuning", trials)

    def report(done: int) -> bool:
        progress.reach(done)
        return True

    return report


def _check_comparable(ground_truth: GroundTruth) -> None:
    if not len(ground_truth.customers):
        raise ConfigurationError(
            f"None of {ground_truth.left_out:,} customers with held-out events can be compared: they have no event in the"
            " training part, or have seen everything that is held out (--seen keep counts that as well)."
        )


def _rank(name: ModelName, task: RankingTask, ground_truth: GroundTruth, *, progress: Progress) -> Rankings:
    began = time.perf_counter()
    ranker = ranker_of(name, task)
    trained = time.perf_counter()
    customers: list[int] = ground_truth.customers.tolist()
    progress.begin(f"Ranking by {name}", len(customers))
    rankings: dict[int, Sequence[int]] = {}
    for customer in customers:
        rankings[customer] = ranker(customer)
        progress.reach(len(rankings))
    return Rankings(by_customer=rankings, train_seconds=trained - began, seconds=time.perf_counter() - trained)


def _measure(
    name: ModelName,
    rankings: Rankings,
    ground_truth: GroundTruth,
    options: EvaluationOptions,
    *,
    available: npt.NDArray[np.bool_],
) -> EvaluationResult:
    hits, n_relevant = ground_truth.hits(rankings.by_customer, k=options.k)
    recall, ndcg = metrics.recall_at_k(hits, n_relevant), metrics.ndcg_at_k(hits, n_relevant)
    lists = np.array([index for ranking in rankings.by_customer.values() for index in ranking], dtype=np.int64)
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    return EvaluationResult(
        model=name,
        recall=float(recall.mean()),
        recall_interval=metrics.bootstrap_interval(recall, rng=rng),
        ndcg=float(ndcg.mean()),
        ndcg_interval=metrics.bootstrap_interval(ndcg, rng=rng),
        hit_rate=float(metrics.hit_rate_at_k(hits).mean()),
        mrr=float(metrics.mrr_at_k(hits).mean()),
        coverage=metrics.catalogue_coverage(lists, n_products=int(available.sum())),
        customers=len(ground_truth.customers),
        left_out=ground_truth.left_out,
        train_seconds=rankings.train_seconds,
        ms_per_list=1000 * rankings.seconds / len(rankings.by_customer),
    )
