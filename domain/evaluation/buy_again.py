"""Measure lists of what customers buy again: the products that their next order repeats."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from domain.evaluation import metrics
from domain.evaluation.measurement import BOOTSTRAP_SEED
from domain.evaluation.replay import Replay
from domain.evaluation.splitting import Split
from domain.records.values import from_microseconds

MAX_CUSTOMERS = 5000

BUY_AGAIN_MODELS = ("top-personal", "last-bought", "served")


class BuyAgainCase(Struct, frozen=True, kw_only=True):
    """An order of a customer at an instant in microseconds, and the products of it that were bought before, ascending."""

    customer: int
    at: int
    products: tuple[int, ...]


class BuyAgainTask(Struct, frozen=True, kw_only=True):
    """What every model ranks for: the shop, the available products (n_products,), the cases and the length of a list."""

    replay: Replay
    available: npt.NDArray[np.bool_]
    cases: Sequence[BuyAgainCase]
    k: int


class BuyAgainResult(Struct, frozen=True, kw_only=True):
    """The measures of one model: means over customers, with 95 % bootstrap intervals."""

    model: str
    recall: float
    recall_interval: tuple[float, float]
    ndcg: float
    ndcg_interval: tuple[float, float]
    hit_rate: float
    coverage: float
    cases: int
    ms_per_list: float


BuyAgainRanker = Callable[[BuyAgainCase], Sequence[int]]
"""Returns the product indexes of the list for a case, best first, at most k."""


def repeated_orders(split: Split, *, rng: np.random.Generator) -> list[BuyAgainCase]:
    """Find the first test order of each customer that repeats a product of the train part, for at most 5,000 customers.

    Items of one order have its number; without orders, those of one instant are one.
    """
    train, test = split.train.only(split.train.is_purchase), split.test.only(split.test.is_purchase)
    n_products = 1 + max(int(train.products.max(initial=0)), int(test.products.max(initial=0)))
    is_repeat = np.isin(test.customers * n_products + test.products, train.customers * n_products + train.products)
    order = np.lexsort((test.products, test.orders, test.occurred_at, test.customers))
    order = order[is_repeat[order]]
    customers, starts = np.unique(test.customers[order], return_index=True)
    ends = np.append(starts, len(order))[1:]
    chosen = np.sort(rng.choice(len(customers), size=min(MAX_CUSTOMERS, len(customers)), replace=False))
    cases: list[BuyAgainCase] = []
    for position in chosen.tolist():
        repeats = order[starts[position] : ends[position]]
        first = repeats[0]
        of_order = (test.orders[repeats] == test.orders[first]) & (test.occurred_at[repeats] == test.occurred_at[first])
        cases.append(
            BuyAgainCase(
                customer=int(customers[position]),
                at=int(test.occurred_at[first]),
                products=tuple(np.unique(test.products[repeats[of_order]]).tolist()),
            )
        )
    return cases


def buy_again_ranker(name: str, task: BuyAgainTask) -> BuyAgainRanker:
    """Return the ranker of a model of BUY_AGAIN_MODELS.

    `top-personal` ranks what the customer bought by the number of orders, `last-bought` by the last of them, and `served`
    is the list that HTTP answers at the instant of the case.
    """
    if name == "served":

        def rank(case: BuyAgainCase) -> Sequence[int]:
            return task.replay.buy_again(case.customer, k=task.k, now=from_microseconds(case.at))

        return rank
    return _by_purchases(task, count_orders=name == "top-personal")


def measure_buy_again(
    name: str, rankings: Sequence[Sequence[int]], task: BuyAgainTask, *, seconds: float
) -> BuyAgainResult:  # fmt: skip
    """Compare the rankings of one model, one for each case, with the repeated products."""
    hits = np.zeros((len(task.cases), task.k), dtype=np.bool_)
    for row, (ranking, case) in enumerate(zip(rankings, task.cases, strict=True)):
        hits[row, : len(ranking)] = np.isin(np.asarray(ranking, dtype=np.int64), case.products)
    n_relevant = np.array([len(case.products) for case in task.cases])
    recall, ndcg = metrics.recall_at_k(hits, n_relevant), metrics.ndcg_at_k(hits, n_relevant)
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    products = np.array([index for ranking in rankings for index in ranking], dtype=np.int64)
    return BuyAgainResult(
        model=name,
        recall=float(recall.mean()),
        recall_interval=metrics.bootstrap_interval(recall, rng=rng),
        ndcg=float(ndcg.mean()),
        ndcg_interval=metrics.bootstrap_interval(ndcg, rng=rng),
        hit_rate=float(metrics.hit_rate_at_k(hits).mean()),
        coverage=metrics.catalogue_coverage(products, n_products=int(task.available.sum())),
        cases=len(task.cases),
        ms_per_list=1000 * seconds / len(task.cases),
    )


def _by_purchases(task: BuyAgainTask, *, count_orders: bool) -> BuyAgainRanker:
    """Rank a customer's products by the number of orders, ties by the last one; or by that alone. Then by index."""
    pairs = task.replay.data.purchase_pairs
    occurred_at = pairs.log.occurred_at[pairs.order]
    # The items of one order have one instant, and events of a pair are in the order of time.
    begins = np.diff(occurred_at, prepend=-1) != 0
    begins[pairs.starts] = True
    n_orders = np.diff(np.append(0, np.cumsum(begins))[np.append(pairs.starts, len(begins))])
    last = occurred_at[np.append(pairs.starts, len(begins))[1:] - 1]

    def rank(case: BuyAgainCase) -> Sequence[int]:
        own = np.arange(*np.searchsorted(pairs.customers, [case.customer, case.customer + 1]))
        own = own[task.available[pairs.products[own]]]
        counts = n_orders[own] if count_orders else np.zeros(len(own), dtype=np.int64)
        best = np.lexsort((pairs.products[own], -last[own], -counts))[: task.k]
        return pairs.products[own][best].tolist()

    return rank
