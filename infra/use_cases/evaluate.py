"""Evaluation: hide events, recommend with the code that serves, measure every model on what customers then did."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from msgspec import Struct

from domain.errors import Unusable
from domain.evaluation import metrics
from domain.evaluation.baselines import MODELS, ModelName, hits_of, ranker_of
from domain.evaluation.replay import Rehearsal
from domain.evaluation.splitting import Relevant, Seen, Split, for_tuning, last_days, last_of_each, relevant
from domain.ports import TrainedModel
from domain.records.customers import Segment
from domain.records.products import Product
from domain.training.event_log import EventLog
from domain.training.train import segments_in, size_of, train_model
from domain.tuning.tune import default_trials, tune
from infra.progress import Progress

BOOTSTRAP_SEED = 0


class Shop(Struct, frozen=True, kw_only=True):
    """What an evaluation is made on: events that are shown and held out, the catalogue, and assigned segments."""

    split: Split
    products: list[Product]
    assigned: Mapping[str, Segment]


class Wanted(Struct, frozen=True, kw_only=True):
    """What to measure; `trials` None leaves their number to the size of the data."""

    k: int = 20
    seen: Seen = "drop"
    models: tuple[ModelName, ...] = MODELS
    trials: int | None = None
    seed: int = 0


class Measured(Struct, frozen=True, kw_only=True):
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


def evaluate(shop: Shop, wanted: Wanted, *, progress: Progress) -> Iterator[Measured]:
    """Yield what each model reaches; raise Unusable, before anything is computed, where nothing can be compared."""
    log = shop.split.shown
    to_find = relevant(shop.split, seen=wanted.seen)
    _check(to_find)
    began = time.perf_counter()
    trained = _trained(shop, wanted, progress=progress)
    train_seconds = time.perf_counter() - began
    rehearsal = Rehearsal(log, shop.products, trained, assigned=shop.assigned)
    available = np.zeros(size_of(shop.products), dtype=np.bool_)
    available[[product.product_index for product in shop.products if product.available]] = True
    segments = segments_in(log, assigned=shop.assigned)
    for name in wanted.models:
        began = time.perf_counter()
        ranker = ranker_of(name, rehearsal, log, segments, available=available, seen=wanted.seen, k=wanted.k)
        own_seconds = time.perf_counter() - began
        rankings: dict[int, Sequence[int]] = {}
        progress.begin(f"Ranking by {name}", len(to_find.customers))
        began = time.perf_counter()
        for customer in to_find.customers.tolist():
            rankings[customer] = ranker(customer)
            progress.reach(len(rankings))
        seconds = time.perf_counter() - began
        yield _measured(
            name,
            rankings,
            to_find,
            wanted,
            n_catalogue=int(available.sum()),
            train_seconds=train_seconds if name in {"served", "neighbours", "content"} else own_seconds,
            ms_per_list=1000 * seconds / len(rankings),
        )


def holdout(log: EventLog, *, days: float | None = None, leave_last: bool = False) -> Split:
    """Split a log as asked for, else by days where times are real and at random where not."""
    if days is not None:
        return last_days(log, days)
    if leave_last:
        return last_of_each(log)
    split = for_tuning(log, seed=0)
    if split is None:
        raise Unusable("There are too few events to hold any out: fewer than 30 customers could be compared.")
    return split


def _trained(shop: Shop, wanted: Wanted, *, progress: Progress) -> TrainedModel:
    log = shop.split.shown
    trials = default_trials(log) if wanted.trials is None else wanted.trials
    choice = tune(
        log,
        shop.products,
        assigned=shop.assigned,
        trials=trials,
        seed=wanted.seed,
        on_trial=_reporting(progress, trials),
    )
    return train_model(
        log,
        shop.products,
        assigned=shop.assigned,
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


def _check(to_find: Relevant) -> None:
    if not len(to_find.customers):
        raise Unusable(
            f"None of {to_find.left_out:,} customers with held-out events can be compared: they have no event in the"
            " training part, or have seen everything that is held out (--seen keep counts that as well)."
        )


def _measured(
    name: ModelName,
    rankings: Mapping[int, Sequence[int]],
    to_find: Relevant,
    wanted: Wanted,
    *,
    n_catalogue: int,
    train_seconds: float,
    ms_per_list: float,
) -> Measured:
    hits, n_relevant = hits_of(rankings, to_find, k=wanted.k)
    recall, ndcg = metrics.recall_at_k(hits, n_relevant), metrics.ndcg_at_k(hits, n_relevant)
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    return Measured(
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
        customers=len(to_find.customers),
        left_out=to_find.left_out,
        train_seconds=train_seconds,
        ms_per_list=ms_per_list,
    )
