"""How much each source of a list deserves: fitted to held-out events, on the parts that the serving code computes."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from domain.evaluation.metrics import ndcg_at_k
from domain.evaluation.replay import ALL, Replay
from domain.evaluation.splitting import GroundTruth
from domain.ranking.model import Model, SourceWeights
from domain.ranking.recommend import eligible, shortlist
from domain.ranking.signals import SEEN_AGAIN, score
from domain.records.recommendations import SOURCES
from domain.tuning.neighbours import TUNING_K
from domain.tuning.pattern_search import first_of_best

NO_PRODUCT = -1
WEIGHTS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5)
SEEN_AGAIN_WEIGHTS = (0.0, 0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.5)
ROUNDS = 3
EVERYTHING = SourceWeights(**dict.fromkeys(SOURCES, 1.0))


class CandidateContributions:
    """The parts of the candidates of some customers: (n_customers, most candidates, n_sources + 1).

    Sources are those of SOURCES, each as if its weight were 1; the last part is for having been seen.
    """

    def __init__(self, replay: Replay, model: Model, ground_truth: GroundTruth) -> None:
        made = [_parts_of(replay, customer, model) for customer in ground_truth.customers.tolist()]
        most = max((len(indexes) for indexes, _ in made), default=0)
        self.values = np.zeros((len(made), most, len(SOURCES) + 1), dtype=np.float32)
        self._hits = np.zeros((len(made), most), dtype=np.bool_)
        self._filled = np.zeros((len(made), most), dtype=np.bool_)
        self._n_relevant = np.zeros(len(made), dtype=np.int64)
        for row, ((indexes, values), customer) in enumerate(zip(made, ground_truth.customers.tolist(), strict=True)):
            wanted = ground_truth.of(customer)
            self.values[row, : len(indexes)] = values
            self._hits[row, : len(indexes)] = np.isin(indexes, wanted)
            self._filled[row, : len(indexes)] = True
            self._n_relevant[row] = len(wanted)

    def ndcg(self, weights: npt.NDArray[np.float64]) -> float:
        """Return the mean NDCG@20 of the lists by these weights (n_sources + 1,), before variety."""
        totals = np.where(self._filled, self.values @ weights.astype(np.float32), -np.inf)
        n = min(TUNING_K, totals.shape[1])
        best = (
            np.argpartition(-totals, n - 1, axis=1)[:, :n]
            if totals.shape[1] > n
            else np.arange(n)[None].repeat(len(totals), 0)
        )
        order = np.argsort(-np.take_along_axis(totals, best, axis=1), axis=1, kind="stable")
        best = np.take_along_axis(best, order, axis=1)
        hits = np.take_along_axis(self._hits, best, axis=1)
        return float(ndcg_at_k(hits, self._n_relevant).mean())

    def ndcg_of_weights(self, source_weights: SourceWeights) -> float:
        """Return the same for a blend, with nothing for having been seen."""
        return self.ndcg(np.array([*(getattr(source_weights, source) for source in SOURCES), 0.0]))


def fit_source_weights(contributions: CandidateContributions, *, first: SourceWeights) -> SourceWeights:
    """Fit the weights of the sources one after the other, from `first`, in three rounds; neighbours count 1.

    Of weights that reach about the same, the smallest is taken: a source has to earn its place.
    """
    weights = np.array([*(getattr(first, source) for source in SOURCES), 0.0])
    neighbours, fitted = [0, 1], range(2, len(SOURCES))
    weights[neighbours] = 1.0
    for _ in range(ROUNDS):
        before = weights.copy()
        for place in fitted:
            weights[place] = _best_weight(contributions, weights, [place], WEIGHTS)
        if (weights == before).all():
            break
    return SourceWeights(**dict(zip(SOURCES, weights.tolist(), strict=False)))


def fit_seen_again(contributions: CandidateContributions, source_weights: SourceWeights) -> float:
    """Fit what a product deserves for having been seen."""
    weights = np.array([*(getattr(source_weights, source) for source in SOURCES), 0.0])
    return _best_weight(contributions, weights, [len(SOURCES)], SEEN_AGAIN_WEIGHTS)


def _best_weight(
    contributions: CandidateContributions, weights: npt.NDArray[np.float64], places: Sequence[int], choices: Sequence[float]
) -> float:
    scores: list[float] = []
    for choice in choices:
        tried = weights.copy()
        tried[list(places)] = choice
        scores.append(contributions.ndcg(tried))
    return first_of_best(choices, scores)


def _parts_of(replay: Replay, customer: int, model: Model) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Compute the parts of every candidate of a customer, by the steps that serve a list."""
    everything = replace(model, source_weights=EVERYTHING)
    inputs = replay.ranking_inputs(customer, model=everything)
    shortlisted = shortlist(inputs, request=ALL)
    products = eligible(replay.candidates(shortlisted.query), inputs)
    scores = score(shortlisted.signals, products, inputs=inputs, now=replay.now)
    contributions = scores.contributions
    indexes = np.array([product.product_index for product in products], dtype=np.int64)
    past = np.array([*shortlisted.signals.past, NO_PRODUCT], dtype=np.int64)
    causes = np.where(contributions.causes < len(past) - 1, contributions.causes, -1)
    by_itself = (contributions.sources == SEEN_AGAIN) & (past[causes] == indexes[contributions.positions])
    columns = np.where(by_itself, len(SOURCES), contributions.sources)
    values = np.zeros((len(products), len(SOURCES) + 1))
    np.add.at(values, (contributions.positions, columns), contributions.amounts)
    return indexes, values
