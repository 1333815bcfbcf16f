"""Evaluation: hide events, recommend with the code that serves, measure every model on what customers then did."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from msgspec import Struct

from domain.errors import ConfigurationError
from domain.evaluation import metrics
from domain.evaluation.baselines import MODELS, ModelName, hits_of, ranker_of
from domain.evaluation.replay import Replay
from domain.evaluation.splitting import GroundTruth, Seen, Split, for_tuning, ground_truth_of, last_days, last_of_each
from domain.ports import TrainedModel
from domain.records.customers import Segment
from domain.records.products import Product
from domain.training.event_log import EventLog
from domain.training.train import segments_in, size_of, train_model
from domain.tuning.tune import default_trials, tune
from infra.progress import Progress

BOOTSTRAP_SEED = 0


class EvaluationData(Struct, frozen=True, kw_only=True):
    """What an evaluation is made on: events that are shown and held out, the catalogue, and assigned segments."""

    split: Split
    products: list[Product]
    assigned: Mapping[str, Segment]


class EvaluationOptions(Struct, frozen=True, kw_only=True):
    """What to measure; `trials` None leaves their number to the size of the data."""

    k: int = 20
    seen: Seen = "drop"
    models: tuple[ModelName, ...] = MODELS
    trials: int | None = None
    seed: int = 0


class EvaluationResult(Struct, frozen=True, kw_only=True):
    """How one model did; shares of 1 as means over customers, with 95 % bootstrap intervals."""

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


def evaluate(data: EvaluationData, options: EvaluationOptions, *, progress: Progress) -> Iterator[EvaluationResult]:
    """Yield what each model reaches; raise ConfigurationError, before computing anything, where nothing can be compared."""
    log = data.split.train
    ground_truth = ground_truth_of(data.split, seen=options.seen)
    _check(ground_truth)
    began = time.perf_counter()
    trained = _trained(data, options, progress=progress)
    train_seconds = time.perf_counter() - began
    replay = Replay(log, data.products, trained, assigned=data.assigned)
    available = np.zeros(size_of(data.products), dtype=np.bool_)
    available[[product.product_index for product in data.products if product.available]] = True
    segments = segments_in(log, assigned=data.assigned)
    for name in options.models:
        began = time.perf_counter()
        ranker = ranker_of(name, replay, log, segments, available=available, seen=options.seen, k=options.k)
        own_seconds = time.perf_counter() - began
        rankings: dict[int, Sequence[int]] = {}
        progress.begin(f"Ranking by {name}", len(ground_truth.customers))
        began = time.perf_counter()
        for customer in ground_truth.customers.tolist():
            rankings[customer] = ranker(customer)
            progress.reach(len(rankings))
        seconds = time.perf_counter() - began
        yield _measured(
            name,
            rankings,
            ground_truth,
            options,
            n_catalogue=int(available.sum()),
            train_seconds=train_seconds if name in {"served", "neighbours", "content"} else own_seconds,
            ms_per_list=1000 * seconds / len(rankings),
        )


def split_for_evaluation(log: EventLog, *, days: float | None = None, leave_last: bool = False) -> Split:
    """Split a log as asked for, else by days where times are real and at random where not."""
    if days is not None:
        return last_days(log, days)
    if leave_last:
        return last_of_each(log)
    split = for_tuning(log, seed=0)
    if split is None:
        raise ConfigurationError("There are too few events to hold any out: fewer than 30 customers could be compared.")
    return split


def _trained(data: EvaluationData, options: EvaluationOptions, *, progress: Progress) -> TrainedModel:
    log = data.split.train
    trials = default_trials(log) if options.trials is None else options.trials
    choice = tune(
        log,
        data.products,
        assigned=data.assigned,
        trials=trials,
        seed=options.seed,
        on_trial=_reporting(progress, trials),
    )
    return train_model(
        log,
        data.products,
        assigned=data.assigned,
        model_id="evaluated",
        trained_at=log.newest,
        choice=choice,
    )


def _reporting(progress: Progress, trials: int) -> Callable[[int], bool]:
    """Make what shows the trials on a bar; none ends the tuning."""
    progress.begin("Tuning", trials)

    def tell(done: int) -> bool:
        progress.reach(done)
        return True

    return tell


def _check(ground_truth: GroundTruth) -> None:
    if not len(ground_truth.customers):
        raise ConfigurationError(
            f"None of {ground_truth.left_out:,} customers with held-out events can be compared: they have no event in the"
            " training part, or have seen everything that is held out (--seen keep counts that as well)."
        )


def _measured(
    name: ModelName,
    rankings: Mapping[int, Sequence[int]],
    ground_truth: GroundTruth,
    options: EvaluationOptions,
    *,
    n_catalogue: int,
    train_seconds: float,
    ms_per_list: float,
) -> EvaluationResult:
    hits, n_relevant = hits_of(rankings, ground_truth, k=options.k)
    recall, ndcg = metrics.recall_at_k(hits, n_relevant), metrics.ndcg_at_k(hits, n_relevant)
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    return EvaluationResult(
        model=name,
        recall=float(recall.mean()),
        recall_interval=metrics.bootstrap_interval(recall, rng=rng),
        ndcg=float(ndcg.mean()),
        ndcg_interval=metrics.bootstrap_interval(ndcg, rng=rng),
        hit_rate=float(metrics.hit_rate_at_k(hits).mean()),
        mrr=float(metrics.mrr_at_k(hits).mean()),
        coverage=metrics.catalogue_coverage(
            np.array([index for ranking in rankings.values() for index in ranking], dtype=np.int64), n_products=n_catalogue
        ),
        customers=len(ground_truth.customers),
        left_out=ground_truth.left_out,
        train_seconds=train_seconds,
        ms_per_list=ms_per_list,
    )
