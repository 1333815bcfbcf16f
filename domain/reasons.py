"""Why a product is in a list: the positive parts of its score, the largest first."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from domain.recommendations import Reason, Source

MOST_REASONS = 5
N_NAMED = 2

Cause = tuple[Source, str | None]
"""A source with what caused it there: a product id, a category path, or nothing."""


def reasons_of(parts: Mapping[Cause, float]) -> list[Reason]:
    """Turn the positive parts of one score into at most 5 reasons whose shares add to 1, the largest first.

    More than 5 parts are merged per source, but for the two largest, which keep their cause; a source with one part keeps
    it too. Where more than 5 reasons remain, the smallest are left out and the shares are those of what is shown.
    """
    ranked = sorted(parts.items(), key=_largest_first)
    shown = dict(ranked) if len(ranked) <= MOST_REASONS else _merged(ranked)
    largest = sorted(shown.items(), key=_largest_first)[:MOST_REASONS]
    total = sum(part for _, part in largest)
    return [_reason(cause, part / total) for cause, part in largest]


def _merged(ranked: Sequence[tuple[Cause, float]]) -> dict[Cause, float]:
    n_parts = Counter(source for (source, _), _ in ranked)
    shown: defaultdict[Cause, float] = defaultdict(float)
    for place, ((source, cause), part) in enumerate(ranked):
        shown[source, cause if place < N_NAMED or n_parts[source] == 1 else None] += part
    return shown


def _largest_first(entry: tuple[Cause, float]) -> tuple[float, str, str]:
    (source, cause), part = entry
    return -part, source, cause or ""


def _reason(cause: Cause, share: float) -> Reason:
    source, subject = cause
    share = round(share, 4)
    if source == "category_interest":
        return Reason(source=source, category=subject, share=share)
    return Reason(source=source, product_id=subject, share=share)
