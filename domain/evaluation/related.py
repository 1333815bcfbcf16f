"""Measure lists about products: hidden products of baskets, and the next product that a session looks at."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from domain.evaluation import metrics
from domain.evaluation.measurement import BOOTSTRAP_SEED
from domain.evaluation.replay import Replay
from domain.ranking.related_inputs import RelatedKind
from domain.training.co_occurrence import Normalisation, co_occurrence
from domain.training.complements import order_matrix
from domain.training.event_log import EventLog
from domain.training.sessions import session_matrix, session_numbers
from domain.training.top_k import SparseMatrix, top_k

MAX_CASES = 5000
MAX_SEEDS = 20
N_NEIGHBOURS = 100

RELATED_MODELS = ("popularity", "cosine", "served")


class Case(Struct, frozen=True, kw_only=True):
    """Products that a list is about, and the product that it should have."""

    seeds: tuple[int, ...]
    hidden: int


class RelatedTask(Struct, frozen=True, kw_only=True):
    """What every model ranks for: the shop, the available products (n_products,), the cases and the length of a list."""

    replay: Replay
    kind: RelatedKind
    available: npt.NDArray[np.bool_]
    cases: Sequence[Case]
    k: int


class RelatedResult(Struct, frozen=True, kw_only=True):
    """The measures of one model: means over cases, with 95 % bootstrap intervals."""

    model: str
    hit_rate: float
    hit_rate_interval: tuple[float, float]
    mrr: float
    mrr_interval: tuple[float, float]
    coverage: float
    cases: int
    ms_per_list: float


RelatedRanker = Callable[[Sequence[int]], Sequence[int]]
"""Returns the product indexes of a list about products, best first, at most k."""


def cases_of(test: EventLog, kind: RelatedKind, *, rng: np.random.Generator) -> list[Case]:
    """Sample at most 5,000 held-out cases.

    For `bought-together`, a random product of an order of several is hidden, and the others, at most 20 random ones, are the
    seeds. For `similar`, the seed is a product that a session looks at, and the next other one is hidden.
    """
    return _baskets(test, rng=rng) if kind == "bought-together" else _next_views(test, rng=rng)


def related_ranker(name: str, task: RelatedTask) -> RelatedRanker:
    """Return the ranker of a model of RELATED_MODELS.

    `cosine` adds up the cosines to the seeds of co-occurrence in train orders or sessions, `popularity` ranks the products
    of the seeds' categories by the number of these, and `served` is the list that HTTP answers.
    """
    if name == "served":
        known = task.replay.catalogue

        def rank(seeds: Sequence[int]) -> Sequence[int]:
            named = [index for index in seeds if known.has(index)]
            return task.replay.related(named, kind=task.kind, k=task.k) if named else []

        return rank
    data = task.replay.data
    matrix_of = order_matrix if task.kind == "bought-together" else session_matrix
    matrix = matrix_of(data.log.only(data.log.is_purchase == (task.kind == "bought-together")), n_products=data.n_products)
    return _cosine(matrix, task) if name == "cosine" else _popularity(matrix, task)


def measure_related(name: str, rankings: Sequence[Sequence[int]], task: RelatedTask, *, seconds: float) -> RelatedResult:
    """Compare the rankings of one model, one for each case, with the hidden products."""
    hits = np.zeros((len(task.cases), task.k), dtype=np.bool_)
    for row, (ranking, case) in enumerate(zip(rankings, task.cases, strict=True)):
        hits[row, : len(ranking)] = np.asarray(ranking) == case.hidden
    hit_rate, mrr = metrics.hit_rate_at_k(hits), metrics.mrr_at_k(hits)
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    products = np.array([index for ranking in rankings for index in ranking], dtype=np.int64)
    return RelatedResult(
        model=name,
        hit_rate=float(hit_rate.mean()),
        hit_rate_interval=metrics.bootstrap_interval(hit_rate, rng=rng),
        mrr=float(mrr.mean()),
        mrr_interval=metrics.bootstrap_interval(mrr, rng=rng),
        coverage=metrics.catalogue_coverage(products, n_products=int(task.available.sum())),
        cases=len(task.cases),
        ms_per_list=1000 * seconds / len(task.cases),
    )


def _baskets(test: EventLog, *, rng: np.random.Generator) -> list[Case]:
    orders = order_matrix(test.only(test.is_purchase), n_products=int(test.products.max(initial=-1)) + 1)
    chosen = np.sort(rng.choice(orders.shape[0], size=min(MAX_CASES, orders.shape[0]), replace=False))
    cases: list[Case] = []
    for row in chosen.tolist():
        products = rng.permutation(orders.indices[orders.indptr[row] : orders.indptr[row + 1]]).tolist()
        cases.append(Case(seeds=tuple(products[1 : 1 + MAX_SEEDS]), hidden=products[0]))
    return cases


def _next_views(test: EventLog, *, rng: np.random.Generator) -> list[Case]:
    views = test.only(~test.is_purchase)
    order, sessions = session_numbers(views)
    products = views.products[order]
    follows = np.flatnonzero((sessions[1:] == sessions[:-1]) & (products[1:] != products[:-1]))
    chosen = np.sort(rng.choice(follows, size=min(MAX_CASES, len(follows)), replace=False))
    return [Case(seeds=(int(products[place]),), hidden=int(products[place + 1])) for place in chosen.tolist()]


def _cosine(matrix: SparseMatrix, task: RelatedTask) -> RelatedRanker:
    neighbours, _ = co_occurrence(
        matrix,
        np.ones(matrix.shape[0]),
        Normalisation(seed_exponent=0.5, candidate_exponent=0.5, candidate_factors=np.ones(matrix.shape[1])),
        n_neighbours=N_NEIGHBOURS,
        n_candidates=0,
    )

    def rank(seeds: Sequence[int]) -> Sequence[int]:
        known = [index for index in seeds if index < matrix.shape[1]]
        scores = np.asarray(neighbours[known].sum(axis=0)).ravel() * task.available
        scores[known] = 0.0
        return top_k(np.arange(len(scores), dtype=np.int32), scores, k=task.k).tolist()

    return rank


def _popularity(matrix: SparseMatrix, task: RelatedTask) -> RelatedRanker:
    counts = np.bincount(matrix.indices, minlength=matrix.shape[1]) * task.available
    codes = task.replay.catalogue.category_codes[: matrix.shape[1]]

    def rank(seeds: Sequence[int]) -> Sequence[int]:
        known = [index for index in seeds if index < matrix.shape[1]]
        scores = np.where(np.isin(codes, codes[known]), counts, 0).astype(np.float64)
        scores[known] = 0.0
        return top_k(np.arange(len(scores), dtype=np.int32), scores, k=task.k).tolist()

    return rank
