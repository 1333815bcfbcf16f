"""Item transitions: which products customers turn to next, and how soon."""

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from scipy import sparse

from domain.records.values import DAY
from domain.training.co_occurrence import SHRINKAGE
from domain.training.event_log import EventLog
from domain.training.top_k import SparseMatrix

WINDOW = 5
GAP_DAYS = 7.0


class Transitions(Struct, frozen=True, kw_only=True):
    """The sums of the weights of what followed each seed, as the rows of a csr matrix.

    `away` and `towards` (n_products,) are the sums of the rows and columns before the restriction to some products.
    """

    weights: SparseMatrix
    away: npt.NDArray[np.float64]
    towards: npt.NDArray[np.float64]

    def normalised(self, *, seed_exponent: float, candidate_exponent: float) -> SparseMatrix:
        """Divide by the weight that leads away from the seed and that leads to the candidate, to the given powers."""
        # The added 0.5 keeps products with a single event from extreme weights.
        seed_factors = (self.away + SHRINKAGE) ** -seed_exponent
        candidate_factors = (self.towards + SHRINKAGE) ** -candidate_exponent
        by_seed = np.repeat(seed_factors, np.diff(self.weights.indptr))
        values = by_seed * self.weights.data * candidate_factors[self.weights.indices]
        return sparse.csr_array((values, self.weights.indices, self.weights.indptr), shape=self.weights.shape)


def item_transitions(log: EventLog, *, among: npt.NDArray[np.bool_]) -> Transitions:
    """Add up what followed each product, for the products `among` (n_products,).

    An event counts for the 5 events before it of the same customer with `1 / distance`, halved per 7 days in between.
    Events of one instant have no order, so they count in both directions.
    """
    order = np.lexsort((log.occurred_at, log.customers))
    customers, products, occurred_at = log.customers[order], log.products[order].astype(np.int32), log.occurred_at[order]
    n_products = len(among)
    away, towards = np.zeros(n_products), np.zeros(n_products)
    seeds, followers, weights = [], [], []
    # One pass per distance compares the sorted log with itself, shifted: no loop over customers.
    for distance in range(1, WINDOW + 1):
        same = (customers[distance:] == customers[:-distance]) & (products[distance:] != products[:-distance])
        before, after = products[:-distance][same], products[distance:][same]
        gap = (occurred_at[distance:] - occurred_at[:-distance])[same]
        weight = 0.5 ** (gap / (GAP_DAYS * DAY)) / distance
        at_once = gap == 0
        for one, other, own in ((before, after, weight), (after[at_once], before[at_once], weight[at_once])):
            away += np.bincount(one, weights=own, minlength=n_products)
            towards += np.bincount(other, weights=own, minlength=n_products)
            kept = among[one] & among[other]
            seeds.append(one[kept])
            followers.append(other[kept])
            weights.append(own[kept])
    matrix = sparse.csr_array(
        (np.concatenate(weights), (np.concatenate(seeds), np.concatenate(followers))), shape=(n_products, n_products)
    )
    return Transitions(weights=matrix, away=away, towards=towards)
