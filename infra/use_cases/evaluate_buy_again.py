"""Evaluate lists of what customers buy again: look in them for the products that the next held-out order repeats."""

from collections.abc import Iterator

import numpy as np

from domain.errors import ConfigurationError
from domain.evaluation.buy_again import (
    BUY_AGAIN_MODELS,
    BuyAgainResult,
    BuyAgainTask,
    buy_again_ranker,
    measure_buy_again,
    repeated_orders,
)
from domain.evaluation.splitting import Split
from infra.progress import Progress
from infra.use_cases.evaluate import EvaluationData, EvaluationOptions
from infra.use_cases.evaluate_cases import ranked_cases, replay_of


def evaluate_buy_again(
    data: EvaluationData, options: EvaluationOptions, *, progress: Progress
) -> Iterator[BuyAgainResult]:  # fmt: skip
    """Yield the result of each model; raise ConfigurationError, before anything is computed, if nothing can be compared."""
    train = data.train
    cases = repeated_orders(Split(train=train.log, test=data.test), rng=np.random.default_rng(options.seed))
    if not cases:
        raise ConfigurationError("No held-out order repeats a product, so there is nothing to compare.")
    replay = replay_of(train, rules=data.rules, progress=progress)
    task = BuyAgainTask(replay=replay, available=train.available, cases=cases, k=options.k)
    for name in BUY_AGAIN_MODELS:
        rankings, seconds = ranked_cases(name, buy_again_ranker(name, task), cases, progress=progress)
        yield measure_buy_again(name, rankings, task, seconds=seconds)
