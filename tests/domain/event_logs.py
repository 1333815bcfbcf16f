"""Event logs for tests, made of plain values."""

import numpy as np

from domain.training.event_log import EVENT_TYPES, EventLog
from tests.domain.shop import DAY_US, NOW_US


def log_of(*events):
    """Make a log of (customer, product, event type, days ago[, order[, spent]])."""
    full = [(*event, 0, 0.0)[:6] if len(event) == 4 else (*event, 0.0)[:6] for event in events]
    names = list(dict.fromkeys(event[0] for event in full))
    return EventLog(
        customer_ids=names,
        customers=np.array([names.index(event[0]) for event in full], dtype=np.int64),
        products=np.array([event[1] for event in full], dtype=np.int64),
        event_types=np.array([EVENT_TYPES.index(event[2]) for event in full], dtype=np.int8),
        occurred_at=np.array([NOW_US - int(event[3] * DAY_US) for event in full], dtype=np.int64),
        orders=np.array([event[4] for event in full], dtype=np.int64),
        spent=np.array([event[5] for event in full], dtype=np.float64),
    )


def tastes(n_customers=60, n_products=12, *, days=0, rng=None):
    """Make a shop of two tastes: even customers like the lower half of the products, odd ones the upper half.

    Each customer views 4 of 6, over `days` days or all at once.
    """
    rng = rng or np.random.default_rng(1)
    half = n_products // 2
    events = [
        (f"c{customer}", int(product) + half * (customer % 2), "view", float(rng.integers(days)) if days else 0.0)
        for customer in range(n_customers)
        for product in rng.permutation(half)[:4]
    ]
    return log_of(*events)
