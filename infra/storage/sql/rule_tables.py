"""The part of the repository that keeps the rules of the shop."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import UNSET

from domain.ports.rules import ExpectedVersion, RemovedRule, SavedRule, StoredRules
from domain.records.rules import Rule
from infra.storage.sql import rules
from infra.storage.sql.engine import Engine


class RuleTables:
    """The protocol RuleStore over tables."""

    engine: Engine

    async def stored_rules(self) -> StoredRules:
        return await self.engine.read(rules.read)

    async def save_rule(
        self,
        rule: Rule,
        *,
        now: datetime,
        actor: str,
        expected: ExpectedVersion = UNSET,
        position: int | None = None,
    ) -> SavedRule:
        return await self.engine.write(rules.save, rule, now=now, actor=actor, expected=expected, position=position)

    async def remove_rule(self, rule_id: str, *, actor: str, expected: ExpectedVersion = UNSET) -> RemovedRule:
        return await self.engine.write(rules.remove, rule_id, actor=actor, expected=expected)

    async def product_indexes(self, product_ids: Sequence[str]) -> dict[str, int]:
        return await self.engine.look_up(rules.product_indexes, product_ids)

    async def recent_customers(self, *, n: int) -> list[str]:
        return await self.engine.look_up(rules.recent_customers, n)
