"""The rankings that an evaluation compares: the served list, each of its main sources alone, and simple baselines."""

from collections.abc import Callable, Collection, Sequence
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from domain.evaluation.replay import Replay
from domain.ranking.hyperparameters import Hyperparameters
from domain.ranking.model import Model, SourceWeights
from domain.ranking.own_scores import own_names, with_weight, without_own
from domain.ranking.quotas import Marks, Quota, fill_places
from domain.records.recommendations import SOURCES, Seen
from domain.training.co_occurrence import Normalisation, co_occurrence
from domain.training.interaction_matrix import activity_weights, interaction_matrix
from domain.training.popularity import popularity, segment_popularity
from domain.training.top_k import top_k

ModelName = Literal["popularity", "recent_popularity", "segment_trend", "content", "item_knn", "neighbours", "served"]
MODELS: tuple[ModelName, ...] = get_args(ModelName)
OPTIONAL_MODELS = ("buy_again",)
"""Models that are measured only where they are asked for."""
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

    def first_allowed(self, order: Sequence[int], customer: int) -> list[int]:
        """Return the first `k` products of an order under the `seen` rule that lists are served with."""
        if self.seen == "include":
            return list(order[: self.k])
        own = self.replay.seen(customer)
        order = order[: self.k + len(own)]
        if self.seen == "exclude":
            return first_unseen(order, own, k=self.k)
        marks = Marks(
            own=np.array([index in own for index in order], dtype=np.bool_), on_trial=np.zeros(len(order), dtype=np.bool_)
        )
        places = fill_places(np.arange(len(order)), np.zeros(len(order)), marks, quota=Quota(), k=self.k)
        return [order[position] for position in places.positions.tolist()]


def ranker_of(name: str, task: RankingTask) -> Ranker:
    """Return the ranker of a model.

    `served` is the list that HTTP answers, and `buy_again` has what the customer is due to buy again before it;
    `neighbours` and `content` are the same code with all other weights at their minimum, and so is the name of an own
    source. The others score the whole catalogue.
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
        case "buy_again":
            return _buy_again(task)
        case _:
            return _served(model_of(name, model), task)


def additive_models() -> tuple[str, ...]:
    """Return the names of the models whose lists the serving code makes, so that scores are sums of parts."""
    return ("content", "neighbours", "served", *own_names())


def model_of(name: str, model: Model) -> Model:
    """Return `model` with the weights of one of the `additive_models`."""
    match name:
        case "neighbours":
            weights = model.config.source_weights
            only = replace(_NOTHING, bought_together=weights.bought_together, viewed_together=weights.viewed_together)
            return _weighing(model, only)
        case "content":
            return _weighing(model, replace(_NOTHING, similar_product=0.5, category_interest=1.0))
        case "served":
            return model
        case _:
            return _own_alone(model, name)


def first_unseen(order: Sequence[int], seen: Collection[int], *, k: int) -> list[int]:
    """Return the first `k` products of an order that are not among `seen`."""
    return [index for index in order[: k + len(seen)] if index not in seen][:k]


def _without_momentum(model: Model) -> Hyperparameters:
    """Baselines do without the factor that only this project has."""
    return replace(model.config.hyperparameters, momentum_exponent=0.0)


def _weighing(model: Model, source_weights: SourceWeights) -> Model:
    """Weigh the lists of customers with history; own sources count for nobody."""
    newcomer_weights = without_own(model.config.newcomer_weights)
    return _with_weights(model, without_own(source_weights), newcomer_weights)


def _own_alone(model: Model, name: str) -> Model:
    alone = with_weight(without_own(_NOTHING), name, 1.0)
    return _with_weights(model, alone, alone)


def _with_weights(model: Model, source_weights: SourceWeights, newcomer_weights: SourceWeights) -> Model:
    return model.with_config(
        source_weights=source_weights, newcomer_weights=newcomer_weights, variety=0.0, newcomer_variety=0.0
    )


def _served(model: Model, task: RankingTask) -> Ranker:
    def rank(customer: int) -> Sequence[int]:
        return task.replay.ranking(customer, model=model, seen=task.seen, k=task.k)

    return rank


def _buy_again(task: RankingTask) -> Ranker:
    """Rank what is due to be bought again first, and then as served: the two lists of a page in one."""
    served = _served(task.replay.model, task)

    def rank(customer: int) -> Sequence[int]:
        due = task.replay.buy_again(customer, k=task.k, now=task.replay.now)
        return task.first_allowed(list(dict.fromkeys([*due, *served(customer)])), customer)

    return rank


def _same_for_all(scores: npt.NDArray[np.float64], task: RankingTask) -> Ranker:
    order = np.lexsort((np.arange(len(scores)), -scores))
    available = order[task.available[order]].tolist()

    def rank(customer: int) -> Sequence[int]:
        return task.first_allowed(available, customer)

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
        own = task.replay.seen(customer)
        if task.seen == "exclude":
            scores[list(own)] = 0.0
        order = top_k(np.arange(len(scores), dtype=np.int32), scores, k=task.k + len(own)).tolist()
        return task.first_allowed(order, customer)

    return rank
