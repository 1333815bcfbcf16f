"""How new products are: what counts in every list that shows some for their age alone."""

from datetime import datetime

import numpy as np
import numpy.typing as npt

from domain.ranking.catalogue import Catalogue
from domain.ranking.indexes import Indexes
from domain.records.values import DAY, to_microseconds

NEW_DAYS = 30.0


def age_days(products: Indexes, catalogue: Catalogue, *, now: datetime) -> npt.NDArray[np.float64]:
    """Return the ages (n,) of products, 0 for one that is dated in the future."""
    return np.maximum(to_microseconds(now) - catalogue.created_at[products], 0) / DAY


def freshness(products: Indexes, catalogue: Catalogue, *, now: datetime) -> npt.NDArray[np.float64]:
    """Return 1 / (1 + age / 30 days) for each of the products (n,)."""
    return 1.0 / (1.0 + age_days(products, catalogue, now=now) / NEW_DAYS)
