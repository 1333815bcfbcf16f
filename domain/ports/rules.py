"""The protocol of storage for the rules of the shop, which every repository has."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from msgspec import UNSET, Struct, UnsetType

from domain.records.rules import ListedRule, Rule

ExpectedVersion = datetime | UnsetType | None
"""The `saved_at` of the version that a change expects to be stored, None if it expects no rule, and UNSET for any."""


class StoredRules(Struct, frozen=True, kw_only=True):
    """All rules, those that were saved first at the top, with the version that rises with each change."""

    version: int
    rules: Sequence[ListedRule]


class SavedRule(Struct, frozen=True, kw_only=True):
    """A rule as it is stored now, and what was stored under its id before."""

    rule: ListedRule
    previous: Rule | None


class RemovedRule(Struct, frozen=True, kw_only=True):
    """A rule that was removed, and its place in the order of all."""

    rule: Rule
    position: int


class RuleStore(Protocol):
    """Read and change the rules of the shop, and read what they are previewed on."""

    async def stored_rules(self) -> StoredRules: ...

    async def save_rule(
        self,
        rule: Rule,
        *,
        now: datetime,
        actor: str,
        expected: ExpectedVersion = UNSET,
        position: int | None = None,
    ) -> SavedRule:
        """Create or replace the rule of an id; a new one comes last, or to the `position` that it had before.

        The same transaction adds the entry of the audit. Raise TooManyItems for one rule more than a shop may have, and
        RuleChanged if another version is stored than `expected`.
        """
        ...

    async def remove_rule(self, rule_id: str, *, actor: str, expected: ExpectedVersion = UNSET) -> RemovedRule:
        """Delete a rule; raise RuleNotFound, or RuleChanged if another version is stored than `expected`.

        The same transaction adds the entry of the audit.
        """
        ...

    async def product_indexes(self, product_ids: Sequence[str]) -> dict[str, int]:
        """Return the indexes of products by their ids or aliases, without unknown ones."""
        ...

    async def recent_customers(self, *, n: int) -> list[str]:
        """Return up to `n` customers, ascending, spread over those of the newest orders, else of the newest views.

        The same events always give the same customers.
        """
        ...
