"""VMIS-kNN: Kersbergen, Sprangers and Schelter, "Serenade - Low-Latency Session-Based Recommendation" (SIGMOD 2022)."""

import time

import numpy as np
import numpy.typing as npt

from benchmarks.quality.ranking_task import Ints, RankingTask
from benchmarks.quality.rankings import Rankings, fill, most_weight_first

Floats = npt.NDArray[np.float64]
MAX_MATCH_POSITION = 10


def rank_by_sessions(
    task: RankingTask, *, k: int, m: int, neighbours: int, last: int = 9, idf: bool = True, with_current: bool = True
) -> Rankings:
    """Rank for sessions, which are the customers of the task, by similar sessions; fill short lists with popular products.

    The `last` products of a session are compared with the `m` most recent sessions of each. `with_current` leaves the
    product that the session ends with in the list, which Serenade takes out.
    """
    started_at = time.perf_counter()
    index = SessionIndex(task, idf=idf)
    popular_first = most_weight_first(task, weighting="binary")
    trained_at = time.perf_counter()
    lists = np.full((len(task.customers), k), -1, dtype=np.int64)
    for row, session in enumerate(task.customers.tolist()):
        best = index.rank(session, k=k, m=m, neighbours=neighbours, last=last, with_current=with_current)
        lists[row, : len(best)] = best
    ranked_at = time.perf_counter()
    return Rankings(
        lists=fill(lists, popular_first, task.excluded()),
        train_seconds=trained_at - started_at,
        list_seconds=ranked_at - trained_at,
    )


class SessionIndex:
    """The products of each session in the order of clicks, and the sessions of each product, the most recent first."""

    def __init__(self, task: RankingTask, *, idf: bool) -> None:
        events = task.events.sort_values("age_days", ascending=False, kind="stable")
        n_sessions, n_products = task.shape
        in_order = events.sort_values("customer", kind="stable")
        self._clicks = in_order["product"].to_numpy()
        self._click_starts = _starts(in_order["customer"].to_numpy(), n_sessions)
        # Numbers of sessions in the order of their last click: the higher, the more recent.
        newest = events.drop_duplicates("customer", keep="last")["customer"].to_numpy()
        self._recency = np.zeros(n_sessions, dtype=np.int64)
        self._recency[newest] = np.arange(len(newest))
        pairs = events[["customer", "product"]].drop_duplicates()
        by_session = pairs.sort_values(["customer", "product"])
        self._products = by_session["product"].to_numpy()
        self._product_starts = _starts(by_session["customer"].to_numpy(), n_sessions)
        recent_first = np.lexsort((-self._recency[pairs["customer"].to_numpy()], pairs["product"].to_numpy()))
        self._sessions = pairs["customer"].to_numpy()[recent_first]
        self._session_starts = _starts(pairs["product"].to_numpy()[recent_first], n_products)
        frequency = np.diff(self._session_starts)
        # log(|H| / h_i) of the paper; without it, all products weigh the same.
        self._idf = np.log(len(newest) / np.maximum(frequency, 1)) if idf else np.ones(n_products)

    def rank(self, session: int, *, k: int, m: int, neighbours: int, last: int, with_current: bool) -> Ints:
        """Return at most `k` products, best first, ties by index, from the most similar sessions but itself."""
        clicks = self._clicks[self._click_starts[session] : self._click_starts[session + 1]][-last:]
        # A product that was clicked twice counts at its last click.
        newest_first = list(dict.fromkeys(clicks[::-1].tolist()))
        found, similarity, matched_at = self._similar(newest_first, without=session, m=m)
        # The most similar sessions; of equally similar ones the most recent.
        best = np.lexsort((-self._recency[found], -similarity))[:neighbours]
        products, scores = self._scores(found[best], similarity[best] * match_weight(matched_at[best]))
        if not with_current:
            products, scores = products[products != newest_first[0]], scores[products != newest_first[0]]
        order = np.lexsort((products, -scores))[:k]
        return products[order][scores[order] > 0]

    def _similar(self, newest_first: list[int], *, without: int, m: int) -> tuple[Ints, Floats, Ints]:
        """Return the `m` most recent matching sessions, the sums of decayed positions, and the newest match, from 1."""
        own = [self._recent_sessions(product, without=without, m=m) for product in newest_first]
        sessions, places = np.unique(np.concatenate(own), return_inverse=True)
        n = len(newest_first)
        sizes = [len(found) for found in own]
        # The linear decay of the paper: the position in the session over its length.
        decayed = np.repeat(np.arange(n, 0, -1) / n, sizes)
        similarity = np.bincount(places, decayed, minlength=len(sessions))
        matched_at = np.full(len(sessions), n, dtype=np.int64)
        np.minimum.at(matched_at, places, np.repeat(np.arange(1, n + 1), sizes))
        recent = np.argsort(-self._recency[sessions], kind="stable")[:m]
        return sessions[recent], similarity[recent], matched_at[recent]

    def _recent_sessions(self, product: int, *, without: int, m: int) -> Ints:
        first, end = self._session_starts[product : product + 2]
        found = self._sessions[first : min(end, first + m + 1)]
        return found[found != without][:m]

    def _scores(self, sessions: Ints, weights: Floats) -> tuple[Ints, Floats]:
        if not len(sessions):
            return np.empty(0, dtype=np.int64), np.empty(0)
        own = [self._products[self._product_starts[one] : self._product_starts[one + 1]] for one in sessions]
        products, places = np.unique(np.concatenate(own), return_inverse=True)
        scores = np.bincount(places, np.repeat(weights, [len(found) for found in own]), minlength=len(products))
        return products, scores * self._idf[products]


def match_weight(matched_at: Ints) -> Floats:
    """Return the weight of a neighbour by the position of the newest shared product, from 1: 1 - 0.1 x below 10, else 0."""
    return np.where(matched_at < MAX_MATCH_POSITION, 1 - 0.1 * matched_at, 0.0)


def _starts(sorted_keys: Ints, n: int) -> Ints:
    return np.searchsorted(sorted_keys, np.arange(n + 1))
