"""Settings chosen on a part of the training data, and what the model then scores on the test part."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.quality.questions import Questions
from benchmarks.quality.rivals import Answers, Rival, Settings
from domain.evaluation import metrics


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a table; intervals are 95 %."""

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


def chosen_settings(rival: Rival, held_out: Questions, *, k: int, progress: Callable[[str], None]) -> Settings:
    """Choose the settings with the best NDCG on `held_out`; the first of equals."""
    best: Settings = {}
    best_ndcg = -1.0
    for choices in rival.rounds:
        before = best
        for choice in choices:
            settings = before | choice
            ndcg = _ndcg(held_out, rival.answer(held_out, k=k, **settings))
            progress(f"{rival.name}, {described(settings)}: {ndcg:.4f} in validation")
            if ndcg > best_ndcg:
                best, best_ndcg = settings, ndcg
    return best


def tested(rival: Rival, settings: Settings, asked: Questions, *, k: int, n_catalogue: int) -> Row:
    """Train on all of the training part, and measure on the test part: each customer's mean over the seeds."""
    runs = [rival.answer(asked, k=k, **settings | seed) for seed in rival.seeds]
    hits = [asked.hits(run.lists) for run in runs]
    recall = np.mean([metrics.recall_at_k(found, asked.n_relevant) for found in hits], axis=0)
    ndcg = np.mean([metrics.ndcg_at_k(found, asked.n_relevant) for found in hits], axis=0)
    return Row(
        model=rival.name,
        recall=float(recall.mean()),
        recall_interval=metrics.bootstrap_interval(recall, rng=np.random.default_rng(0)),
        ndcg=float(ndcg.mean()),
        ndcg_interval=metrics.bootstrap_interval(ndcg, rng=np.random.default_rng(0)),
        hit_rate=float(np.mean([metrics.hit_rate_at_k(found) for found in hits])),
        mrr=float(np.mean([metrics.mrr_at_k(found) for found in hits])),
        coverage=float(np.mean([metrics.catalogue_coverage(run.lists, n_products=n_catalogue) for run in runs])),
        customers=len(asked.asked),
        left_out=asked.n_left_out,
        train_seconds=float(np.mean([run.train_seconds for run in runs])),
        ms_per_list=float(np.mean([run.list_seconds for run in runs])) / len(asked.asked) * 1000,
        settings=described(settings),
    )


def described(settings: dict[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in settings.items() if name != "days")


def _ndcg(asked: Questions, answers: Answers) -> float:
    return float(metrics.ndcg_at_k(asked.hits(answers.lists), asked.n_relevant).mean())
