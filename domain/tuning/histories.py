"""The histories of some customers, and how well scores of products predict what these customers turned to."""

import numpy as np
import numpy.typing as npt
from scipy import sparse

from domain.evaluation.metrics import ndcg_at_k
from domain.evaluation.splitting import GroundTruth
from domain.ranking.hyperparameters import FOREVER, Hyperparameters
from domain.ranking.packed_history import MAX_HISTORY_EVENTS
from domain.records.values import DAY
from domain.training.threads import in_threads
from domain.training.top_k import Rows, SparseMatrix, best_first, blocks, largest, stacked, top_k_rows
from domain.training.training_data import TrainingData

TUNING_K = 20
MAX_SCORES = 500

SCORES_PER_BLOCK = 2_000_000
"""How many products of a seed and a neighbour are added up at once, which bounds memory."""


class CustomerHistories:
    """The histories of some customers, as serving weighs them, and the products that each turned to."""

    def __init__(self, data: TrainingData, ground_truth: GroundTruth) -> None:
        log = data.log
        self.data = data
        order = np.lexsort((-log.occurred_at, log.customers))
        starts = np.searchsorted(log.customers[order], ground_truth.customers)
        ends = np.searchsorted(log.customers[order], ground_truth.customers, side="right")
        own = np.concatenate([order[first:last] for first, last in zip(starts, ends, strict=True)])
        rows = np.repeat(np.arange(len(starts)), ends - starts)
        self._seen = self._matrix(np.ones(len(own)), rows, log.products[own])
        # Events are newest first within each customer, so the rank of an event is its offset from the customer's start.
        rank = np.arange(len(own)) - np.repeat(np.cumsum(ends - starts) - (ends - starts), ends - starts)
        newest = rank < MAX_HISTORY_EVENTS
        self._events, self._rows = own[newest], rows[newest]
        # As in `event_weights`, age counts from the customer's newest event.
        self._age_days = (
            log.occurred_at[own[np.cumsum(ends - starts) - (ends - starts)]][self._rows] - log.occurred_at[self._events]
        ) / DAY
        n_instants = np.cumsum(np.diff(log.occurred_at[self._events], prepend=-1) != 0)
        self._steps = n_instants - n_instants[rank[newest] == 0][self._rows]
        rows = np.searchsorted(ground_truth.customers, ground_truth.of_pair)
        # One number per pair of customer and product finds all hits with one search.
        self._relevant = rows * data.n_products + ground_truth.products
        self._n_relevant = np.bincount(rows, minlength=len(starts))

    def seeds(self, hyperparameters: Hyperparameters) -> SparseMatrix:
        """Return the weights of histories as a csr matrix (customers, products), the largest of each customer 1."""
        log = self.data.log
        weights = log.weights(exponent=hyperparameters.event_exponent)[self._events]
        age = self._age_days / hyperparameters.history_days
        if hyperparameters.history_steps < FOREVER:
            age += self._steps / hyperparameters.history_steps
        decay = 0.5**age
        matrix = self._matrix(weights * decay, self._rows, log.products[self._events])
        largest_of_each = matrix.max(axis=1).toarray().ravel()
        scaled = (sparse.diags_array(1 / np.where(largest_of_each > 0, largest_of_each, 1.0)) @ matrix).tocsr()
        scaled.data **= hyperparameters.repeat_exponent
        return scaled

    def best_unseen(self, seeds: SparseMatrix, model: SparseMatrix) -> SparseMatrix:
        """Return the best scores `seeds @ model` of products that the customer has not seen, as csr rows."""
        n_neighbours = np.diff(model.indptr)
        n_scores = np.append(0, np.cumsum(n_neighbours[seeds.indices], dtype=np.int64))

        def best_of(customers: slice) -> Rows:
            scores = seeds[customers] @ model
            sizes = np.diff(scores.indptr)
            # A mask of the block is faster than a product with the sparse matrix of what was seen.
            seen = self._seen[customers].toarray()
            values = np.where(seen[np.repeat(np.arange(len(sizes)), sizes), scores.indices] > 0, 0.0, scores.data)
            n_best, best = largest(sizes, scores.indices, values, k=MAX_SCORES)
            return Rows(n_best, scores.indices[best], values[best])

        work = np.diff(n_scores[seeds.indptr]) + model.shape[1]
        return stacked(in_threads(best_of, blocks(work, most=SCORES_PER_BLOCK)), n_columns=model.shape[1])

    def ndcg(self, scores: SparseMatrix) -> npt.NDArray[np.float64]:
        """Return each customer's NDCG@20 of the products with the highest scores, a csr matrix (customers, products)."""
        best = best_first(top_k_rows(scores, k=TUNING_K))
        sizes = np.diff(best.indptr)
        rows = np.repeat(np.arange(len(sizes)), sizes)
        hits = np.zeros((len(sizes), TUNING_K), dtype=np.bool_)
        hits[rows, np.arange(best.nnz) - best.indptr[rows]] = np.isin(rows * best.shape[1] + best.indices, self._relevant)
        return ndcg_at_k(hits, self._n_relevant)

    def _matrix(
        self, values: npt.NDArray[np.float64], rows: npt.NDArray[np.int64], products: npt.NDArray[np.int64]
    ) -> SparseMatrix:
        shape = (int(rows.max(initial=-1)) + 1, self.data.n_products)
        coordinates = rows.astype(np.int32), products.astype(np.int32)
        return sparse.coo_array((values, coordinates), shape=shape).tocsr()
