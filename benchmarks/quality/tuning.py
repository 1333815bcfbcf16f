"""Choose settings on part of the training data, and measure the model on the test data."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.quality.ranking_task import RankingTask
from benchmarks.quality.rivals import Rankings, Rival, Settings
from domain.evaluation import metrics


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of a table; intervals are 95 % bootstrap intervals."""

    model: str
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
    settings: str = ""


def choose_settings(rival: Rival, task: RankingTask, *, k: int, progress: Callable[[str], None]) -> Settings:
    """Return the settings with the best NDCG on a validation task; the first of equals."""
    best: Settings = {}
    best_ndcg = -1.0
    for choices in rival.rounds:
        before = best
        for choice in choices:
            settings = before | choice
            ndcg = _ndcg(task, rival.rank(task, k=k, **settings))
            progress(f"{rival.name}, {describe(settings)}: {ndcg:.4f} in validation")
            if ndcg > best_ndcg:
                best, best_ndcg = settings, ndcg
    return best


def measure(rival: Rival, settings: Settings, task: RankingTask, *, k: int, n_catalogue: int) -> Row:
    """Train on all training data and measure on the test data; each customer's figures are means over the seeds."""
    runs = [rival.rank(task, k=k, **settings | seed) for seed in rival.seeds]
    hits_per_run = [task.hits(run.lists) for run in runs]
    recall = np.mean([metrics.recall_at_k(hits, task.n_relevant) for hits in hits_per_run], axis=0)
    ndcg = np.mean([metrics.ndcg_at_k(hits, task.n_relevant) for hits in hits_per_run], axis=0)
    return Row(
        model=rival.name,
        recall=float(recall.mean()),
        recall_interval=metrics.bootstrap_interval(recall, rng=np.random.default_rng(0)),
        ndcg=float(ndcg.mean()),
        ndcg_interval=metrics.bootstrap_interval(ndcg, rng=np.random.default_rng(0)),
        hit_rate=float(np.mean([metrics.hit_rate_at_k(hits) for hits in hits_per_run])),
        mrr=float(np.mean([metrics.mrr_at_k(hits) for hits in hits_per_run])),
        coverage=float(np.mean([metrics.catalogue_coverage(run.lists, n_products=n_catalogue) for run in runs])),
        customers=len(task.customers),
        left_out=task.n_left_out,
        train_seconds=float(np.mean([run.train_seconds for run in runs])),
        ms_per_list=float(np.mean([run.list_seconds for run in runs])) / len(task.customers) * 1000,
        settings=describe(settings),
    )


def describe(settings: dict[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in settings.items() if name != "days")


def _ndcg(task: RankingTask, rankings: Rankings) -> float:
    return float(metrics.ndcg_at_k(task.hits(rankings.lists), task.n_relevant).mean())
