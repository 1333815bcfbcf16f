"""Event logs and training data for tests, made of plain values."""

import numpy as np

from domain.records.interactions import EVENT_TYPES
from domain.records.values import DAY
from domain.training.event_log import EventLog
from domain.training.training_data import TrainingData
from tests.domain.shop import NOW_US, product


def event_log(*events):
    """Return a log of tuples (customer, product, event type, days ago[, order[, spent]])."""
    rows = [(*event, *(0, 0.0)[len(event) - 4 :]) for event in events]
    customers, products, event_types, days_ago, orders, spent = zip(*rows, strict=True) if rows else [()] * 6
    customer_ids = list(dict.fromkeys(customers))
    return EventLog(
        customer_ids=customer_ids,
        customers=np.array([customer_ids.index(customer) for customer in customers], dtype=np.int64),
        products=np.array(products, dtype=np.int64),
        event_types=np.array([EVENT_TYPES.index(event_type) for event_type in event_types], dtype=np.int8),
        occurred_at=np.array([NOW_US - int(days * DAY) for days in days_ago], dtype=np.int64),
        orders=np.array(orders, dtype=np.int64),
        spent=np.array(spent, dtype=np.float64),
    )


def training_data(log, products=None, assigned=None):
    """Return training data, with a product without category for each index of the log unless `products` are given."""
    if products is None:
        products = [product(index) for index in range(int(log.products.max(initial=-1)) + 1)]
    return TrainingData(log=log, products=products, assigned=assigned or {})


def two_group_log(n_customers=60, *, days=0):
    """Return a log of 12 products in which even customers view the lower half of the products, odd ones the upper half.

    Each customer views 4 of the 6 products, at random times within `days` days, or all at once for 0.
    """
    rng = np.random.default_rng(1)
    return event_log(
        *(
            (f"c{customer}", int(index) + 6 * (customer % 2), "view", float(rng.integers(days)) if days else 0.0)
            for customer in range(n_customers)
            for index in rng.permutation(6)[:4]
        )
    )
