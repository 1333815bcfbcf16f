"""Change the rules of the shop, with an entry in the audit for each attempt."""

from datetime import datetime

from msgspec import UNSET
from msgspec.structs import replace

from domain.ports.repository import Repository
from domain.records.audit import Act
from domain.records.rules import Rule, RuleRemoved, RuleSaved
from infra.storage.ids import new_id
from infra.use_cases.audited import noting_failure


async def save_rule(repository: Repository, rule: Rule, *, now: datetime, actor: str) -> RuleSaved:
    """Save a checked rule, under a new id if it has none; raise TooManyItems. The entry is part of the same transaction."""
    if rule.rule_id is UNSET:
        rule = replace(rule, rule_id=new_id())
    async with noting_failure(repository, Act(actor=actor, action="save-rule", name=rule.known_id)):
        previous = await repository.save_rule(rule, now=now, actor=actor)
    return RuleSaved(rule=rule, previous=previous, unknown_products=await unknown_products(repository, rule))


async def remove_rule(repository: Repository, rule_id: str, *, actor: str) -> RuleRemoved:
    """Remove a rule; raise RuleNotFound. The entry is part of the same transaction."""
    async with noting_failure(repository, Act(actor=actor, action="remove-rule", name=rule_id)):
        return RuleRemoved(previous=await repository.remove_rule(rule_id, actor=actor))


async def unknown_products(repository: Repository, rule: Rule) -> list[str]:
    """Return the ids of a target that no product has yet."""
    known = await repository.product_indexes(rule.target.product_ids)
    return [product_id for product_id in dict.fromkeys(rule.target.product_ids) if product_id not in known]
