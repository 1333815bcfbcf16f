"""Rules in words: what each does, in one sentence, where and when, and the state that it is in."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

from markupsafe import Markup

from domain.ports.repository import Repository
from domain.ranking.rules import FACTOR
from domain.records.attributes import encoded
from domain.records.experiments import Experiment
from domain.records.rules import Rule, RulePlaces, RuleTarget
from infra.dashboard.formats import minute
from infra.dashboard.texts import text

State = Literal["live", "coming", "draft", "ended"]
STATES: tuple[State, ...] = ("live", "coming", "draft", "ended")
N_NAMED = 2
"""Products of a rule that are named; of the others, the number is."""


def state_of(rule: Rule | Experiment, now: datetime) -> State:
    if rule.status == "draft":
        return "draft"
    if isinstance(rule.until, datetime) and rule.until <= now:
        return "ended"
    return "coming" if isinstance(rule.starts_at, datetime) and now < rule.starts_at else "live"


async def names_of_targets(repository: Repository, rules: Iterable[Rule]) -> dict[str, str]:
    """Return the names of the products that sentences about rules name, by the ids that the rules have."""
    ids = dict.fromkeys(one for rule in rules for one in rule.target.product_ids[:N_NAMED])
    indexes = await repository.product_indexes(list(ids))
    names = {one.product_index: one.name for one in await repository.products(list(set(indexes.values())))}
    return {product_id: names[index] for product_id, index in indexes.items() if index in names}


def sentence_about(rule: Rule, names: Mapping[str, str]) -> Markup:
    """Return what a rule does; `names` has those of its products that are known."""
    what = _products(rule.target, names)
    strength = rule.strength if isinstance(rule.strength, int) else 0
    factor = f"{FACTOR**strength:.2g}"
    return text(f"does.{rule.action}", what=what, place=rule.position, factor=factor)


def where_of(places: RulePlaces) -> Markup:
    """Return the lists that a rule is for."""
    parts = [
        text(f"where.{name}", values=_either(values))
        for name, values in (
            ("placements", places.placements),
            ("kinds", [text(f"list_kind.{kind}") for kind in places.kinds]),
            ("segments", places.segments),
        )
        if values
    ]
    return Markup("; ").join(parts) if parts else text("where.everywhere")


def when_of(rule: Rule | Experiment) -> Markup:
    start, end = rule.starts_at, rule.until
    if isinstance(start, datetime) and isinstance(end, datetime):
        return text("when.between", start=minute(start), end=minute(end))
    if isinstance(start, datetime):
        return text("when.from", start=minute(start))
    return text("when.until", end=minute(end)) if isinstance(end, datetime) else text("when.always")


def _products(target: RuleTarget, names: Mapping[str, str]) -> Markup:
    if target.product_ids:
        named = Markup(", ").join(names.get(one, one) for one in target.product_ids[:N_NAMED])
        n_more = len(target.product_ids) - N_NAMED
        parts = [text("target.more", named=named, n=n_more) if n_more > 0 else named]
    else:
        parts = [text("target.products"), *_filters(target)]
    if isinstance(target.newer_than_days, int):
        parts.append(text("target.newer_than_days", n=target.newer_than_days))
    return Markup(" ").join(parts)


def _filters(target: RuleTarget) -> Iterable[Markup]:
    for name, values in (("category", target.category), ("brand", target.brand), ("tag", target.tag)):
        if values:
            yield text(f"target.{name}", values=_either(values))
    for name, values in target.attributes.items():
        yield text("target.attribute", name=name, values=_either(attribute_text(value) for value in values))
    for name, price in (("min_price", target.min_price), ("max_price", target.max_price)):
        if isinstance(price, float | int):
            yield text(f"target.{name}", price=f"{price:,.2f}")


def _either(values: Iterable[str]) -> Markup:
    return text("target.or").join(values)


def attribute_text(value: bool | float | str) -> str:  # noqa: FBT001 - one of the types of values
    return value if isinstance(value, str) else encoded(value)
