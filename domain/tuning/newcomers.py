"""Fit the lists of customers without history: what is popular for them, the source weights and the variety."""

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from domain.evaluation.metrics import ndcg_at_k
from domain.evaluation.replay import Replay
from domain.evaluation.splitting import MIN_CUSTOMERS, GroundTruth, Split, ground_truth_of, newcomers_of
from domain.ranking.hyperparameters import FOREVER
from domain.ranking.model import Model, NewcomerPopularity
from domain.records.values import DAY
from domain.training.popularity import N_STORED, newcomer_popularity_by_segment, segment_trends, top_products
from domain.training.training_data import TrainingData
from domain.tuning.held_out import HeldOut
from domain.tuning.histories import TUNING_K
from domain.tuning.pattern_search import best_of, first_of_best
from domain.tuning.popularity import TREND_DAYS
from domain.tuning.served_lists import MAX_REPLAYED_CUSTOMERS, VARIETY_GRID, served_ndcg
from domain.tuning.source_weights import CandidateContributions, fit_newcomer_weights, fit_own_weights

REPEAT_EXPONENTS = (0.0, 0.5, 1.0)
VISIT_EXPONENTS = (0.0, 0.25, 0.5, 0.75)
ROUNDS = 2


def fit_newcomers(replay: Replay, model: Model, held_out: HeldOut, *, seed: int) -> Model:
    """Return `model` with what suits newcomers best, or as it was if its lists for newcomers are better."""
    ground_truth = newcomers_to_compare(held_out.split, seed=seed)
    as_new = replay.without_histories()
    fitted = _with_popularity(model, held_out, ground_truth)
    contributions = CandidateContributions(as_new, fitted, ground_truth, seen="include")
    weights = fit_own_weights(contributions, first=fit_newcomer_weights(contributions))
    fitted = fitted.with_config(newcomer_weights=weights)
    tried = [fitted.with_config(newcomer_variety=variety) for variety in VARIETY_GRID]
    fitted = first_of_best(tried, [served_ndcg(as_new, one, ground_truth) for one in tried])
    # Of equal lists the fitted ones, which leave no weight of an own source at its default.
    models = [fitted, model]
    return best_of(models, [served_ndcg(as_new, one, ground_truth) for one in models])[0]


def newcomers_to_compare(split: Split, *, seed: int) -> GroundTruth:
    """Return what newcomers of the test part turned to, or where they are too few what other customers did on one day.

    These stand in for newcomers: it is their first day in the test part, and nothing that they did before is known.
    """
    rng = np.random.default_rng(seed)
    newcomers = newcomers_of(split)
    if len(newcomers.customers) >= MIN_CUSTOMERS:
        return newcomers.sample(MAX_REPLAYED_CUSTOMERS, rng=rng)
    test = split.test
    days = test.occurred_at // DAY
    first = np.full(len(test.customer_ids), np.iinfo(np.int64).max)
    np.minimum.at(first, test.customers, days)
    one_day = replace(split, test=test.only(days == first[test.customers]))
    return ground_truth_of(one_day, seen="include").sample(MAX_REPLAYED_CUSTOMERS, rng=rng)


def _with_popularity(model: Model, held_out: HeldOut, ground_truth: GroundTruth) -> Model:
    """Choose how popularity counts for newcomers, one setting after the other, by one list for all of them."""
    data, hyperparameters = held_out.data, model.config.hyperparameters
    counting = NewcomerPopularity(
        trend_days=hyperparameters.trend_days, momentum_exponent=hyperparameters.momentum_exponent
    )  # fmt: skip
    grids: dict[str, tuple[float, ...]] = {
        "trend_days": TREND_DAYS if held_out.has_times else (FOREVER,),
        "momentum_exponent": (0.0, hyperparameters.momentum_exponent),
        "repeat_exponent": REPEAT_EXPONENTS,
        "visit_exponent": VISIT_EXPONENTS,
    }
    for _ in range(ROUNDS):
        for name, values in grids.items():
            tried = [replace(counting, **{name: value}) for value in values]
            popularities = (newcomer_popularity_by_segment(data, hyperparameters, one)[0] for one in tried)
            counting, _ = best_of(tried, [_ndcg_of_all(one, data, ground_truth) for one in popularities])
    popularities = newcomer_popularity_by_segment(data, hyperparameters, counting)
    return replace(
        model.with_config(newcomer_popularity=counting),
        newcomer_popular=top_products(popularities[0], n=N_STORED),
        newcomer_segment_trends=segment_trends(popularities, hyperparameters),
    )


def _ndcg_of_all(scores: npt.NDArray[np.float64], data: TrainingData, ground_truth: GroundTruth) -> float:
    """Return the mean NDCG@20 of one list for all customers, by `scores` (n_products,)."""
    order = np.lexsort((np.arange(len(scores)), -scores))
    ranking: list[int] = order[data.available[order]][:TUNING_K].tolist()
    rankings = {customer: ranking for customer in ground_truth.customers.tolist()}  # noqa: C420 - it has no typed keys
    return float(ndcg_at_k(*ground_truth.hits(rankings, k=TUNING_K)).mean())
