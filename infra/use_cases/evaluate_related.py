"""Evaluate lists about products: hide products of held-out orders and sessions, and look for them in the lists."""

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
from domain.ranking.related_inputs import RelatedKind
from infra.progress import Progress
from infra.use_cases.evaluate import EvaluationData, EvaluationOptions
from infra.use_cases.evaluate_cases import ranked_cases, replay_of

_FOUND_IN = {"bought-together": "order of several products", "similar": "session that looks at several products"}


def evaluate_related(
    data: EvaluationData, options: EvaluationOptions, *, kind: RelatedKind, progress: Progress
) -> Iterator[RelatedResult]:
    """Yield the result of each model; raise ConfigurationError, before anything is computed, if nothing can be compared."""
    train = data.train
    cases = cases_of(data.test, kind, rng=np.random.default_rng(options.seed))
    if not cases:
        raise ConfigurationError(f"No {_FOUND_IN[kind]} is held out, so there is nothing to compare.")
    replay = replay_of(train, rules=data.rules, progress=progress)
    task = RelatedTask(replay=replay, kind=kind, available=train.available, cases=cases, k=options.k)
    for name in RELATED_MODELS:
        ranker = related_ranker(name, task)
        rankings, seconds = ranked_cases(name, lambda case, rank=ranker: rank(case.seeds), cases, progress=progress)
        yield measure_related(name, rankings, task, seconds=seconds)
