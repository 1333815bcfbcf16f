"""A preview shows lists before and after and what a rule costs, and changes nothing."""

import pytest

from domain.errors import CustomerNotFound, RuleNotFound
from domain.records.audit import AuditQuery
from domain.records.customers import NewCustomer
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from domain.records.rule_previews import PreviewRequest
from infra.storage.sqlite import open_sqlite
from infra.use_cases import rule_preview
from infra.use_cases.rule_preview import TOO_FEW, preview
from infra.use_cases.train import TuningBudget, train
from tests.domain.rules import rule

N_CUSTOMERS = 40
HIDE = rule("hide", "p-1", status="draft")


@pytest.fixture
async def shop(database, now):
    """Forty customers looked at p-0 and then bought p-1; ten products."""
    async with open_sqlite(database, currency="EUR") as repository:
        await repository.put_products([ProductChange(product_id=f"p-{n}", category=f"c{n}") for n in range(10)], now=now)
        for number in range(N_CUSTOMERS):
            customer_id = f"c-{number:02}"
            await repository.create_customer(NewCustomer(customer_id=customer_id), now=now)
            before = now.replace(hour=1)
            await repository.record(
                [
                    BrowsingEvent(customer_id=customer_id, product_id="p-0", occurred_at=before),
                    Purchase(customer_id=customer_id, items=(OrderItem(product_id="p-1"),), occurred_at=now),
                ],
                now=now,
            )
        await repository.create_customer(NewCustomer(customer_id="new"), now=now)
        await train(repository, now=now, budget=TuningBudget(trials=0))
        yield repository


async def previewed(repository, now, **members):
    return await preview(repository, PreviewRequest(**members), now=now)


def ids(items):
    return [item.product_id for item in items]


async def test_lists_are_shown_before_and_after_and_hits_are_compared(shop, now):
    found = await previewed(shop, now, rule=HIDE, customer_ids=("new", "c-00"))

    newcomer, buyer = found.customers
    assert "p-1" in ids(newcomer.before)
    assert "p-1" not in ids(newcomer.after)
    assert (newcomer.is_changed, buyer.is_changed, found.n_changed) == (True, False, 1)
    assert [item.rank for item in newcomer.after] == list(range(1, len(newcomer.after) + 1))
    # Every list has p-1, which each of the customers bought.
    assert (found.hits.customers, found.hits.before, found.hits.after) == (N_CUSTOMERS, 1.0, 0.0)
    assert (found.hits.difference, found.hits.low, found.hits.high) == (-1.0, -1.0, -1.0)
    assert found.warnings == []


async def test_a_preview_changes_nothing(shop, now):
    before = await shop.stored_rules()

    await previewed(shop, now, rule=HIDE)

    assert await shop.stored_rules() == before
    assert await shop.audit_entries(AuditQuery()) == []


async def test_without_customers_some_who_bought_lately_are_taken(shop, now):
    assert len((await previewed(shop, now, rule=HIDE)).customers) == 5
    assert len((await previewed(shop, now, rule=HIDE, sample=20, limit=1)).customers) == 20


async def test_a_saved_rule_is_compared_with_lists_without_it(shop, now):
    live = rule("hide", "p-1", rule_id="r-1")
    await shop.save_rule(rule("hide", "p-2", rule_id="r-0"), now=now, actor="erp")
    await shop.save_rule(live, now=now, actor="erp")

    found = await previewed(shop, now, rule_id="r-1", customer_ids=("new",))
    changed = await previewed(shop, now, rule=rule("hide", "p-3", rule_id="r-1"), customer_ids=("new",))

    [one], [other] = found.customers, changed.customers
    assert {"p-1", "p-2"} & set(ids(one.before)) == {"p-1"}
    assert {"p-1", "p-2"} & set(ids(one.after)) == set()
    # What customers see now, and what they would see.
    assert {"p-1", "p-2", "p-3"} & set(ids(other.before)) == {"p-3"}
    assert {"p-1", "p-2", "p-3"} & set(ids(other.after)) == {"p-1"}


async def test_a_preview_warns_of_surprises(shop, now):
    everything = rule("hide", "no", *(f"p-{n}" for n in range(10)))
    found = await previewed(shop, now, rule=everything, customer_ids=("new",))
    other = await previewed(shop, now, rule=rule("hide", "p-1", where={"kinds": ["new"], "placements": ["home"]}))

    assert found.warnings == [
        "No product has the id no.",
        "1 of 1 lists would be empty.",
        "Lists of the kind `popular` would be empty: it hides every product there.",
    ]
    assert (other.warnings, other.n_changed) == (
        ["The rule is not for lists of the kind `for-customer`, which the preview shows."], 0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("where", "emptied"),
    [
        ({"kinds": ["similar", "new"]}, "similar"),
        ({"segments": ["Premium"]}, "for-customer"),
        ({"placements": ["x"]}, "popular"),
    ],
)
async def test_a_preview_warns_where_a_rule_hides_every_product_of_a_kind_of_lists(shop, now, where, emptied):
    everything = rule("hide", max_price=1.0, where=where)
    await shop.put_products([ProductChange(product_id=f"p-{n}", price=1.0) for n in range(10)], now=now)

    warnings = (await previewed(shop, now, rule=everything, customer_ids=("new",))).warnings

    assert f"Lists of the kind `{emptied}` would be empty: it hides every product there." in warnings


async def test_too_few_customers_have_no_interval(shop, now, monkeypatch):
    monkeypatch.setattr(rule_preview, "MIN_COMPARED", N_CUSTOMERS + 1)
    few = await previewed(shop, now, rule=HIDE, sample=1)
    monkeypatch.setattr(rule_preview, "MAX_SECONDS", -1.0)
    monkeypatch.setattr(rule_preview, "MIN_COMPARED", 1)
    late = await previewed(shop, now, rule=HIDE, sample=1)

    assert (few.hits, few.no_hits_because) == (None, TOO_FEW)
    assert (late.hits, late.no_hits_because) == (None, TOO_FEW)


async def test_customers_who_only_looked_or_were_erased_meanwhile_are_not_compared(shop, now, monkeypatch):
    async def with_others(*, n):
        return ["nobody", "new", *(f"c-{number:02}" for number in range(N_CUSTOMERS))][:n]

    monkeypatch.setattr(shop, "recent_customers", with_others)

    assert (await previewed(shop, now, rule=HIDE, customer_ids=("new",))).hits.customers == N_CUSTOMERS


async def test_unknown_rules_and_customers_are_named(shop, now):
    with pytest.raises(RuleNotFound):
        await previewed(shop, now, rule_id="nothing")
    with pytest.raises(CustomerNotFound):
        await previewed(shop, now, rule=HIDE, customer_ids=("nobody",))
