"""The reasons of a list in words and as bars: one sentence for a product, and the shares of its causes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from markupsafe import Markup
from msgspec import Struct

from domain.ranking.catalogue import Catalogue
from domain.ranking.history import History
from domain.ranking.packed_history import NEVER_BOUGHT, RETURNED
from domain.records.interactions import EVENT_TYPES, EventType
from domain.records.recommendations import Reason
from infra.dashboard.texts import has_text, text

_COLOURS = {
    "bought_together": "bought",
    "viewed_together": "viewed",
    "similar_product": "alike",
    "segment_trend": "trend",
    "category_interest": "interest",
    "popular": "popular",
    "new": "new",
    "rule": "rule",
}
"""The classes of the style sheet by source; every other source is `rest`."""

_STRENGTH: dict[EventType, int] = {"view": 0, "wishlist": 1, "cart": 2, "purchase": 3}
_BECAUSE = frozenset({"bought_together", "viewed_together", "similar_product"})
MIN_SHOWN_SHARE = 0.1
"""Smaller shares are in the bar, without words."""


class Share(Struct, frozen=True, kw_only=True):
    """A part of a bar from `start`, both in per cent."""

    colour: str
    label: Markup
    start: float
    width: float

    @property
    def has_label(self) -> bool:
        return self.width >= 100 * MIN_SHOWN_SHARE


class Cause(Struct, frozen=True, kw_only=True):
    """A product of a customer's history, and the strongest that the customer did with it."""

    name: str
    event_type: EventType


def causes_of(history: History, catalogue: Catalogue) -> dict[str, Cause]:
    """Return the products of a history by their ids."""
    strongest: dict[int, EventType] = {}
    for index, bought_at in zip(history.own.tolist(), history.bought_at.tolist(), strict=True):
        strongest[index] = "purchase" if bought_at != NEVER_BOUGHT and bought_at < RETURNED else "view"
    for position, code in zip(history.positions.tolist(), history.event_types.tolist(), strict=True):
        index, event_type = int(history.products[position]), EVENT_TYPES[code]
        before = strongest.get(index, "view")
        strongest[index] = event_type if _STRENGTH[event_type] > _STRENGTH[before] else before
    return {
        product.product_id: Cause(name=product.name, event_type=event_type)
        for index, event_type in strongest.items()
        for product in [catalogue.product(index)]
    }


def sentence_of(reasons: Sequence[Reason], causes: Mapping[str, Cause], *, segment: str) -> Markup:
    """Return the largest reason as a sentence; one with a product of the customer's history comes first."""
    known = [reason for reason in reasons if reason.source in _BECAUSE and reason.product_id in causes]
    if known:
        largest = max(known, key=lambda reason: reason.share)
        cause = causes[largest.product_id or ""]
        because = text(f"because.{cause.event_type}", name=cause.name)
        return text("because.sentence", because=because, why=text(f"because.{largest.source}"))
    if not reasons:
        return text("because.none")
    largest = max(reasons, key=lambda reason: reason.share)
    match largest.source:
        case "category_interest":
            return text("because.interest", category=category_name(largest.category))
        case "segment_trend" | "price_fit":
            return text(f"because.{largest.source}", segment=segment)
        case "new" | "popular":
            return text(f"because.is_{largest.source}")
        case "rule":
            return text("because.rule", rule=largest.rule or "")
        case _ if largest.source in _BECAUSE:
            return text("because.history")
        case own:
            return text("because.own", source=words(own))


def shares_of(reasons: Iterable[Reason]) -> list[Share]:
    """Return the parts of the bar of a product, largest first."""
    by_source: defaultdict[str, float] = defaultdict(float)
    for reason in reasons:
        by_source[reason.source] += 100 * reason.share
    return bar_of([(source, width) for source, width in sorted(by_source.items(), key=lambda pair: -pair[1])])


def bar_of(widths: Iterable[tuple[str, float]]) -> list[Share]:
    """Return the parts of a bar from sources and widths in per cent."""
    shares: list[Share] = []
    start = 0.0
    for source, width in widths:
        label = text(f"source.{source}") if is_known_source(source) else Markup.escape(words(source))
        shares.append(Share(colour=_COLOURS.get(source, "rest"), label=label, start=round(start, 1), width=round(width, 1)))
        start += width
    return shares


def is_known_source(source: str) -> bool:
    """Return whether a source has words of its own; the others are those that the shop added."""
    return has_text(f"source.{source}")


def category_name(path: str | None) -> str:
    """Return the last level of a category path as words."""
    return words((path or "").rpartition("/")[2])


def words(name: str) -> str:
    """Return the name of a source or a category as words."""
    return name.replace("_", " ").replace("-", " ").capitalize()
