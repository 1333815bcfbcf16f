"""Item transitions: which products customers turn to next, and how soon."""

import numpy as np
from scipy import sparse

from domain.records.values import DAY
from domain.training.co_occurrence import SHRINKAGE
from domain.training.event_log import EventLog
from domain.training.top_k import SparseMatrix

WINDOW = 5
GAP_DAYS = 7.0


def item_transitions(log: EventLog, *, n_products: int, seed_exponent: float, candidate_exponent: float) -> SparseMatrix:
    """Return the weights of what followed each seed, as the rows of a csr matrix.

    An event counts for the 5 events before it of the same customer with `1 / distance`, halved per 7 days in between.
    Events of one instant have no order, so they count in both directions. Sums are divided by the weight that leads away
    from the seed and that leads to the candidate, to the power of the exponents.
    """
    order = np.lexsort((log.occurred_at, log.customers))
    customers, products, occurred_at = log.customers[order], log.products[order], log.occurred_at[order]
    seeds, followers, weights = [], [], []
    # One pass per distance compares the sorted log with itself, shifted: no loop over customers.
    for distance in range(1, WINDOW + 1):
        same = (customers[distance:] == customers[:-distance]) & (products[distance:] != products[:-distance])
        before, after = products[:-distance][same], products[distance:][same]
        gap = (occurred_at[distance:] - occurred_at[:-distance])[same]
        weight = 0.5 ** (gap / (GAP_DAYS * DAY)) / distance
        at_once = gap == 0
        seeds += [before, after[at_once]]
        followers += [after, before[at_once]]
        weights += [weight, weight[at_once]]
    matrix = sparse.csr_array(
        (np.concatenate(weights), (np.concatenate(seeds), np.concatenate(followers))), shape=(n_products, n_products)
    )
    # The added 0.5 keeps products with a single event from extreme weights.
    away = np.asarray(matrix.sum(axis=1)).ravel() + SHRINKAGE
    towards = np.asarray(matrix.sum(axis=0)).ravel() + SHRINKAGE
    return (sparse.diags_array(away**-seed_exponent) @ matrix @ sparse.diags_array(towards**-candidate_exponent)).tocsr()
