"""Read the rules that an evaluation of the shop's own lists applies."""

from datetime import datetime

from domain.evaluation.replay import ReplayedRules
from domain.ports.repository import Repository
from domain.ranking.rule_book import RuleBook, in_force


async def replayed_rules(repository: Repository, *, now: datetime) -> ReplayedRules:
    """Return the rules in force, whatever the time of the replay."""
    rules = in_force((await repository.stored_rules()).rules, now)
    return ReplayedRules(in_force=rules, indexes=await repository.product_indexes(RuleBook(rules).product_ids))
