"""Rules in every repository."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from domain.errors import RuleChanged, RuleNotFound, TooManyItems
from domain.records.audit import AuditQuery
from domain.records.customers import CustomerUpdate, NewCustomer
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from domain.records.rules import MAX_RULES
from tests.domain.rules import rule


async def save(repository, saved, now):
    return (await repository.save_rule(saved, now=now, actor="erp")).previous


async def test_rules_are_kept_in_the_order_in_which_they_were_saved_first(repository, now):
    first, second = (
        rule("hide", "p-1", rule_id="b"),
        rule("pin", "p-2", position=3, rule_id="a", starts_at="2026-01-01T00:00:00Z"),
    )
    renamed = replace(first, name="Another name")

    assert (await repository.stored_rules()).rules == []
    assert await save(repository, first, now) is None
    assert await save(repository, second, now) is None
    assert await save(repository, renamed, now + timedelta(hours=1)) == first

    stored = await repository.stored_rules()
    assert [(one.rule_id, one.name, one.saved_at) for one in stored.rules] == [
        ("b", "Another name", now + timedelta(hours=1)), ("a", second.name, now),
    ]  # fmt: skip
    assert stored.rules[1].starts_at == second.starts_at


async def test_a_removed_rule_is_answered_and_gone(repository, now):
    await save(repository, rule("hide", "p-1", rule_id="r/1"), now)

    assert (await repository.remove_rule("r/1", actor="erp")).rule == rule("hide", "p-1", rule_id="r/1")

    assert (await repository.stored_rules()).rules == []
    with pytest.raises(RuleNotFound):
        await repository.remove_rule("r/1", actor="erp")


async def test_a_change_may_expect_a_version_of_the_rule(repository, now):
    first = rule("hide", "p-1", rule_id="r-1")
    saved = (await repository.save_rule(first, now=now, actor="erp", expected=None)).rule
    # Also within the same microsecond, another version has another instant.
    newer = (await repository.save_rule(first, now=now, actor="erp", expected=saved.saved_at)).rule

    for expected in (saved.saved_at, None):
        with pytest.raises(RuleChanged):
            await repository.save_rule(first, now=now, actor="erp", expected=expected)
        with pytest.raises(RuleChanged):
            await repository.remove_rule("r-1", actor="erp", expected=expected)
    assert (await repository.stored_rules()).rules == [newer]
    await repository.remove_rule("r-1", actor="erp", expected=newer.saved_at)
    with pytest.raises(RuleChanged):
        await repository.save_rule(first, now=now, actor="erp", expected=newer.saved_at)


async def test_a_removed_rule_can_return_to_its_place(repository, now):
    for name in ("a", "b", "c"):
        await save(repository, rule("hide", "p-1", rule_id=name), now)

    removed = await repository.remove_rule("b", actor="erp")
    await repository.save_rule(removed.rule, now=now, actor="erp", position=removed.position)

    assert [one.rule_id for one in (await repository.stored_rules()).rules] == ["a", "b", "c"]


async def test_each_change_raises_the_version_that_lists_learn(repository, now):
    await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
    await repository.put_products([ProductChange(product_id="p-1")], now=now)

    async def versions():
        states = [await repository.customer_state("c-1"), await repository.newcomer_state("nobody")]
        shop = (await repository.seed_state(["p-1"])).shop
        return {
            *(state.rules_version for state in states),
            shop.rules_version,
            (await repository.list_state()).rules_version,
        }

    found = [await versions()]
    await save(repository, rule("hide", "p-1"), now)
    found.append(await versions())
    await repository.remove_rule("hide-p-1", actor="erp")
    found.append(await versions())

    assert found == [{0}, {1}, {2}]
    assert (await repository.stored_rules()).version == 2


async def test_the_audit_has_each_change(repository, now):
    await save(repository, rule("hide", "p-1", rule_id="r-1"), now)
    await repository.remove_rule("r-1", actor="web")

    entries = await repository.audit_entries(AuditQuery())
    assert [(one.actor, one.action, one.subject, one.outcome) for one in reversed(entries)] == [
        ("erp", "save-rule", "r-1", "done"), ("web", "remove-rule", "r-1", "done"),
    ]  # fmt: skip


async def test_a_shop_has_a_bounded_number_of_rules(repository, now):
    for number in range(MAX_RULES):
        await save(repository, rule("hide", "p-1", rule_id=f"r-{number}"), now)

    with pytest.raises(TooManyItems):
        await save(repository, rule("hide", "p-1", rule_id="one more"), now)
    assert await save(repository, rule("hide", "p-2", rule_id="r-0"), now) is not None
    assert len((await repository.stored_rules()).rules) == MAX_RULES


async def test_products_are_found_by_ids_and_aliases(repository, now):
    await repository.update_products(
        [ProductChange(product_id="p-1", aliases=("sku",)), ProductChange(product_id="p-2")], now=now
    )

    assert await repository.product_indexes(["sku", "p-2", "nothing"]) == {"sku": 0, "p-2": 1}
    assert await repository.product_indexes([]) == {}


async def test_previews_take_buyers_first_and_nobody_who_objects(repository, now):
    await repository.put_products([ProductChange(product_id="p-1")], now=now)
    for number in range(6):
        await repository.create_customer(NewCustomer(customer_id=f"c-{number}"), now=now)
        event = (
            Purchase(customer_id=f"c-{number}", items=(OrderItem(product_id="p-1"),))
            if number < 4
            else BrowsingEvent(customer_id=f"c-{number}", product_id="p-1")
        )
        await repository.record([event], now=now)
    await repository.update_customer(CustomerUpdate(customer_id="c-1", profiling=False), now=now)

    assert await repository.recent_customers(n=2) == ["c-0", "c-2"]
    assert await repository.recent_customers(n=9) == ["c-0", "c-2", "c-3", "c-4", "c-5"]
