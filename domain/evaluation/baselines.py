"""The rankings that an evaluation compares: the served list, each of its main sources alone, and simple baselines."""

from collections.abc import Callable, Collection, Sequence
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from domain.evaluation.replay import Replay
from domain.ranking.model import Hyperparameters, Model, SourceWeights
from domain.records.recommendations import SOURCES, Seen
from domain.training.co_occurrence import Normalisation, co_occurrence
from domain.training.interaction_matrix import activity_weights, interaction_matrix
from domain.training.popularity import popularity, segment_popularity
from domain.training.top_k import top_k

ModelName = Literal["popularity", "recent_popularity", "segment_trend", "content", "item_knn", "neighbours", "served"]
MODELS: tuple[ModelName, ...] = get_args(ModelName)
N_KNN = 100

Ranker = Callable[[int], Sequence[int]]
"""Returns a customer's product indexes, best first, at most k."""

_NOTHING = SourceWeights(**dict.fromkeys(SOURCES, 0.0))


class RankingTask(Struct, frozen=True, kw_only=True):
    """What every ranking is made for: the shop, the available products (n_products,), the `seen` rule and the length."""

    replay: Replay
    available: npt.NDArray[np.bool_]
    seen: Seen
    k: int

    def left_out(self, customer: int) -> set[int]:
        return self.replay.seen(customer) if self.seen == "exclude" else set[int]()


def ranker_of(name: ModelName, task: RankingTask) -> Ranker:
    """Return the ranker of a model.

    `served` is the final list; `neighbours` and `content` are the same code with all other weights at
    their minimum. The others score
    the whole catalogue.
    """
    data, model = task.replay.data, task.replay.model
    match name:
        case "popularity":
            return _same_for_all(np.bincount(data.log.products, minlength=data.n_products).astype(np.float64), task)
        case "recent_popularity":
            return _same_for_all(popularity(data, _without_momentum(model)), task)
        case "segment_trend":
            rankers = [_same_for_all(own, task) for own in segment_popularity(data, _without_momentum(model))]

            def rank(customer: int) -> Sequence[int]:
                return rankers[data.segments[customer]](customer)

            return rank
        case "item_knn":
            return _item_knn(task)
        case "neighbours":
            weights = model.config.source_weights
            only = replace(_NOTHING, bought_together=weights.bought_together, viewed_together=weights.viewed_together)
            return _served(_weighing(model, only), task)
        case "content":
            return _served(_weighing(model, replace(_NOTHING, similar_product=0.5, category_interest=1.0)), task)
        case _:
            return _served(model, task)


def first_unseen(order: Sequence[int], seen: Collection[int], *, k: int) -> list[int]:
    """Return the first `k` products of an order that are not among `seen`."""
    return [index for index in order[: k + len(seen)] if index not in seen][:k]


def _without_momentum(model: Model) -> Hyperparameters:
    """Baselines do without the factor that only this project has."""
    return replace(model.config.hyperparameters, momentum_exponent=0.0)


def _weighing(model: Model, source_weights: SourceWeights) -> Model:
    return replace(model, config=replace(model.config, source_weights=source_weights, variety=0.0))


def _served(model: Model, task: RankingTask) -> Ranker:
    def rank(customer: int) -> Sequence[int]:
        return task.replay.ranking(customer, model=model, seen=task.seen, k=task.k)

    return rank


def _same_for_all(scores: npt.NDArray[np.float64], task: RankingTask) -> Ranker:
    order = np.lexsort((np.arange(len(scores)), -scores))
    available = order[task.available[order]].tolist()

    def rank(customer: int) -> Sequence[int]:
        return first_unseen(available, task.left_out(customer), k=task.k)

    return rank


def _item_knn(task: RankingTask) -> Ranker:
    """Rank by the sum of cosines to all products of the customer, whatever the event types and times."""
    log = task.replay.data.log
    n_products = len(task.available)
    matrix = interaction_matrix(task.replay.data.pairs, np.ones(len(log.products)), n_products=n_products)
    neighbours, _ = co_occurrence(
        matrix,
        activity_weights(matrix, exponent=0.0),
        Normalisation(seed_exponent=0.5, candidate_exponent=0.5, candidate_factors=np.ones(n_products)),
        n_neighbours=N_KNN,
        n_candidates=0,
    )

    def rank(customer: int) -> Sequence[int]:
        scores = np.asarray((matrix[[customer]] @ neighbours).todense()).ravel() * task.available
        scores[list(task.left_out(customer))] = 0.0
        return top_k(np.arange(len(scores), dtype=np.int32), scores, k=task.k).tolist()

    return rank
