"""What new customers come to: the lists show what someone does not have yet, so who begins with a product tells most."""

import numpy as np
import numpy.typing as npt

from domain.ranking.hyperparameters import Hyperparameters
from domain.training.event_log import EventLog

PRIOR = 1.0


def momentum(log: EventLog, hyperparameters: Hyperparameters, *, n_products: int) -> npt.NDArray[np.float64]:
    """Compare how many customers a product is new to with how many it should be by its size; return (n_products,) factors.

    With n(j) customers of product j, f(j) their sum with each halved every `momentum_days` since the first event with j,
    and m = sum f / sum n, the factor is `((f(j) + 1) / (m n(j) + 1)) ^ momentum_exponent`, a Gamma-Poisson shrinkage
    (DuMouchel, "Bayesian data mining in large frequency tables", 1999): 1 for what the shop's usual share leads to, more
    for what is being discovered, less for what the same customers come back to. The 1 is the prior: one new customer at
    most doubles a product. Where all events are of one instant, all factors are 1.
    """
    pairs = log.customers * n_products + log.products
    order = np.lexsort((log.occurred_at, pairs))
    first = order[np.diff(pairs[order], prepend=-1) != 0]
    fresh = 0.5 ** (log.age_days()[first] / hyperparameters.momentum_days)
    n_customers = np.bincount(log.products[first], minlength=n_products)
    n_fresh = np.bincount(log.products[first], weights=fresh, minlength=n_products)
    usual = float(fresh.mean()) if len(fresh) else 0.0
    factors = (n_fresh + PRIOR) / (usual * n_customers + PRIOR)
    return np.asarray(factors**hyperparameters.momentum_exponent, dtype=np.float64)
