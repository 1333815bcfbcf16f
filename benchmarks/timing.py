"""Milliseconds of calls, and percentiles of them."""

import time
from collections.abc import Awaitable, Callable, Sequence

import numpy as np

Rounds = Sequence[Sequence[float]]
"""Milliseconds by round; all rounds have the same length."""


def milliseconds_of(call: Callable[[], object]) -> float:
    started_at = time.perf_counter()
    call()
    return (time.perf_counter() - started_at) * 1000


async def milliseconds_until(awaitable: Awaitable[object]) -> float:
    started_at = time.perf_counter()
    await awaitable
    return (time.perf_counter() - started_at) * 1000


def median_of_ratios(rounds: Rounds, baseline_rounds: Rounds, *, rank: float = 50) -> float:
    """Return the median, over the rounds, of the ratio of a percentile of both sides.

    The speed of a shared machine changes from minute to minute, so the rounds of both sides alternate and are short.
    """
    ratios = np.percentile(rounds, rank, axis=1) / np.percentile(baseline_rounds, rank, axis=1)
    return float(np.median(ratios))
