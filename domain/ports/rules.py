"""The protocol of storage for the rules of the shop, which every repository has."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from domain.records.rules import ListedRule, Rule


class StoredRules(Struct, frozen=True, kw_only=True):
    """All rules, those that were saved first at the top, with the version that rises with each change."""

    version: int
    rules: Sequence[ListedRule]


class RuleStore(Protocol):
    """Read and change the rules of the shop, and read what they are previewed on."""

    async def stored_rules(self) -> StoredRules: ...

    async def save_rule(self, rule: Rule, *, now: datetime, actor: str) -> Rule | None:
        """Create or replace the rule of an id, and return what was stored under it before.

        The same transaction adds the entry of the audit. Raise TooManyItems for one rule more than a shop may have.
        """
        ...

    async def remove_rule(self, rule_id: str, *, actor: str) -> Rule:
        """Delete a rule, and return it; raise RuleNotFound. The same transaction adds the entry of the audit."""
        ...

    async def product_indexes(self, product_ids: Sequence[str]) -> dict[str, int]:
        """Return the indexes of products by their ids or aliases, without unknown ones."""
        ...

    async def recent_customers(self, *, n: int) -> list[str]:
        """Return up to `n` customers, ascending, spread over those of the newest orders, else of the newest views.

        The same events always give the same customers.
        """
        ...
