"""How well neighbours alone foresee held-out events: the fast measure that neighbours are tuned by."""

from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace
from scipy import sparse

from domain.evaluation.metrics import ndcg_at_k
from domain.evaluation.splitting import GroundTruth
from domain.ranking.hyperparameters import Hyperparameters
from domain.ranking.inputs import MAX_HISTORY_EVENTS
from domain.training.event_log import EventLog
from domain.training.momentum import momentum
from domain.training.neighbours import NeighbourModels
from domain.training.top_k import top_k, top_k_rows

TUNING_K = 20
MAX_SCORES = 500


class CustomerHistories:
    """The histories of some customers, as serving weighs them, and what each of them is to be shown."""

    def __init__(self, log: EventLog, ground_truth: GroundTruth, *, n_products: int) -> None:
        self._log, self._n_products = log, n_products
        self._momentum: dict[tuple[float, float], npt.NDArray[np.float64]] = {}
        order = np.lexsort((-log.occurred_at, log.customers))
        starts = np.searchsorted(log.customers[order], ground_truth.customers)
        ends = np.searchsorted(log.customers[order], ground_truth.customers, side="right")
        own = np.concatenate([order[first:last] for first, last in zip(starts, ends, strict=True)])
        rows = np.repeat(np.arange(len(starts)), ends - starts)
        self._seen: Any = self._matrix(np.ones(len(own)), rows, log.products[own])
        self._seen.data[:] = 1.0
        newest = (
            np.arange(len(own)) - np.repeat(np.cumsum(ends - starts) - (ends - starts), ends - starts) < MAX_HISTORY_EVENTS
        )
        chosen = own[newest]
        self._weights, self._products, self._rows = log.weights[chosen], log.products[chosen], rows[newest]
        self._age_days = log.age_days()[chosen]
        self.ground_truth_of = [ground_truth.of(customer) for customer in ground_truth.customers.tolist()]
        self.n_relevant = np.array([len(products) for products in self.ground_truth_of], dtype=np.int64)

    def seeds(self, hyperparameters: Hyperparameters) -> Any:
        """Weigh histories as a csr matrix (customers, products), the strongest product of each at 1."""
        weights = self._weights**hyperparameters.event_exponent * 0.5 ** (self._age_days / hyperparameters.history_days)
        matrix = self._matrix(weights, self._rows, self._products)
        most = matrix.max(axis=1).toarray().ravel()
        scaled = (sparse.diags_array(1 / np.where(most > 0, most, 1.0)) @ matrix).tocsr()
        scaled.data **= hyperparameters.repeat_exponent
        return scaled

    def momentum(self, hyperparameters: Hyperparameters) -> npt.NDArray[np.float64]:
        """Return the factor of each product (n_products,), computed once for a half-life and an exponent."""
        chosen = hyperparameters.momentum_days, hyperparameters.momentum_exponent
        if chosen not in self._momentum:
            self._momentum[chosen] = momentum(self._log, hyperparameters, n_products=self._n_products)
        return self._momentum[chosen]

    def unseen(self, scores: Any) -> Any:
        """Keep the best scores (customers, products) of what was not seen, as csr rows."""
        return top_k_rows((scores - scores.multiply(self._seen)).tocsr(), n=MAX_SCORES)

    def ndcg(self, scores: Any) -> float:
        """Return the mean NDCG@20 of the products with the highest scores, a csr matrix (customers, products)."""
        hits = np.zeros((scores.shape[0], TUNING_K), dtype=np.bool_)
        for row, (first, last) in enumerate(zip(scores.indptr[:-1].tolist(), scores.indptr[1:].tolist(), strict=True)):
            best = scores.indices[first:last][top_k(scores.indices[first:last], scores.data[first:last], n=TUNING_K)]
            hits[row, : len(best)] = np.isin(best, self.ground_truth_of[row])
        return float(ndcg_at_k(hits, self.n_relevant).mean())

    def _matrix(self, values: npt.NDArray[np.float64], rows: npt.NDArray[np.int64], products: npt.NDArray[np.int64]) -> Any:
        matrix = sparse.coo_array((values, (rows, products)), shape=(int(rows.max(initial=-1)) + 1, self._n_products))
        return matrix.tocsr()


class NeighbourObjective:
    """What the three views of one recipe foresee by themselves; a mix of them is scored as the sum of the best of each."""

    def __init__(self, histories: CustomerHistories, models: NeighbourModels, *, learned_by: Hyperparameters) -> None:
        self._histories, self._models = histories, models
        self._learned_momentum = histories.momentum(learned_by)
        self._scored: Hyperparameters | None = None
        self._scores: tuple[Any, Any, Any] | None = None

    def ndcg(self, hyperparameters: Hyperparameters) -> float:
        """Return the mean NDCG@20 of the mix and the histories of `hyperparameters`, and about that of its momentum."""
        history = replace(hyperparameters, ridge_share=0.0, succession_share=0.0, momentum_days=1.0, momentum_exponent=0.0)
        if self._scores is None or self._scored != history:
            seeds = self._histories.seeds(hyperparameters)
            models = (self._models.together, self._models.ridge, self._models.transitions)
            together, ridge, item_transitions = (self._histories.unseen(seeds @ view) for view in models)
            self._scored, self._scores = history, (together, ridge, item_transitions)
        together, ridge, item_transitions = self._scores
        together_share = 1.0 - hyperparameters.ridge_share - hyperparameters.succession_share
        mix = (
            together_share * together
            + hyperparameters.ridge_share * ridge
            + hyperparameters.succession_share * item_transitions
        )
        momentum = sparse.diags_array(self._histories.momentum(hyperparameters) / self._learned_momentum)
        return self._histories.ndcg((mix @ momentum).tocsr())
