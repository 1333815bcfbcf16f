"""Which of the hidden events a ranking foresaw: every model ranks the whole catalogue for every customer."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from domain.evaluation.replay import Replay, top_product_indexes
from domain.evaluation.splitting import GroundTruth, Seen
from domain.ranking.hyperparameters import Hyperparameters
from domain.ranking.model import Model, SourceWeights
from domain.training import popularity as trends
from domain.training.co_occurrence import co_occurrence
from domain.training.event_log import EventLog
from domain.training.interaction_matrix import activity_weights, interaction_matrix
from domain.training.top_k import top_k

ModelName = Literal["popularity", "recent_popularity", "segment_trend", "content", "item_knn", "neighbours", "served"]
MODELS: tuple[ModelName, ...] = get_args(ModelName)
N_KNN = 100

Ranker = Callable[[int], Sequence[int]]
"""Gives a customer's product indexes, best first, at most k."""

_NOTHING = SourceWeights(
    bought_together=0.0,
    viewed_together=0.0,
    similar_product=0.0,
    segment_trend=0.0,
    category_interest=0.0,
    price_fit=0.0,
    new=0.0,
    popular=0.0,
)


def ranker_of(
    name: ModelName,
    replay: Replay,
    log: EventLog,
    segments: npt.NDArray[np.int8],
    *,
    available: npt.NDArray[np.bool_],
    seen: Seen,
    k: int,
) -> Ranker:
    """Make the ranker of a model; `available` (n_products,) is the catalogue, `segments` has each customer's.

    `served` is the final list; `neighbours` and `content` are the same code with all other weights at 0. The others score
    the whole catalogue by themselves.
    """
    n_products = len(available)
    match name:
        case "popularity":
            counts = np.bincount(log.products, minlength=n_products).astype(np.float64)
            return _same_for_all(counts, replay, available=available, seen=seen, k=k)
        case "recent_popularity":
            recent = trends.popularity(log, _without_momentum(replay), n_products=n_products)
            return _same_for_all(recent, replay, available=available, seen=seen, k=k)
        case "segment_trend":
            scores = trends.segment_scores(log, _without_momentum(replay), segments, n_products=n_products)
            rankers = [_same_for_all(own, replay, available=available, seen=seen, k=k) for own in scores]

            def rank(customer: int) -> Sequence[int]:
                return rankers[segments[customer]](customer)

            return rank
        case "item_knn":
            return _item_knn(log, replay, available=available, seen=seen, k=k)
        case "neighbours":
            source_weights = replay.model.source_weights
            only = replace(
                _NOTHING, bought_together=source_weights.bought_together, viewed_together=source_weights.viewed_together
            )
            return _served(replay, replace(replay.model, source_weights=only, variety=0.0), seen=seen, k=k)
        case "content":
            only = replace(_NOTHING, similar_product=0.5, category_interest=1.0)
            return _served(replay, replace(replay.model, source_weights=only, variety=0.0), seen=seen, k=k)
        case _:
            return _served(replay, replay.model, seen=seen, k=k)


def unseen_of(order: Sequence[int], seen: Collection[int], *, k: int) -> list[int]:
    """Return the first `k` of an order of products that are not among `seen`."""
    return [index for index in order[: k + len(seen)] if index not in seen][:k]


def hits_of(
    rankings: Mapping[int, Sequence[int]], ground_truth_of: GroundTruth, *, k: int
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
    """Compare rankings with what is relevant: hits (n_customers, k) by rank, and how many products are relevant to each."""
    hits = np.zeros((len(ground_truth_of.customers), k), dtype=np.bool_)
    n_relevant = np.zeros(len(ground_truth_of.customers), dtype=np.int64)
    for row, customer in enumerate(ground_truth_of.customers.tolist()):
        wanted = ground_truth_of.of(customer)
        ranking = np.asarray(rankings[customer], dtype=np.int64)[:k]
        hits[row, : len(ranking)] = np.isin(ranking, wanted)
        n_relevant[row] = len(wanted)
    return hits, n_relevant


def _without_momentum(replay: Replay) -> Hyperparameters:
    """Leave out of a baseline what only this project has."""
    return replace(replay.model.hyperparameters, momentum_exponent=0.0)


def _served(replay: Replay, model: Model, *, seen: Seen, k: int) -> Ranker:
    used = replace(model, seen_again=None, rebuy_days={}) if seen == "drop" else model

    def rank(customer: int) -> Sequence[int]:
        made = replay.list_for(customer, model=used)
        return top_product_indexes(made, without=replay.seen(customer) if seen == "drop" else (), k=k)

    return rank


def _same_for_all(
    scores: npt.NDArray[np.float64], replay: Replay, *, available: npt.NDArray[np.bool_], seen: Seen, k: int
) -> Ranker:
    order = np.lexsort((np.arange(len(scores)), -scores))
    order = order[available[order]].tolist()

    def rank(customer: int) -> Sequence[int]:
        left_out = replay.seen(customer) if seen == "drop" else set[int]()
        return unseen_of(order, left_out, k=k)

    return rank


def _item_knn(log: EventLog, replay: Replay, *, available: npt.NDArray[np.bool_], seen: Seen, k: int) -> Ranker:
    """Rank by the summed cosine to everything that a customer took an interest in, whatever it was and when."""
    matrix = interaction_matrix(log, np.ones(len(log.products)), n_products=len(available))
    everyone_alike = activity_weights(matrix, exponent=0.0)
    near: Any = co_occurrence(
        matrix,
        everyone_alike,
        seed_exponent=0.5,
        candidate_exponent=0.5,
        momentum=np.ones(len(available)),
        n_neighbours=N_KNN,
        n_candidates=0,
    )[0]

    def rank(customer: int) -> Sequence[int]:
        scores = np.asarray((matrix[[customer]] @ near).todense()).ravel() * available
        if seen == "drop":
            scores[list(replay.seen(customer))] = 0.0
        return top_k(np.arange(len(scores), dtype=np.int32), scores, n=k).tolist()

    return rank
