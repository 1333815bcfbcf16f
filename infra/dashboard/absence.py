"""Why a product is not in a customer's list, in the words of the shop's owner."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import numpy as np
from markupsafe import Markup
from msgspec import Struct

from domain.ranking.advice import widest_gap
from domain.ranking.inputs import RankingInputs
from domain.ranking.packed_history import NEVER_BOUGHT, RETURNED
from domain.records.products import Product
from domain.records.recommendations import ListRequest
from domain.records.values import from_microseconds
from domain.records.why_not import ScorePart, WhyNot
from infra.dashboard.formats import day
from infra.dashboard.reasons import Share, bar_of, is_known_source, words
from infra.dashboard.texts import has_text, text
from infra.storage.opening import Shop
from infra.use_cases.why_not import explain_absence

MAX_CHOICES = 8


class Compared(Struct, frozen=True, kw_only=True):
    """A product with its number in the list, its score, and the parts of the score as a bar."""

    number: int | None
    name: str
    score: float
    bar: list[Share]


class Absence(Struct, frozen=True, kw_only=True):
    """What was asked for: nothing found, several products to choose from, or one with the answer and what would change it.

    `compared` are the last product shown and the product itself, where both have a score; `key` names their sources.
    """

    asked: str
    choices: Sequence[Product] = ()
    product: Product | None = None
    answer: Markup = Markup()
    change: Markup = Markup()
    compared: Sequence[Compared] = ()
    key: Sequence[Share] = ()


async def absence_of(shop: Shop, inputs: RankingInputs, asked: str) -> Absence:
    """Search the product that was asked for, and say why the customer of `inputs` does not see it."""
    found = await shop.repository.find_products(asked, n=MAX_CHOICES)
    if len(found) != 1:
        return Absence(asked=asked, choices=found)
    [product] = found
    request = ListRequest()
    why = await explain_absence(shop.repository, inputs.customer_id, product.product_id, request=request, now=shop.now())
    last = None
    if why.last_shown is not None and why.score is not None:
        last = next(iter(await shop.repository.find_products(why.last_shown, n=1)), None)
    return Absence(
        asked=asked,
        product=product,
        answer=answer_to(why, bought_at=_bought_at(inputs, product) if why.verdict == "bought_not_due" else None),
        change=change_of(why),
        compared=_compared(why, product, last),
        key=bar_of([(source, 0.0) for source in dict.fromkeys(_sources(why)) if is_known_source(source)]),
    )


def answer_to(why: WhyNot, *, bought_at: datetime | None = None) -> Markup:
    """Return the verdict as a sentence."""
    name = why.verdict
    if name == "bought_not_due" and bought_at is not None:
        return text("why_not.bought_on", day=day(bought_at))
    if name == "ranked_below" and why.pinned_by:
        return text("why_not.pinned", rank=why.rank, rules=_quoted(why.pinned_by))
    if name == "ranked_below":
        return text("why_not.ranked_below", rank=why.rank, lacks=_lack_of(why))
    rules = _quoted(why.rules)
    return text(f"why_not.{name}", rank=why.rank, variant=why.variant or "", rules=rules, limit=why.limit)


def change_of(why: WhyNot) -> Markup:
    """Return what would change the verdict."""
    if why.verdict == "bought_not_due" and why.due_at is not None:
        return text("why_not.due_on", day=day(why.due_at))
    if why.verdict == "ranked_below" and why.pinned_by:
        return text("why_not.pinned_change")
    return text(f"why_not.{why.verdict}_change")


def _lack_of(why: WhyNot) -> Markup:
    """Say of what the last product shown has most more."""
    if why.score is None or not why.parts_of_last_shown or why.score >= (why.score_of_last_shown or 0.0):
        return text("lacks.nothing")
    source = widest_gap(why)
    return text(f"lacks.{source}") if has_text(f"lacks.{source}") else text("lacks.own", source=words(source))


def _compared(why: WhyNot, product: Product, last: Product | None) -> list[Compared]:
    if last is None or why.score is None or why.score_of_last_shown is None or why.verdict == "in_list":
        return []
    scale = max(_positive(why.parts), _positive(why.parts_of_last_shown)) or 1.0
    return [
        Compared(number=why.limit, name=last.name, score=why.score_of_last_shown, bar=_bar(why.parts_of_last_shown, scale)),
        Compared(number=why.rank, name=product.name, score=why.score, bar=_bar(why.parts, scale)),
    ]


def _bar(parts: Iterable[ScorePart], scale: float) -> list[Share]:
    return bar_of([(part.source, 100 * part.amount / scale) for part in parts if part.amount > 0])


def _positive(parts: Iterable[ScorePart]) -> float:
    return sum(part.amount for part in parts if part.amount > 0)


def _sources(why: WhyNot) -> list[str]:
    return [part.source for part in (*why.parts_of_last_shown, *why.parts) if part.amount > 0]


def _bought_at(inputs: RankingInputs, product: Product) -> datetime | None:
    """Return when the customer last bought a product, or a variant of it, None if that is not known any more."""
    history, asked = inputs.history, np.array([product.product_index], dtype=np.intp)
    times = history.bought_at[inputs.catalogue.are_variants(history.own, asked)]
    bought = times[(times != NEVER_BOUGHT) & (times < RETURNED)]
    return from_microseconds(int(bought.max())) if len(bought) else None


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"“{name}”" for name in names)
