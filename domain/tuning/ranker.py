"""Fit the learned ranker to held-out events, listwise, starting from the source weights."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace
from scipy import optimize, sparse

from domain.evaluation.metrics import ndcg_at_k
from domain.evaluation.replay import Replay
from domain.evaluation.splitting import GroundTruth
from domain.ranking.contributions import SOURCE_INDEX
from domain.ranking.features import feature_values
from domain.ranking.model import Model, Shape, SourceWeights
from domain.ranking.recommend import eligible, score, shortlist
from domain.ranking.shapes import FEATURES, SHAPED_SOURCES, rise_of, sources_of
from domain.records.recommendations import ListRequest, Source
from domain.training.top_k import SparseMatrix
from domain.tuning.histories import TUNING_K
from domain.tuning.pattern_search import is_surely_better

MIN_FITTED = 30
"""Customers with a hit among their candidates; fewer say nothing about functions."""
MIN_FOR_CURVES = 100
N_PIECES = 5
"""Functions are straight lines for fewer customers, and have this many pieces for more."""
PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1)
N_FOLDS = 4
MAX_ITERATIONS = 50
MIN_RISE = 0.01
"""A function that adds less than this to any score, where the best neighbour adds about 1, is left out."""

Values = npt.NDArray[np.float64]
_minimize: Any = optimize.minimize
"""scipy ships no types."""


class Ranker(Struct, frozen=True, kw_only=True):
    """Learned shapes with the source weights that they were scaled to.

    `gain` is the mean NDCG of customers beyond that of the source weights, each measured by functions fitted to others, and
    0 where nothing is learned; `n_customers` had hits to learn from.
    """

    shapes: tuple[Shape, ...] = ()
    source_weights: SourceWeights = SourceWeights()
    gain: float = 0.0
    n_customers: int = 0


def fit_ranker(replay: Replay, model: Model, ground_truth: GroundTruth, *, rng: np.random.Generator) -> Ranker:
    """Fit functions of the features to what customers turned to, and keep them if they rank surely better.

    They minimise the listwise loss of Cao et al., "Learning to rank" (ICML 2007), with the relevant products equally likely,
    plus a penalty for leaving the lines of the source weights. Of the penalties whose loss, for customers left out of the
    fit, is lower by more than two standard errors, the one with the best NDCG counts; it must beat the source weights.
    """
    lists = CandidateLists(replay, model, ground_truth)
    n_customers = int(lists.has_hit.sum())
    if n_customers < MIN_FITTED or not lists.features.any():
        return Ranker(n_customers=n_customers)
    basis = _Basis(lists.features, model.config.source_weights, n_pieces=N_PIECES if n_customers >= MIN_FOR_CURVES else 1)
    folds = rng.integers(N_FOLDS, size=len(lists.sizes))
    before = lists.ndcg(basis.design @ basis.prior + lists.unshaped)
    best, gain = None, 0.0
    for penalty in PENALTIES:
        scores, scores_before = np.zeros(len(lists.hits)), np.zeros(len(lists.hits))
        for fold in range(N_FOLDS):
            fitted = _fit(lists, basis, folds != fold, penalty=penalty)
            rows = np.repeat(folds == fold, lists.sizes)
            scores[rows] = basis.design[rows] @ fitted.values + fitted.scale * lists.unshaped[rows]
            scores_before[rows] = fitted.scale * (basis.design[rows] @ basis.prior + lists.unshaped[rows])
        lower, higher = (lists.losses(own)[lists.has_hit] for own in (scores, scores_before))
        gained = float((lists.ndcg(scores) - before).mean())
        if gained > gain and is_surely_better(higher, lower, n_errors=2.0):
            best, gain = penalty, gained
    if best is None:
        return Ranker(n_customers=n_customers)
    fitted = _fit(lists, basis, np.ones(len(folds), dtype=np.bool_), penalty=best)
    shapes = basis.shapes(fitted.values / fitted.scale)
    # A source whose functions the fit leaves at 0 weighs nothing, instead of what it weighed before.
    weights = {source: rise_of(source, shapes) for source in basis.sources}
    return Ranker(
        shapes=shapes, source_weights=replace(model.config.source_weights, **weights), gain=gain, n_customers=n_customers
    )


class CandidateLists:
    """The candidates of some customers, one list after the other, with what is known of each.

    `features` (n_candidates, n_features) are the values of FEATURES; `unshaped` (n_candidates,) the scores of sources
    without shapes; `hits` (n_candidates,) mark what the customer turned to; `sizes` and `has_hit` (n_customers,).
    """

    def __init__(self, replay: Replay, model: Model, ground_truth: GroundTruth) -> None:
        customers: list[int] = ground_truth.customers.tolist()
        values: list[npt.NDArray[np.float32]] = []
        unshaped: list[Values] = []
        hits: list[npt.NDArray[np.bool_]] = []
        n_relevant: list[int] = []
        # Shapes of every source, so that the values of all are computed without their weights.
        ones = tuple(Shape(feature=source, knots=(0.0, 1.0), values=(0.0, 1.0)) for source in SHAPED_SOURCES)
        every = model.with_config(shapes=ones)
        for customer in customers:
            inputs = replay.ranking_inputs(customer, model=every)
            shortlisted = shortlist(inputs, request=ListRequest(seen="exclude"))
            signals = replace(shortlisted.signals, shapes=())
            candidates = eligible(replay.candidates(shortlisted.query), inputs, signals)
            by_source = score(signals, candidates, inputs=inputs, now=replay.now).by_source
            own = feature_values(signals, candidates, by_source, inputs=inputs, names=FEATURES)
            values.append(np.stack([own[name] for name in FEATURES], axis=1).astype(np.float32))
            unshaped.append(by_source[SOURCE_INDEX["new"]])
            relevant = ground_truth.of(customer)
            hits.append(np.isin(candidates, relevant))
            n_relevant.append(len(relevant))
        self.features = np.concatenate([np.empty((0, len(FEATURES)), dtype=np.float32), *values])
        self.unshaped = np.concatenate([np.empty(0), *unshaped])
        self.hits = np.concatenate([np.empty(0, dtype=np.bool_), *hits])
        self.sizes = np.array([len(own) for own in hits], dtype=np.intp)
        self._n_relevant = np.array(n_relevant, dtype=np.int64)
        self._list_of = np.repeat(np.arange(len(customers)), self.sizes)
        self._n_hits = np.bincount(self._list_of, weights=self.hits, minlength=len(customers)).astype(np.float64)
        self.has_hit = self._n_hits > 0

    def loss_of(self, lists: npt.NDArray[np.bool_]) -> "ListwiseLoss":
        """Return the loss of the marked lists that have a hit."""
        chosen = lists & self.has_hit
        return ListwiseLoss(self.hits[np.repeat(chosen, self.sizes)], self.sizes[chosen], self._n_hits[chosen])

    def losses(self, scores: Values) -> Values:
        """Return the loss of each list (n_customers,), 0 without a hit."""
        losses = np.zeros(len(self.sizes))
        every = self.loss_of(np.ones(len(self.sizes), dtype=np.bool_))
        losses[self.has_hit] = every.losses(scores[np.repeat(self.has_hit, self.sizes)])
        return losses

    def ndcg(self, scores: Values) -> Values:
        """Return the NDCG@20 of each list (n_customers,), ordered by the scores."""
        order = np.lexsort((-scores, self._list_of))
        ranks = np.arange(len(order)) - np.repeat(np.cumsum(self.sizes) - self.sizes, self.sizes)
        shown = ranks < TUNING_K
        hits = np.zeros((len(self.sizes), TUNING_K), dtype=np.bool_)
        hits[self._list_of[order][shown], ranks[shown]] = self.hits[order][shown]
        return ndcg_at_k(hits, self._n_relevant)


class ListwiseLoss:
    """The listwise loss: the cross entropy of the softmax of a list's scores, summed over its hits."""

    def __init__(self, hits: npt.NDArray[np.bool_], sizes: npt.NDArray[np.intp], n_hits: Values) -> None:
        self._hits, self._n_hits = hits.astype(np.float64), n_hits
        self._starts = np.cumsum(sizes) - sizes
        self._list_of = np.repeat(np.arange(len(sizes)), sizes)
        # The square root lies between a weight per customer and a weight per hit.
        self._weights = 1 / np.sqrt(n_hits)

    def losses(self, scores: Values) -> Values:
        return self._weights * (self._n_hits * self._softmax(scores)[1] - np.add.reduceat(self._hits * scores, self._starts))

    def mean(self, scores: Values) -> tuple[float, Values]:
        """Return the weighted mean of the losses, and its gradient by the scores."""
        probabilities, log_sums = self._softmax(scores)
        weights = self._weights / self._weights.sum()
        loss = float((weights * (self._n_hits * log_sums - np.add.reduceat(self._hits * scores, self._starts))).sum())
        return loss, weights[self._list_of] * (self._n_hits[self._list_of] * probabilities - self._hits)

    def _softmax(self, scores: Values) -> tuple[Values, Values]:
        largest = np.maximum.reduceat(scores, self._starts)
        exponentials = np.exp(scores - largest[self._list_of])
        sums = np.add.reduceat(exponentials, self._starts)
        return exponentials / sums[self._list_of], largest + np.log(sums)


class _Basis:
    """Pieces of functions of the features: each rises over one interval between two knots, and is level elsewhere.

    A column of `design` (n_candidates, n_pieces) rises to the square root of its share of the feature's range, so that a
    penalty on squares treats one line as its pieces; `prior` (n_pieces,) gives the lines of the source weights.
    """

    def __init__(self, features: npt.NDArray[np.float32], weights: SourceWeights, *, n_pieces: int) -> None:
        self._knots: list[tuple[str, Values]] = []
        columns, prior = list[SparseMatrix](), list[Values]()
        for feature, values in zip(FEATURES, features.T.astype(np.float64), strict=True):
            positive = values[values > 0]
            if not len(positive):
                continue
            inner = np.quantile(positive, np.linspace(0, 1, n_pieces + 1)[1:-1])
            knots = np.unique([0.0, *inner, positive.max()])
            widths = np.diff(knots)
            roots = np.sqrt(widths / knots[-1])
            columns.append(sparse.csr_array(np.clip((values[:, None] - knots[:-1]) / widths, 0.0, 1.0) * roots))
            prior.append(getattr(weights, feature, 0.0) * widths / roots)
            self._knots.append((feature, knots))
        self.design: SparseMatrix = sparse.hstack(columns).tocsr()
        self.prior: Values = np.concatenate(prior)

    @property
    def sources(self) -> set[Source]:
        """The sources that functions were fitted for."""
        return {source for feature, _ in self._knots for source in sources_of(feature)}

    def shapes(self, values: Values) -> tuple[Shape, ...]:
        """Return the functions with the values of the pieces (n_pieces,), without those that hardly rise."""
        first, found = 0, list[Shape]()
        for feature, knots in self._knots:
            own = values[first : first + len(knots) - 1]
            first += len(own)
            rises = np.cumsum(own * np.sqrt(np.diff(knots) / knots[-1]))
            if rises[-1] >= MIN_RISE:
                found.append(Shape(feature=feature, knots=tuple(knots.tolist()), values=(0.0, *rises.tolist())))
        return tuple(found)


class _Fitted(Struct, frozen=True):
    """Values of the pieces, and the factor by which they make scores larger than the source weights do."""

    values: Values
    scale: float


def _fit(lists: CandidateLists, basis: _Basis, chosen: npt.NDArray[np.bool_], *, penalty: float) -> _Fitted:
    """Fit the pieces to the lists of the chosen customers (n_customers,)."""
    rows = np.repeat(chosen & lists.has_hit, lists.sizes)
    design, unshaped, loss = basis.design[rows], lists.unshaped[rows], lists.loss_of(chosen)
    transposed = design.T.tocsr()
    linear = design @ basis.prior + unshaped

    def of_scale(exponent: float) -> float:
        return loss.mean(np.exp(exponent) * linear)[0]

    # A softmax needs scores of the right size: that of the source weights first, which the penalty refers to.
    scale = float(np.exp(optimize.minimize_scalar(of_scale, bounds=(-2.0, 5.0), method="bounded").x))
    prior = scale * basis.prior

    def objective(values: Values) -> tuple[float, Values]:
        mean, gradient = loss.mean(design @ values + scale * unshaped)
        away = values - prior
        return mean + penalty * float(away @ away) / 2, transposed @ gradient + penalty * away

    bounds: Sequence[tuple[float, None]] = [(0.0, None)] * len(prior)
    options = {"maxiter": MAX_ITERATIONS}
    return _Fitted(_minimize(objective, prior, jac=True, method="L-BFGS-B", bounds=bounds, options=options).x, scale)
