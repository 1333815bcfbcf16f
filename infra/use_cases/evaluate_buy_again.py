"""Evaluate lists of what customers buy again: look in them for the products that the next held-out order repeats."""

import time
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
from domain.evaluation.replay import Replay
from domain.evaluation.splitting import Split
from domain.ranking.model import TunedConfig
from domain.training.train import train_model
from infra.progress import Progress
from infra.use_cases.evaluate import EvaluationData, EvaluationOptions


def evaluate_buy_again(
    data: EvaluationData, options: EvaluationOptions, *, progress: Progress
) -> Iterator[BuyAgainResult]:  # fmt: skip
    """Yield the result of each model; raise ConfigurationError, before anything is computed, if nothing can be compared."""
    train = data.train
    cases = repeated_orders(Split(train=train.log, test=data.test), rng=np.random.default_rng(options.seed))
    if not cases:
        raise ConfigurationError("No held-out order repeats a product, so there is nothing to compare.")
    progress.begin("Training", 1)
    trained = train_model(train, config=TunedConfig(), model_id="evaluated", trained_at=train.log.newest)
    available = np.zeros(train.n_products, dtype=np.bool_)
    own = train.representatives.among(train.products)
    available[[product.product_index for product in own if product.available]] = True
    task = BuyAgainTask(replay=Replay(train, trained), available=available, cases=cases, k=options.k)
    for name in BUY_AGAIN_MODELS:
        ranker = buy_again_ranker(name, task)
        began = time.perf_counter()
        progress.begin(f"Ranking by {name}", len(cases))
        rankings: list[list[int]] = []
        for case in cases:
            rankings.append(list(ranker(case)))
            progress.reach(len(rankings))
        yield measure_buy_again(name, rankings, task, seconds=time.perf_counter() - began)
