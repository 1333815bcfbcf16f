"""Choose settings on part of the training data, and measure the model on the test data."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.quality.ranking_task import RankingTask
from benchmarks.quality.rankings import Rankings
from benchmarks.quality.results import Row
from benchmarks.quality.rivals import Rival, Settings
from domain.evaluation import metrics


def choose_settings(rival: Rival, task: RankingTask, *, k: int, progress: Callable[[str], None]) -> Settings:
    """Return the settings with the best NDCG on a validation task; the first of equals."""
    best: Settings = {}
    best_ndcg = -1.0
    if len(rival.rounds) == len(rival.rounds[0]) == 1:
        return rival.rounds[0][0]
    for choices in rival.rounds:
        before = best
        for choice in choices:
            settings = before | choice
            ndcg = float(measures(task, rival.rank(task, k=k, **settings))["ndcg"].mean())
            progress(f"{rival.name}, {describe(settings)}: {ndcg:.4f} in validation")
            if ndcg > best_ndcg:
                best, best_ndcg = settings, ndcg
    return best


def measure(rival: Rival, settings: Settings, task: RankingTask, *, k: int, n_catalogue: int) -> Row:
    """Train on all training data and measure on the test data; each customer's measures are means over the seeds."""
    runs = [rival.rank(task, k=k, **settings | seed) for seed in rival.seeds]
    of_runs = [measures(task, run) for run in runs]
    seeds = [f"mean of {len(runs)} seeds, tuned with the first"] if len(runs) > 1 else []
    return Row(
        model=rival.name,
        by_customer=sum(of_runs[1:], start=of_runs[0]) / len(runs),
        coverage=float(np.mean([metrics.catalogue_coverage(run.lists, n_products=n_catalogue) for run in runs])),
        left_out=task.n_left_out,
        train_seconds=float(np.mean([run.train_seconds for run in runs])),
        ms_per_list=float(np.mean([run.list_seconds for run in runs])) / len(task.customers) * 1000,
        settings=", ".join([*filter(None, [describe(settings)]), *seeds]),
    )


def measures(task: RankingTask, rankings: Rankings) -> pd.DataFrame:
    """Return the measures of each customer's list, by customer id."""
    hits = task.hits(rankings.lists)
    return pd.DataFrame(
        {
            "recall": metrics.recall_at_k(hits, task.n_relevant),
            "ndcg": metrics.ndcg_at_k(hits, task.n_relevant),
            "hit_rate": metrics.hit_rate_at_k(hits),
            "mrr": metrics.mrr_at_k(hits),
        },
        index=task.customer_ids,
    )


def describe(settings: dict[str, Any]) -> str:
    """Return the settings in words, without those that are not set."""
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in settings.items() if value is not None)
