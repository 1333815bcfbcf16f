"""Which rules apply to a list: those in force for its kind, its placement and the customer's segment."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b

import msgspec
from msgspec import UNSET, Struct

from domain.records.customers import Segment
from domain.records.recommendations import Kind
from domain.records.rules import Rule
from domain.records.values import DAY, to_microseconds

MAX_CACHED_PLACES = 4096
_encode = msgspec.json.Encoder().encode


class ListPlace(Struct, frozen=True, kw_only=True):
    """What the rules of a list depend on; a list that is not of one customer has no segment."""

    kind: Kind
    placement: str | None = None
    segment: Segment | None = None


class ApplyingRules(Struct, frozen=True, kw_only=True):
    """The rules of a list, as positions in their book, ascending; equal rules have the same digest, "" without any."""

    positions: tuple[int, ...] = ()
    digest: str = ""


NOTHING_APPLIES = ApplyingRules()


class RuleBook:
    """The live rules of a shop, those that were saved first at the top; `version` rises with each change of a rule."""

    def __init__(self, rules: Sequence[Rule] = (), *, version: int = 0) -> None:
        self.version = version
        self.rules = tuple(rule for rule in rules if rule.status == "live")
        self.product_ids = tuple(dict.fromkeys(one for rule in self.rules for one in rule.target.product_ids))
        self.counts_days = any(rule.target.newer_than_days is not UNSET for rule in self.rules)
        self._placements = {placement for rule in self.rules for placement in rule.where.placements}
        instants = {instant for rule in self.rules for instant in (rule.starts_at, rule.until)}
        self._changes_at = sorted(instant for instant in instants if isinstance(instant, datetime))
        self._applying: dict[tuple[ListPlace, int], ApplyingRules] = {}

    def day(self, now: datetime) -> int:
        """Return the day that the ages of products count from, 0 if no rule asks for an age."""
        return to_microseconds(now) // DAY if self.counts_days else 0

    def applying(self, place: ListPlace, now: datetime) -> ApplyingRules:
        """Return the rules that apply to a list."""
        if not self.rules:
            return NOTHING_APPLIES
        # Shops choose placements; those that no rule names are all the same.
        if place.placement is not None and place.placement not in self._placements:
            place = ListPlace(kind=place.kind, segment=place.segment)
        # Between two changes, the same rules are in force.
        key = place, bisect_right(self._changes_at, now)
        if (found := self._applying.get(key)) is None:
            if len(self._applying) >= MAX_CACHED_PLACES:
                self._applying.clear()
            found = self._applying[key] = self._find(place, now)
        return found

    def digest(self, place: ListPlace, now: datetime) -> str:
        """Return a text that is the same only for lists of the same rules, on the same day if a rule counts days."""
        applying = self.applying(place, now).digest
        return f"{applying}-{self.day(now)}" if applying and self.counts_days else applying

    def _find(self, place: ListPlace, now: datetime) -> ApplyingRules:
        positions = tuple(
            position for position, rule in enumerate(self.rules) if rule.is_in_force(now) and _is_about(rule, place)
        )
        if not positions:
            return NOTHING_APPLIES
        content = _encode([self.rules[position] for position in positions])
        return ApplyingRules(positions=positions, digest=blake2b(content, digest_size=8).hexdigest())


def _is_about(rule: Rule, place: ListPlace) -> bool:
    where = rule.where
    return (
        (not where.placements or place.placement in where.placements)
        and (not where.kinds or place.kind in where.kinds)
        and (not where.segments or place.segment in where.segments)
    )


def in_force(rules: Sequence[Rule], now: datetime) -> list[Rule]:
    """Return the rules in force without their dates, for a replay whose clock is another."""
    return [msgspec.structs.replace(rule, starts_at=UNSET, until=UNSET) for rule in rules if rule.is_in_force(now)]
