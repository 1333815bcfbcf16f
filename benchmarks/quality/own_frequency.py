"""TopPersonal: GP-TopFreq of Li, Jullien, Ariannezhad and de Rijke, "A Next Basket Recommendation Reality Check" (2023)."""

import time

import numpy as np
import pandas as pd

from benchmarks.quality.ranking_task import RankingTask
from benchmarks.quality.rankings import Rankings, fill, most_weight_first


def rank_by_own_frequency(
    task: RankingTask, *, k: int, half_life_days: float | None = None, popular_days: float | None = None
) -> Rankings:
    """Rank what a customer bought by the number of baskets, each halved every `half_life_days`; popular products follow."""
    started_at = time.perf_counter()
    baskets = task.events.drop_duplicates(["customer", "product", "age_days"])
    weight = np.ones(len(baskets)) if half_life_days is None else 0.5 ** (baskets["age_days"] / half_life_days)
    pairs = pd.DataFrame({"weight": weight, "age": baskets["age_days"]}).groupby([baskets["customer"], baskets["product"]])
    own = pairs.agg({"weight": "sum", "age": "min"}).reset_index()
    # Ties go to what was bought last, then to the lower index.
    own = own.sort_values(["customer", "weight", "age", "product"], ascending=[True, False, True, True])
    own = own[own.groupby("customer").cumcount() < k]
    by_customer = {customer: found.to_numpy() for customer, found in own.groupby("customer")["product"]}
    popular_first = most_weight_first(task, weighting="counts", days=popular_days)
    trained_at = time.perf_counter()
    lists = np.full((len(task.customers), k), -1, dtype=np.int64)
    for row, customer in enumerate(task.customers.tolist()):
        best = by_customer.get(customer, np.empty(0, dtype=np.int64))
        lists[row, : len(best)] = best
    lists = fill(lists, popular_first, task.excluded())
    return Rankings(lists=lists, train_seconds=trained_at - started_at, list_seconds=time.perf_counter() - trained_at)
