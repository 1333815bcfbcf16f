"""Turn the contributions to a score into the reasons of an answer."""

from collections.abc import Iterable, Sequence

from domain.records.recommendations import Contribution, Reason

MAX_REASONS = 5
N_NAMED = 2


def reasons_of(contributions: Iterable[Contribution], *, product_id: str) -> list[Reason]:
    """Return at most 5 reasons for `product_id` whose shares add to 1: those that name a cause first, then by share.

    Of more than 5 contributions, the two largest keep their cause and the others are merged per source. Where more than
    5 reasons remain, the smallest are dropped and the shares refer to those that remain. A product is never its own cause.
    """
    ranked: list[tuple[float, str, str]] = sorted(
        (-amount, source, "" if cause in (None, product_id) else cause) for source, cause, amount in contributions
    )
    if len(ranked) > MAX_REASONS:
        ranked = sorted(_merged(ranked))[:MAX_REASONS]
    total = sum(amount for amount, _, _ in ranked)
    return [
        Reason(source=source, category=cause or None, share=round(amount / total, 4))
        if source == "category_interest"
        else Reason(source=source, product_id=cause or None, share=round(amount / total, 4))
        for amount, source, cause in sorted(ranked, key=lambda reason: not reason[2])
    ]


def _merged(ranked: Sequence[tuple[float, str, str]]) -> list[tuple[float, str, str]]:
    """Merge all but the two largest with a cause per source; a source with one entry keeps its cause."""
    named = [reason for reason in ranked if reason[2]][:N_NAMED]
    merged: dict[str, tuple[float, str, str]] = {}
    for amount, source, cause in (reason for reason in ranked if reason not in named):
        if source in merged:
            merged[source] = (merged[source][0] + amount, source, "")
        else:
            merged[source] = (amount, source, cause)
    return [*named, *merged.values()]
