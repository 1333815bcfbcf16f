"""Change the rules of the shop, with an entry in the audit for each attempt."""

from datetime import datetime

from msgspec import UNSET
from msgspec.structs import replace

from domain.ports.repository import Repository
from domain.ports.rules import ExpectedVersion, RemovedRule
from domain.records.audit import Act
from domain.records.rules import Rule, RuleSaved
from infra.storage.ids import new_id
from infra.use_cases.audited import noting_failure


async def save_rule(  # noqa: PLR0913 - what one change depends on
    repository: Repository,
    rule: Rule,
    *,
    now: datetime,
    actor: str,
    expected: ExpectedVersion = UNSET,
    position: int | None = None,
) -> RuleSaved:
    """Save a checked rule, under a new id if it has none, and at a `position` if it has had one before.

    Raise TooManyItems, or RuleChanged if another version is stored than `expected`. The entry is part of the same
    transaction.
    """
    if rule.rule_id is UNSET:
        rule = replace(rule, rule_id=new_id())
    async with noting_failure(repository, Act(actor=actor, action="save-rule", name=rule.known_id)):
        saved = await repository.save_rule(rule, now=now, actor=actor, expected=expected, position=position)
    unknown = await unknown_products(repository, rule)
    return RuleSaved(rule=saved.rule, previous=saved.previous, unknown_products=unknown)


async def remove_rule(repository: Repository, rule_id: str, *, actor: str, expected: ExpectedVersion = UNSET) -> RemovedRule:
    """Remove a rule; raise RuleNotFound, or RuleChanged. The entry is part of the same transaction."""
    async with noting_failure(repository, Act(actor=actor, action="remove-rule", name=rule_id)):
        return await repository.remove_rule(rule_id, actor=actor, expected=expected)


async def unknown_products(repository: Repository, rule: Rule) -> list[str]:
    """Return the ids of a target that no product has yet."""
    known = await repository.product_indexes(rule.target.product_ids)
    return [product_id for product_id in dict.fromkeys(rule.target.product_ids) if product_id not in known]
