"""Fit the source weights to held-out events, from the contributions that the serving code computes."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from domain.evaluation.metrics import ndcg_at_k
from domain.evaluation.replay import Replay
from domain.evaluation.splitting import GroundTruth
from domain.ranking.interests import newest_products
from domain.ranking.model import Model, SourceWeights, with_evidence
from domain.ranking.own_scores import own_names, weights_by_source, with_weight, without_own
from domain.ranking.recommend import eligible, score, shortlist
from domain.records.recommendations import SOURCES, ListRequest, Seen, Source
from domain.tuning.histories import TUNING_K
from domain.tuning.pattern_search import first_of_best

WEIGHT_GRID = (0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5)
SEEN_AGAIN_GRID = (0.0, 0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.5)
NEWEST_SHARES = (1.0, 0.5, 0.25, 0.1, 0.0)
ROUNDS = 3
UNIT_SOURCES: tuple[Source, ...] = ("bought_together", "viewed_together")
"""Neighbours keep the weight 1: only ratios of weights change a ranking."""

REGULAR_SOURCES: tuple[Source, ...] = tuple(source for source in SOURCES if source not in UNIT_SOURCES)
NEWCOMER_SOURCES: tuple[Source, ...] = ("segment_trend", "price_fit", "new")
"""What is fitted for customers without history, beside `popular`, which keeps its weight."""

EVERYTHING = SourceWeights(**dict.fromkeys(SOURCES, 1.0))


class CandidateContributions:
    """The contributions to the candidates of some customers: (n_customers, most candidates, n_sources + 1).

    Columns follow SOURCES and the own sources, each as if its weight were 1; the last one is what products of the history
    get for themselves.
    """

    def __init__(self, replay: Replay, model: Model, ground_truth: GroundTruth, *, seen: Seen) -> None:
        customers: list[int] = ground_truth.customers.tolist()
        rows = [_contributions_of(replay, customer, model, seen=seen) for customer in customers]
        # An empty column, where nobody has a candidate, scores 0.
        most = max((len(indexes) for indexes, *_ in rows), default=0) or 1
        self.values = np.zeros((len(rows), most, len(weights_by_source(EVERYTHING)) + 1), dtype=np.float32)
        self._hits = np.zeros((len(rows), most), dtype=np.bool_)
        self._filled = np.zeros((len(rows), most), dtype=np.bool_)
        self._newest = np.zeros((len(rows), most), dtype=np.bool_)
        self._n_relevant = np.zeros(len(rows), dtype=np.int64)
        for row, ((indexes, values, is_newest), customer) in enumerate(zip(rows, customers, strict=True)):
            relevant = ground_truth.of(customer)
            self.values[row, : len(indexes)] = values
            self._hits[row, : len(indexes)] = np.isin(indexes, relevant)
            self._filled[row, : len(indexes)] = True
            self._newest[row, : len(indexes)] = is_newest
            self._n_relevant[row] = len(relevant)

    def ndcg(self, weights: SourceWeights, *, seen_again: float = 0.0, newest_share: float = 1.0) -> float:
        """Return the mean NDCG@20 of the lists with these weights, before diversity."""
        vector = np.array([*weights_by_source(with_evidence(weights)).values(), seen_again], dtype=np.float32)
        totals = self.values @ vector
        if newest_share < 1.0:
            totals[self._newest] *= newest_share
        totals[~self._filled] = -np.inf
        k = min(TUNING_K, totals.shape[1])
        # A partition of all candidates and a sort of k are several times as fast as a sort of all.
        best = (
            np.argpartition(-totals, k - 1, axis=1)[:, :k]
            if totals.shape[1] > k
            else np.arange(k)[None].repeat(len(totals), 0)
        )
        order = np.argsort(-np.take_along_axis(totals, best, axis=1), axis=1, kind="stable")
        best = np.take_along_axis(best, order, axis=1)
        hits = np.take_along_axis(self._hits, best, axis=1)
        return float(ndcg_at_k(hits, self._n_relevant).mean())


def fit_source_weights(contributions: CandidateContributions, *, first: SourceWeights) -> SourceWeights:
    """Fit the weights of customers with history, from `first`; neighbours have the weight 1."""
    return _fit(contributions, replace(first, **dict.fromkeys(UNIT_SOURCES, 1.0)), sources=REGULAR_SOURCES)


def fit_newcomer_weights(contributions: CandidateContributions) -> SourceWeights:
    """Fit the weights of customers without history, from the documented ones, without own sources."""
    return _fit(contributions, without_own(SourceWeights()), sources=NEWCOMER_SOURCES)


def fit_own_weights(contributions: CandidateContributions, *, first: SourceWeights) -> SourceWeights:
    """Fit the weights of own sources, with all others as in `first`."""
    return _fit(contributions, without_own(first), sources=own_names())


def _fit(contributions: CandidateContributions, weights: SourceWeights, *, sources: Sequence[str]) -> SourceWeights:
    """Fit the weights of `sources` one after the other, in three rounds.

    Of weights that score about the same, the smallest is taken: a source gets weight only if it improves the lists.
    """
    for _ in range(ROUNDS):
        before = weights
        for source in sources:
            tried = [with_weight(weights, source, value) for value in WEIGHT_GRID]
            weights = first_of_best(tried, [contributions.ndcg(one) for one in tried])
        if weights == before:
            break
    return weights


def fit_seen_again(contributions: CandidateContributions, weights: SourceWeights, *, has_times: bool) -> tuple[float, float]:
    """Fit the score that a product of the history gets for itself, and the share that those of the newest step keep.

    Without times, a history is a single step.
    """
    # Together: what is gained by products of earlier steps is lost where those of the newest one take the first places.
    shares = NEWEST_SHARES if has_times else (1.0,)
    tried = [(seen_again, share) for share in shares for seen_again in SEEN_AGAIN_GRID]
    return first_of_best(
        tried, [contributions.ndcg(weights, seen_again=seen_again, newest_share=share) for seen_again, share in tried]
    )


def _contributions_of(
    replay: Replay, customer: int, model: Model, *, seen: Seen
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Return a customer's candidates, the contributions to them, and which are of the newest step, as a list is served."""
    everything = replace(EVERYTHING, own=dict.fromkeys(own_names(), 1.0))
    every = model.with_config(source_weights=everything, newcomer_weights=everything)
    inputs = replay.ranking_inputs(customer, model=every)
    shortlisted = shortlist(inputs, request=ListRequest(seen=seen))
    candidates = eligible(replay.candidates(shortlisted.query), inputs, shortlisted.signals)
    scores = score(shortlisted.signals, candidates, inputs=inputs, now=replay.now)
    is_newest = inputs.catalogue.are_variants(candidates, newest_products(inputs.history))
    return candidates, np.vstack([scores.by_source, scores.seen_again]).T, is_newest
