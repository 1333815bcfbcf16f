"""What a preview of a rule shows: the lists before and after with what moved, and the cost in words and as an interval."""

from collections.abc import Sequence
from datetime import datetime

from markupsafe import Markup
from msgspec import Struct

from domain.ports.repository import Repository
from domain.records.recommendations import RecommendedProduct
from domain.records.rule_previews import HitsCost, ListChange, PreviewRequest, Surprises
from domain.records.rules import Rule
from infra.dashboard.texts import text
from infra.use_cases.rule_preview import compare_lists, cost_of

N_SHOWN = 5
"""Products of a list that are shown of the ten that are compared."""


class ShownProduct(Struct, frozen=True, kw_only=True):
    """A product of a list with what a rule does to it: `colour` is the class of the style sheet."""

    product: RecommendedProduct
    colour: str = ""
    move: Markup = Markup()


class Comparison(Struct, frozen=True, kw_only=True):
    """The list of a customer before and after; `n_new` of its products are new in it."""

    customer_id: str
    is_changed: bool
    n_new: int
    n_places: int
    before: Sequence[ShownProduct]
    after: Sequence[ShownProduct]


class Cost(Struct, frozen=True, kw_only=True):
    """What a rule costs, in hits of 100 lists; the ends and the middle of the interval are places of a chart of 100."""

    sentence: Markup
    before: float
    after: float
    low: float
    middle: float
    high: float
    n_customers: int


class PreviewView(Struct, frozen=True, kw_only=True):
    """A preview; without persons, it has no `comparisons`."""

    warnings: Sequence[Markup]
    n_lists: int
    n_changed: int
    cost: Cost | None
    comparisons: Sequence[Comparison]


async def preview_of(
    repository: Repository, rule: Rule, *, customer_ids: tuple[str, ...] = (), shows_persons: bool, now: datetime
) -> tuple[PreviewView, Surprises]:
    """Return what a rule would change, for these customers or for a sample; raise CustomerNotFound."""
    asked = PreviewRequest(rule=rule, customer_ids=customer_ids)
    changes, surprises = await compare_lists(repository, asked, now=now)
    hits = await cost_of(repository, asked, now=now)
    view = PreviewView(
        warnings=_warnings(surprises),
        n_lists=len(changes),
        n_changed=sum(change.is_changed for change in changes),
        cost=None if hits is None else cost_in_words(hits),
        comparisons=[comparison_of(change) for change in changes] if shows_persons else [],
    )
    return view, surprises


async def would_empty_lists(repository: Repository, rule: Rule, *, now: datetime) -> bool:
    """Return whether lists of some customers, or of the whole shop, would be empty."""
    if rule.action != "hide":
        return False
    _, surprises = await compare_lists(repository, PreviewRequest(rule=rule), now=now)
    return surprises.empties_lists


def _warnings(surprises: Surprises) -> list[Markup]:
    found: list[Markup] = []
    if surprises.n_emptied:
        found.append(text("preview.emptied", n=surprises.n_emptied, all=surprises.n_lists))
    if surprises.emptied_kind:
        found.append(text("preview.emptied_kind", kind=text(f"list_kind.{surprises.emptied_kind}")))
    if surprises.is_for_other_lists:
        found.append(text("preview.other_lists"))
    if surprises.unknown_products:
        found.append(text("preview.unknown", ids=", ".join(surprises.unknown_products)))
    return found


def comparison_of(change: ListChange) -> Comparison:
    """Return the first products of both lists; a move is judged in the whole lists."""
    before = {item.product_id: item.rank for item in change.before}
    after = {item.product_id for item in change.after}
    return Comparison(
        customer_id=change.customer_id,
        is_changed=change.is_changed,
        n_new=len(after - before.keys()),
        n_places=len(change.after),
        before=[
            ShownProduct(product=item)
            if item.product_id in after
            else ShownProduct(product=item, colour="out", move=text("preview.out"))
            for item in change.before[:N_SHOWN]
        ],
        after=[_moved(item, before.get(item.product_id)) for item in change.after[:N_SHOWN]],
    )


def _moved(item: RecommendedProduct, before: int | None) -> ShownProduct:
    if before is None:
        return ShownProduct(product=item, colour="in", move=text("preview.new"))
    if before > item.rank:
        return ShownProduct(product=item, colour="in", move=text("preview.up", n=before - item.rank))
    return ShownProduct(product=item)


def cost_in_words(hits: HitsCost) -> Cost:
    """Return what a rule costs; it is said only where the interval leaves no doubt."""
    low, middle, high = (100 * value for value in (hits.low, hits.difference, hits.high))
    reach = max(abs(low), abs(high)) or 1.0
    if low == high == 0:
        kind = "nothing"
    elif high < 0:
        kind = "fewer"
    else:
        kind = "more" if low > 0 else "unclear"
    least, most = sorted((abs(low), abs(high)))
    values = {"middle": _short(abs(middle)), "least": _short(least), "most": _short(most)}
    values |= {"down": _short(max(-low, 0)), "up": _short(max(high, 0))}
    return Cost(
        sentence=text(f"cost.{kind}", **values),
        before=round(100 * hits.before, 1),
        after=round(100 * hits.after, 1),
        low=_on_chart(low, reach),
        middle=_on_chart(middle, reach),
        high=_on_chart(high, reach),
        n_customers=hits.customers,
    )


def _on_chart(value: float, reach: float) -> float:
    """Return the place of a value on a chart from 0 to 100 whose middle is no difference; 5 stay free at both ends."""
    return round(50 + 45 * value / reach, 1)


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
