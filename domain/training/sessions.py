"""Sessions: what a customer looks at without a break of half an hour."""

import numpy as np
import numpy.typing as npt
from scipy import sparse

from domain.records.values import DAY
from domain.training.event_log import EventLog
from domain.training.top_k import SparseMatrix

GAP = DAY // 48
"""Half an hour in microseconds, the usual end of a session in web analytics."""


def session_numbers(log: EventLog) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the order of the events by customer and time, and for each place in it the number of its session."""
    order = np.lexsort((log.occurred_at, log.customers))
    customers, occurred_at = log.customers[order], log.occurred_at[order]
    begins = (np.diff(customers, prepend=-1) != 0) | (np.diff(occurred_at, prepend=0) > GAP)
    return order, np.cumsum(begins) - 1


def session_matrix(log: EventLog, *, n_products: int) -> SparseMatrix:
    """Return the csr matrix (sessions, products) that marks the products of each session."""
    order, sessions = session_numbers(log)
    matrix = sparse.csr_array(
        (np.ones(len(order)), (sessions, log.products[order])), shape=(int(sessions.max(initial=-1)) + 1, n_products)
    )
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix
