"""Intervals as pages show them: their ends in words, and as whiskers on a scale that a column shares."""

from collections.abc import Callable, Iterable

from msgspec import Struct

from domain.records.placements import Estimate


class Whisker(Struct, frozen=True, kw_only=True):
    """A value with its interval; all in per cent of the scale."""

    low: float
    high: float
    value: float


class Shown(Struct, frozen=True, kw_only=True):
    """A value and the ends of its interval in words; without an upper end, there is no whisker.

    It `is_sure` if it rests on enough to tell.
    """

    value: str
    low: str
    high: str | None
    whisker: Whisker | None
    is_sure: bool


def scale_of(estimates: Iterable[Estimate | None]) -> float:
    """Return the end of the scale on which all intervals fit."""
    return max((estimate.high for estimate in estimates if estimate is not None and estimate.high), default=1.0)


def reach_of(estimates: Iterable[Estimate | None]) -> float:
    """Return how far a scale around 0 reaches on which all intervals fit."""
    ends = (max(-one.low, one.high) for one in estimates if one is not None and one.high is not None)
    return max(ends, default=0.0) or 1.0


def shown(estimate: Estimate, in_words: Callable[[float], str], *, scale: float, is_sure: bool, zero: float = 0.0) -> Shown:
    """Return an estimate in words, with its whisker on a scale; `zero` is where 0 is on it, in per cent."""
    high = estimate.high
    whisker = None
    if high is not None:
        low, value, end = (round(zero + (100 - zero) * one / scale, 1) for one in (estimate.low, estimate.value, high))
        whisker = Whisker(low=low, high=end, value=value)
    return Shown(
        value=in_words(estimate.value),
        low=in_words(estimate.low),
        high=None if high is None else in_words(high),
        whisker=whisker,
        is_sure=is_sure,
    )
