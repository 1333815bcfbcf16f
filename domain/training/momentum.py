"""Momentum: which products gain new customers faster than others.

A list shows products that the customer does not have yet, so first events with a product predict more than repeated ones.
"""

import numpy as np
import numpy.typing as npt

from domain.ranking.hyperparameters import Hyperparameters
from domain.training.event_pairs import EventPairs

PRIOR = 1.0


def momentum(pairs: EventPairs, hyperparameters: Hyperparameters, *, n_products: int) -> npt.NDArray[np.float64]:
    """Return the factor of each product (n_products,): its recent new customers over the number expected from its size.

    With n(j) customers of product j, f(j) the sum over them of 1/2 per `momentum_days` since the first event with j, and
    m = sum f / sum n, the factor is `((f(j) + 1) / (m n(j) + 1)) ^ momentum_exponent`. It is 1 at the shop's average rate.
    The added 1 is a Gamma-Poisson prior (DuMouchel, "Bayesian data mining in large frequency tables", 1999), so one new
    customer at most doubles a product. All factors are 1 if all events have one instant.
    """
    # Only the first event of a pair counts: later ones do not bring the product a new customer.
    fresh = pairs.log.decay(half_life_days=hyperparameters.momentum_days)[pairs.first]
    n_customers = np.bincount(pairs.products, minlength=n_products)
    n_fresh = np.bincount(pairs.products, weights=fresh, minlength=n_products)
    usual = float(fresh.mean()) if len(fresh) else 0.0
    # The prior stands on both sides, so a product without customers has the factor 1.
    factors = (n_fresh + PRIOR) / (usual * n_customers + PRIOR)
    return np.asarray(factors**hyperparameters.momentum_exponent, dtype=np.float64)
