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


def shown(estimate: Estimate, in_words: Callable[[float], str], *, scale: float, is_sure: bool) -> Shown:
    """Return an estimate in words, with its whisker on a scale from 0."""
    high = estimate.high
    whisker = None
    if high is not None:
        low, value = _percent(estimate.low, scale), _percent(estimate.value, scale)
        whisker = Whisker(low=low, high=_percent(high, scale), value=value)
    return Shown(
        value=in_words(estimate.value),
        low=in_words(estimate.low),
        high=None if high is None else in_words(high),
        whisker=whisker,
        is_sure=is_sure,
    )


def _percent(value: float, scale: float) -> float:
    return round(100 * value / scale, 1)
