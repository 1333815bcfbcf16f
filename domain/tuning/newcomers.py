"""Fit the lists of customers without history: what is popular for them, the source weights and the variety."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from domain.evaluation.metrics import ndcg_at_k
from domain.evaluation.replay import Replay
from domain.evaluation.splitting import MIN_CUSTOMERS, GroundTruth, Split, ground_truth_of, newcomers_of
from domain.ranking.hyperparameters import FOREVER
from domain.ranking.model import Model, NewcomerPopularity, SourceWeights
from domain.ranking.own_scores import own_names, without_own
from domain.records.values import DAY
from domain.training.popularity import N_STORED, newcomer_popularity_by_segment, segment_trends, top_products
from domain.training.training_data import TrainingData
from domain.tuning.held_out import HeldOut
from domain.tuning.histories import TUNING_K
from domain.tuning.neighbours import MOMENTUM_EXPONENTS
from domain.tuning.pattern_search import best_if_sure
from domain.tuning.popularity import TREND_DAYS
from domain.tuning.served_lists import MAX_REPLAYED_CUSTOMERS, VARIETY_GRID, served_ndcg_of_each
from domain.tuning.source_weights import CandidateContributions, fit_newcomer_weights, fit_own_weights

EVENT_EXPONENTS = (0.0, 0.5, 1.0)
REPEAT_EXPONENTS = (0.0, 0.5, 1.0)
VISIT_EXPONENTS = (0.0, 0.25, 0.5, 0.75)
NEWCOMER_SMOOTHINGS = (50_000.0, 2_000.0, 200.0, 50.0)
ROUNDS = 2

WITHOUT_TIMES = NewcomerPopularity(trend_days=FOREVER)


def fit_newcomers(replay: Replay, model: Model, held_out: HeldOut, *, seed: int) -> Model:
    """Return `model` with what suits newcomers: the defaults, but for what is better beyond chance.

    Newcomers are few, and each of them turns to few products, so whatever is merely best for them is often chance.
    """
    ground_truth = newcomers_to_compare(held_out.split, seed=seed)
    as_new = replay.without_histories()
    fitted = model.with_config(newcomer_weights=without_own(SourceWeights()))
    fitted = _with_popularity(fitted, held_out, ground_truth)
    fitted = _best_served(as_new, [fitted, *_with_smoothings(fitted, held_out)], ground_truth)
    contributions = CandidateContributions(as_new, fitted, ground_truth, seen="include")
    weighted = fitted.with_config(newcomer_weights=fit_newcomer_weights(contributions))
    fitted = _best_served(as_new, [fitted, weighted], ground_truth)
    tried = [fitted.with_config(newcomer_variety=variety) for variety in VARIETY_GRID]
    fitted = _best_served(as_new, [fitted, *tried], ground_truth)
    if not own_names():
        return fitted
    with_own = fitted.with_config(newcomer_weights=fit_own_weights(contributions, first=fitted.config.newcomer_weights))
    return _best_served(as_new, [fitted, with_own], ground_truth)


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
    counting = NewcomerPopularity() if held_out.has_times else WITHOUT_TIMES
    grids: dict[str, Sequence[float]] = {
        "event_exponent": EVENT_EXPONENTS if len(np.unique(data.log.event_types)) > 1 else (),
        "trend_days": TREND_DAYS if held_out.has_times else (),
        "momentum_exponent": MOMENTUM_EXPONENTS if held_out.has_times else (),
        "repeat_exponent": REPEAT_EXPONENTS,
        "visit_exponent": VISIT_EXPONENTS,
    }
    for _ in range(ROUNDS):
        for name, values in grids.items():
            others = [value for value in values if value != getattr(counting, name)]
            tried = [counting, *(replace(counting, **{name: value}) for value in others)]
            popularities = (newcomer_popularity_by_segment(data, hyperparameters, one)[0] for one in tried)
            counting = best_if_sure(tried, [_ndcg_of_each(one, data, ground_truth) for one in popularities])
    return _counting(model, counting, newcomer_popularity_by_segment(data, hyperparameters, counting))


def _with_smoothings(model: Model, held_out: HeldOut) -> list[Model]:
    """Return `model` with each smoothing of the segments' popularity, those that can matter."""
    counting = model.config.newcomer_popularity
    popularities = newcomer_popularity_by_segment(held_out.data, model.config.hyperparameters, counting)
    if np.count_nonzero(popularities[1:].any(axis=1)) < 2:
        return []
    others = [replace(counting, segment_smoothing=one) for one in NEWCOMER_SMOOTHINGS if one != counting.segment_smoothing]
    return [_counting(model, one, popularities) for one in others]


def _counting(model: Model, counting: NewcomerPopularity, popularities: npt.NDArray[np.float64]) -> Model:
    """Return `model` with the lists that newcomers get where popularity counts like this."""
    return replace(
        model.with_config(newcomer_popularity=counting),
        newcomer_popular=top_products(popularities[0], n=N_STORED),
        newcomer_segment_trends=segment_trends(popularities, pseudo_count=counting.segment_smoothing),
    )


def _best_served(as_new: Replay, models: Sequence[Model], ground_truth: GroundTruth) -> Model:
    """Return the model whose lists are best for newcomers, if it is surely better than the first."""
    if len(models) == 1:
        return models[0]
    return best_if_sure(models, [served_ndcg_of_each(as_new, one, ground_truth) for one in models])


def _ndcg_of_each(scores: npt.NDArray[np.float64], data: TrainingData, ground_truth: GroundTruth) -> npt.NDArray[np.float64]:
    """Return the NDCG@20, for each customer, of one list for all of them, by `scores` (n_products,)."""
    order = np.lexsort((np.arange(len(scores)), -scores))
    ranking: list[int] = order[data.available[order]][:TUNING_K].tolist()
    rankings = {customer: ranking for customer in ground_truth.customers.tolist()}  # noqa: C420 - it has no typed keys
    return ndcg_at_k(*ground_truth.hits(rankings, k=TUNING_K))
