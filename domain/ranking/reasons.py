"""Why a product is in a list: the positive parts of its score, the largest first."""

from collections.abc import Iterable, Sequence

from domain.records.recommendations import Contribution, Reason, Source

MAX_REASONS = 5
N_NAMED = 2


def reasons_of(parts: Iterable[Contribution]) -> list[Reason]:
    """Turn the positive parts of one score into at most 5 reasons whose shares add to 1, the largest first.

    Of more than 5 parts, the two largest keep their cause and the others are merged per source. Where more than 5 reasons
    remain, the smallest are left out and the shares are those of what is shown.
    """
    ranked: list[tuple[float, Source, str]] = sorted((-part, source, cause or "") for source, cause, part in parts)
    if len(ranked) > MAX_REASONS:
        ranked = sorted(_merged(ranked))[:MAX_REASONS]
    total = sum(part for part, _, _ in ranked)
    return [
        Reason(source=source, category=cause or None, share=round(part / total, 4))
        if source == "category_interest"
        else Reason(source=source, product_id=cause or None, share=round(part / total, 4))
        for part, source, cause in ranked
    ]


def _merged(ranked: Sequence[tuple[float, Source, str]]) -> list[tuple[float, Source, str]]:
    merged: dict[Source, tuple[float, Source, str]] = {}
    for part, source, cause in ranked[N_NAMED:]:
        if source in merged:
            merged[source] = (merged[source][0] + part, source, "")
        else:
            merged[source] = (part, source, cause)
    named: dict[tuple[Source, str], float] = {(source, cause): part for part, source, cause in ranked[:N_NAMED]}
    for part, source, cause in merged.values():
        named[source, cause] = named.get((source, cause), 0.0) + part
    return [(part, source, cause) for (source, cause), part in named.items()]
