"""Rules of the shop: what lists hide, pin, boost or bury, where and when."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from domain.errors import InvalidField, InvalidFields
from domain.records.customers import Segment
from domain.records.filters import Filters
from domain.records.pages import Label
from domain.records.recommendations import MAX_VALUES, Kind
from domain.records.values import EPOCH, Id, Instant, Text

MAX_RULES = 200
"""Rules of a shop, drafts included."""
MAX_TARGETS = 100
MAX_POSITION = 100
MAX_STRENGTH = 5
MAX_AGE_DAYS = 3650

RuleAction = Literal["hide", "pin", "boost", "bury"]
RuleStatus = Literal["draft", "live"]
Strength = Annotated[int, Meta(ge=1, le=MAX_STRENGTH)]
Position = Annotated[int, Meta(ge=1, le=MAX_POSITION)]


class RuleTarget(Filters, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The products that a rule is about: those with these ids, or those that pass the filters, which are those of lists.

    An id stands for the product with its variants. With `newer_than_days`, only products count that were created on that
    day or later, by days of UTC.
    """

    product_ids: Annotated[tuple[Id, ...], Meta(max_length=MAX_TARGETS)] = ()
    newer_than_days: Annotated[int, Meta(ge=1, le=MAX_AGE_DAYS)] | UnsetType = UNSET

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield the members that do not fit together, with a message each; an empty name is the target itself."""
        is_filter = self.filtered.is_filtered
        if not (self.product_ids or is_filter or self.newer_than_days is not UNSET):
            yield "", "Expected `product_ids`, a filter or `newer_than_days`"
        if self.product_ids and is_filter:
            yield "/product_ids", "Expected either `product_ids` or filters"
        yield from ((f"/{name}", detail) for name, detail in self.filter_faults())


class RulePlaces(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The lists that a rule applies to; without any value of a kind, all.

    A list that is not of one customer has no segment.
    """

    placements: Annotated[tuple[Label, ...], Meta(max_length=MAX_VALUES)] = ()
    kinds: Annotated[tuple[Kind, ...], Meta(max_length=MAX_VALUES)] = ()
    segments: Annotated[tuple[Segment, ...], Meta(max_length=MAX_VALUES)] = ()


EVERYWHERE = RulePlaces()


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule; `position` is for a pin, `strength` for a boost or a bury. It is in force from `from` until before `until`."""

    rule_id: Id | UnsetType = UNSET
    name: Text
    action: RuleAction
    position: Position | UnsetType = UNSET
    strength: Strength | UnsetType = UNSET
    target: RuleTarget
    where: RulePlaces = EVERYWHERE
    starts_at: Instant | UnsetType = field(default=UNSET, name="from")
    until: Instant | UnsetType = UNSET
    status: RuleStatus = "draft"

    @property
    def known_id(self) -> str:
        """The id of a rule that has one, as every saved rule does."""
        return "" if self.rule_id is UNSET else self.rule_id

    def check(self, pointer: str = "#") -> None:
        """Raise InvalidFields for all members that do not fit together."""
        if found := [InvalidField(f"{pointer}/{name}", detail) for name, detail in self.faults()]:
            raise InvalidFields(*found)

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield the members that do not fit together, with a message each."""
        is_pin, is_scaling = self.action == "pin", self.action in {"boost", "bury"}
        if is_pin and self.position is UNSET:
            yield "position", "A pin needs a `position`"
        if not is_pin and self.position is not UNSET:
            yield "position", "Only a pin has a `position`"
        if is_scaling and self.strength is UNSET:
            yield "strength", f"A {self.action} needs a `strength`"
        if not is_scaling and self.strength is not UNSET:
            yield "strength", "Only a boost or a bury has a `strength`"
        if is_pin and not self.target.product_ids:
            yield "target/product_ids", "A pin needs `product_ids`"
        else:
            yield from ((f"target{name}", detail) for name, detail in self.target.faults())
        yield from date_faults(self.starts_at, self.until)

    def is_in_force(self, now: datetime) -> bool:
        """Return whether a live rule is between its dates."""
        has_begun = self.starts_at is UNSET or self.starts_at <= now
        return self.status == "live" and has_begun and (self.until is UNSET or now < self.until)


def date_faults(starts_at: datetime | UnsetType, until: datetime | UnsetType) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the members `from` and `until`, with a message each."""
    for name, instant in (("from", starts_at), ("until", until)):
        if isinstance(instant, datetime) and not _is_storable(instant):
            yield name, "Expected an instant from 1970 to 9999 in UTC"
    if isinstance(starts_at, datetime) and isinstance(until, datetime) and starts_at >= until:
        yield "until", "Expected an instant after `from`"


def _is_storable(instant: datetime) -> bool:
    try:
        return instant.astimezone(UTC) >= EPOCH
    except OverflowError:
        return False


class RuleToSave(Rule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule to save. With the `saved_at` of the version that was read, it is saved only if that is the stored one."""

    saved_at: Instant | UnsetType = UNSET

    @property
    def rule(self) -> Rule:
        return Rule(**members_of(self, Rule))


class ListedRule(Rule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stored rule with the instant of its last change, which is another after each."""

    saved_at: datetime

    @property
    def rule(self) -> Rule:
        return Rule(**members_of(self, Rule))


def listed(rule: Rule, *, saved_at: datetime) -> ListedRule:
    return ListedRule(**members_of(rule, Rule), saved_at=saved_at)


def members_of(record: Struct, kind: type[Struct]) -> dict[str, Any]:
    """Return the members of a record that it has as one of `kind`, by name."""
    return {name: getattr(record, name) for name in kind.__struct_fields__}


class RuleList(Struct, frozen=True, kw_only=True):
    """All rules, those that were saved first at the top."""

    rules: list[ListedRule]


class RuleSaved(Struct, frozen=True, kw_only=True):
    """A saved rule, what was stored under its id `previous`ly, and the products of its target that nobody knows.

    To save `previous`, or to remove the rule where there is none, undoes the change.
    """

    rule: ListedRule
    previous: Rule | None
    unknown_products: list[str]


class RuleRemoved(Struct, frozen=True, kw_only=True):
    """The rule that was removed; to save it undoes that."""

    previous: Rule
