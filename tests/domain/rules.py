"""Rules for tests, made of plain values."""

import msgspec

from domain.ranking.rule_book import ListPlace, RuleBook
from domain.ranking.rule_targets import RuleTargets
from domain.ranking.rules import list_rules
from domain.records.rules import Rule
from tests.domain.shop import NOW

HERE = ListPlace(kind="for-customer")


def rule(
    action="hide", *product_ids, where=None, name=None, status="live", rule_id=None, starts_at=None, until=None, **members
):
    """Return a live rule of `product_ids` or of the filters among `members`, named by its action."""
    outer = {key: members.pop(key) for key in ("position", "strength") if key in members}
    dates = {"from": starts_at, "until": until}
    return msgspec.convert(
        {
            "rule_id": rule_id or f"{action}-{'-'.join(product_ids)}"[:99],
            "name": name or f"The {action}",
            "action": action,
            "target": {"product_ids": list(product_ids)} | members,
            "where": where or {},
            "status": status,
        }
        | outer
        | {key: value for key, value in dates.items() if value is not None},
        Rule,
    )


def rules_for(catalogue, *rules, place=HERE, now=NOW):
    """Return the rules of a list, whose ids are those of products of the catalogue."""
    book = RuleBook(rules)
    indexes = {one: index for one in book.product_ids if (index := catalogue.index_of(one)) is not None}
    return list_rules(book, place, RuleTargets(book.rules, catalogue, indexes, day=book.day(now)), now=now)
