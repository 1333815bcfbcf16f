"""Why a product is in a list: the positive parts of its score, the largest first."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from domain.recommendations import Reason, Source

MOST_REASONS = 5

Cause = tuple[Source, str | None]
"""A source with what caused it there: a product id, a category path, or nothing."""


def reasons_of(parts: Mapping[Cause, float]) -> list[Reason]:
    """Turn the positive parts of one score into at most 5 reasons whose shares add to 1.

    The largest parts keep their cause; the rest is merged per source. Where more than 5 sources remain, the smallest are
    left out and the shares are those of what is shown.
    """
    ranked = sorted(parts.items(), key=lambda part: (-part[1], part[0][0], part[0][1] or ""))
    shown = next(
        merged
        for n_kept in range(MOST_REASONS, -1, -1)
        if len(merged := _merged(ranked, n_kept)) <= MOST_REASONS or n_kept == 0
    )
    largest = sorted(shown.items(), key=lambda part: (-part[1], part[0][0], part[0][1] or ""))[:MOST_REASONS]
    total = sum(part for _, part in largest)
    return [_reason(cause, part / total) for cause, part in largest]


def _merged(ranked: Iterable[tuple[Cause, float]], n_kept: int) -> dict[Cause, float]:
    shown: defaultdict[Cause, float] = defaultdict(float)
    for place, ((source, cause), part) in enumerate(ranked):
        shown[source, cause if place < n_kept else None] += part
    return shown


def _reason(cause: Cause, share: float) -> Reason:
    source, subject = cause
    share = round(share, 4)
    if source == "category_interest":
        return Reason(source=source, category=subject, share=share)
    return Reason(source=source, product_id=subject, share=share)
