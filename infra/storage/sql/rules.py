"""The rules of the shop as JSON, and the version by which all processes learn of a change."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from domain.errors import RuleNotFound, TooManyItems
from domain.ports.rules import StoredRules
from domain.records.audit import Act
from domain.records.rules import MAX_RULES, ListedRule, Rule
from domain.records.values import from_microseconds, to_microseconds
from infra.storage.sql import audit, known_products
from infra.storage.sql.customers import MAY_BE_USED
from infra.storage.sql.statements import Row, Steps, one, one_or_none, rows

N_NEWEST = 20_000
"""Order items, or views, whose customers rules are previewed on."""
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Rule).decode


def raise_version() -> Steps[None]:
    """Let all processes read rules and experiments anew; other writers of these wait."""
    yield from rows("UPDATE shop_state SET rules_version = rules_version + 1")


def read() -> Steps[StoredRules]:
    """Read all rules with their version."""
    (version,) = yield from one("SELECT rules_version FROM shop_state")
    found = yield from rows("SELECT content, saved_at FROM shop_rules ORDER BY position")
    return StoredRules(version=version, rules=[_listed(row) for row in found])


def save(rule: Rule, *, now: datetime, actor: str) -> Steps[Rule | None]:
    """Create or replace a rule; a replaced one keeps its place."""
    # First, because it makes other changes of rules wait.
    yield from raise_version()
    before = yield from one_or_none("SELECT content FROM shop_rules WHERE rule_id = :rule_id", rule_id=rule.known_id)
    n_rules, last = yield from one("SELECT COUNT(*), COALESCE(MAX(position), 0) FROM shop_rules")
    if before is None and n_rules >= MAX_RULES:
        raise TooManyItems(f"A shop has at most {MAX_RULES} rules.")
    yield from rows(
        "INSERT INTO shop_rules (rule_id, content, saved_at, position) VALUES (:rule_id, :content, :saved_at, :position)"
        " ON CONFLICT (rule_id) DO UPDATE SET content = excluded.content, saved_at = excluded.saved_at",
        rule_id=rule.known_id,
        content=_encode(rule).decode(),
        saved_at=to_microseconds(now),
        position=last + 1,
    )
    yield from audit.record(Act(actor=actor, action="save-rule", name=rule.known_id))
    return None if before is None else _decode(before[0])


def remove(rule_id: str, *, actor: str) -> Steps[Rule]:
    """Delete a rule; raise RuleNotFound."""
    yield from raise_version()
    gone = yield from rows("DELETE FROM shop_rules WHERE rule_id = :rule_id RETURNING content", rule_id=rule_id)
    if not gone:
        raise RuleNotFound(rule_id)
    yield from audit.record(Act(actor=actor, action="remove-rule", name=rule_id))
    return _decode(gone[0][0])


def product_indexes(product_ids: Sequence[str]) -> Steps[dict[str, int]]:
    """Look up products by ids or aliases."""
    if not product_ids:
        return {}
    found = yield from known_products.find(product_ids)
    return {product_id: product.product_index for product_id, product in found.items()}


def recent_customers(n: int) -> Steps[list[str]]:
    """Return customers of the newest orders, and where these are too few, of the newest views."""
    found = yield from _customers_in("purchase_history")
    if len(found) < n:
        found = sorted({*found, *(yield from _customers_in("browsing_history"))})
    step = max(len(found) // n, 1)
    return found[::step][:n]


def _customers_in(table: str) -> Steps[list[str]]:
    found = yield from rows(
        f"SELECT DISTINCT customer_id FROM (SELECT customer_id FROM {table} WHERE {MAY_BE_USED}"
        " ORDER BY occurred_at DESC LIMIT :n) newest",
        n=N_NEWEST,
    )
    return sorted(customer_id for (customer_id,) in found)


def _listed(row: Row) -> ListedRule:
    content, saved_at = row
    rule = _decode(content)
    members = {name: getattr(rule, name) for name in Rule.__struct_fields__}
    return ListedRule(**members, saved_at=from_microseconds(saved_at))
