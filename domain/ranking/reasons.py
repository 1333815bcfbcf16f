"""Turn the contributions to a score into the reasons of an answer."""

from collections.abc import Iterable, Sequence

from domain.records.recommendations import Contribution, Reason, Source

MAX_REASONS = 5
N_NAMED = 2


def reasons_of(contributions: Iterable[Contribution]) -> list[Reason]:
    """Return at most 5 reasons whose shares add to 1, the largest first.

    Of more than 5 contributions, the two largest keep their cause and the others are merged per source. Where more than
    5 reasons remain, the smallest are dropped and the shares refer to those that remain.
    """
    ranked: list[tuple[float, Source, str]] = sorted(
        (-amount, source, cause or "") for source, cause, amount in contributions
    )
    if len(ranked) > MAX_REASONS:
        ranked = sorted(_merged(ranked))[:MAX_REASONS]
    total = sum(amount for amount, _, _ in ranked)
    return [
        Reason(source=source, category=cause or None, share=round(amount / total, 4))
        if source == "category_interest"
        else Reason(source=source, product_id=cause or None, share=round(amount / total, 4))
        for amount, source, cause in ranked
    ]


def _merged(ranked: Sequence[tuple[float, Source, str]]) -> list[tuple[float, Source, str]]:
    """Merge all but the first two per source; a source with one entry keeps its cause."""
    merged: dict[Source, tuple[float, Source, str]] = {}
    for amount, source, cause in ranked[N_NAMED:]:
        if source in merged:
            merged[source] = (merged[source][0] + amount, source, "")
        else:
            merged[source] = (amount, source, cause)
    named: dict[tuple[Source, str], float] = {(source, cause): amount for amount, source, cause in ranked[:N_NAMED]}
    for amount, source, cause in merged.values():
        named[source, cause] = named.get((source, cause), 0.0) + amount
    return [(amount, source, cause) for (source, cause), amount in named.items()]
