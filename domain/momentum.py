"""What new customers come to: the lists show what someone does not have yet, so who begins with a product tells most."""

import numpy as np
import numpy.typing as npt

from domain.event_log import EventLog
from domain.recipe import Recipe

SHRINKAGE = 5.0


def momentum(log: EventLog, recipe: Recipe, *, n_products: int) -> npt.NDArray[np.float64]:
    """Compare how many of a product's customers are new with how many of all products' are; return (n_products,) factors.

    With n(j) customers of product j, f(j) their sum with each halved every `momentum_days` since the first event with j,
    and m = sum f / sum n, the factor is `((f(j) + 5 m) / ((n(j) + 5) m)) ^ momentum_exponent`: 1 for the shop's usual share,
    more for what is being discovered, less for what the same customers come back to. The 5 customers of the usual share
    that every product is given shrink it where there are few. Where all events are of one instant, all factors are 1.
    """
    pairs = log.customers * n_products + log.products
    order = np.lexsort((log.occurred_at, pairs))
    first = order[np.diff(pairs[order], prepend=-1) != 0]
    fresh = 0.5 ** (log.age_days()[first] / recipe.momentum_days)
    n_customers = np.bincount(log.products[first], minlength=n_products)
    n_fresh = np.bincount(log.products[first], weights=fresh, minlength=n_products)
    usual = float(fresh.mean()) if len(fresh) else 1.0
    factors = (n_fresh + SHRINKAGE * usual) / ((n_customers + SHRINKAGE) * usual)
    return np.asarray(factors**recipe.momentum_exponent, dtype=np.float64)
