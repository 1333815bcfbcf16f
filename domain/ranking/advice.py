"""What would change a verdict of "why not?", in one plain sentence."""

from collections.abc import Callable

from domain.records.recommendations import MAX_LIMIT
from domain.records.why_not import DIVERSITY, Verdict, WhyNot


def advice_for(found: WhyNot) -> str:
    """Return the sentence for a verdict with all that was found."""
    return _SENTENCES[found.verdict](found)


def _outside_filters(found: WhyNot) -> str:
    return f"Without these filters it may be in the list: {', '.join(found.filters)}."


def _bought_not_due(found: WhyNot) -> str:
    if found.due_at is None:
        return "Nothing: the customer bought it, or a variant of it, and products of its category are not bought again."
    return f"Time: the customer bought it, or a variant of it, and it may return from {found.due_at:%Y-%m-%d} on."


def _variant_in_list(found: WhyNot) -> str:
    return f"Nothing is missing: its variant {found.variant} ranks higher, and a list has one of them."


def _ranked_below(found: WhyNot) -> str:
    ways: list[str] = []
    if found.score is not None and found.score_of_last_shown is not None and found.score < found.score_of_last_shown:
        ways.append(f"a score that is {found.score_of_last_shown - found.score:.4f} higher, {_largest_gap(found)}")
    if found.pinned_by:
        ways.append(f"the end of the rules that pin others before it ({', '.join(found.pinned_by)})")
    if found.rank is not None and found.rank <= MAX_LIMIT:
        ways.append(f"a limit of {found.rank}")
    return f"It needs {', or '.join(ways) or 'a place before others of the same score'}."


def widest_gap(found: WhyNot) -> str:
    """Return the source in which the last product shown is furthest ahead; both must have parts."""
    own = {part.source: part.amount for part in found.parts}
    gaps = [(part.amount - own.pop(part.source, 0.0), part.source) for part in found.parts_of_last_shown]
    gaps += [(-amount, source) for source, amount in own.items()]
    return max(gaps)[1]


def _largest_gap(found: WhyNot) -> str:
    source = widest_gap(found)
    return "most of which similar products above it take away" if source == DIVERSITY else f"most of all from {source}"


_SENTENCES: dict[Verdict, Callable[[WhyNot], str]] = {
    "unlisted": lambda _: "Describe it in the catalogue: so far only events have named it.",
    "withdrawn": lambda _: "Set `withdrawn` to false: the next list may have it.",
    "out_of_stock": lambda _: "Set `in_stock` when it is back in stock: the next list may have it.",
    "excluded": lambda _: "Leave it out of `exclude`.",
    "outside_filters": _outside_filters,
    "returned": lambda _: "Only a later order of it: the customer sent it, or a variant of it, back.",
    "bought_not_due": _bought_not_due,
    "in_history": lambda _: "Ask with `seen=include`: the customer looked at it, or bought it, before.",
    "hidden_by_rule": lambda found: f"Remove or change the rules that hide it: {', '.join(found.rules)}.",
    "variant_in_list": _variant_in_list,
    "no_signal": lambda _: (
        "Events and a category: no source connects it with what the customer did, and few customers have turned to it."
    ),
    "not_a_candidate": lambda _: (
        "More views and orders of it beside the products of this customer, and then a training: other products are closer."
    ),
    "ranked_below": _ranked_below,
    "in_list": lambda found: f"Nothing: it is in the list, at rank {found.rank}.",
}
"""One for each verdict."""
