"""Evaluate lists about products: hide products of held-out orders and sessions, and look for them in the lists."""

import time
from collections.abc import Iterator

import numpy as np

from domain.errors import ConfigurationError
from domain.evaluation.related import (
    RELATED_MODELS,
    RelatedResult,
    RelatedTask,
    cases_of,
    measure_related,
    related_ranker,
)
from domain.evaluation.replay import Replay
from domain.ranking.model import TunedConfig
from domain.ranking.related_inputs import RelatedKind
from domain.training.train import train_model
from infra.progress import Progress
from infra.use_cases.evaluate import EvaluationData, EvaluationOptions

_FOUND_IN = {"bought-together": "order of several products", "similar": "session that looks at several products"}


def evaluate_related(
    data: EvaluationData, options: EvaluationOptions, *, kind: RelatedKind, progress: Progress
) -> Iterator[RelatedResult]:
    """Yield the result of each model; raise ConfigurationError, before anything is computed, if nothing can be compared."""
    train = data.train
    cases = cases_of(data.test, kind, rng=np.random.default_rng(options.seed))
    if not cases:
        raise ConfigurationError(f"No {_FOUND_IN[kind]} is held out, so there is nothing to compare.")
    progress.begin("Training", 1)
    trained = train_model(train, config=TunedConfig(), model_id="evaluated", trained_at=train.log.newest)
    available = np.zeros(train.n_products, dtype=np.bool_)
    own = train.representatives.among(train.products)
    available[[product.product_index for product in own if product.available]] = True
    task = RelatedTask(replay=Replay(train, trained), kind=kind, available=available, cases=cases, k=options.k)
    for name in RELATED_MODELS:
        ranker = related_ranker(name, task)
        began = time.perf_counter()
        progress.begin(f"Ranking by {name}", len(cases))
        rankings: list[list[int]] = []
        for case in cases:
            rankings.append(list(ranker(case.seeds)))
            progress.reach(len(rankings))
        yield measure_related(name, rankings, task, seconds=time.perf_counter() - began)
