"""Why a product is not in a list agrees with the list that the shop answers, and follows changes."""

import random
from datetime import timedelta

import pytest

from domain.errors import CustomerNotFound, ProductNotFound
from domain.records.customers import NewCustomer
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from domain.records.recommendations import ListRequest
from infra.storage.sqlite import open_sqlite
from infra.use_cases.recommend import current_list
from infra.use_cases.train import TuningBudget, train
from infra.use_cases.why_not import explain_absence
from tests.domain.rules import rule

N_PRODUCTS = 40
CUSTOMERS = ("c-1", "c-2", "c-3")
REQUESTS = (
    ListRequest(),
    ListRequest(limit=3),
    ListRequest(seen="exclude", max_price=20.0),
    ListRequest(seen="include", limit=5, categories=frozenset({"a"}), exclude=frozenset({"p-1"})),
)


@pytest.fixture
async def shop(database):
    async with open_sqlite(database, currency="EUR") as repository:
        yield repository


async def fill(shop, rng, now):
    await shop.put_products(
        [
            ProductChange(
                product_id=f"p-{number}",
                name=f"{rng.choice(['red', 'blue', 'green'])} {rng.choice(['tent', 'lamp', 'stove'])}",
                category=rng.choice([None, "a", "a/b", "c"]),
                brand=rng.choice([None, "x", "y"]),
                price=rng.choice([None, 5.0, 15.0, 50.0]),
                in_stock=number == 1 or rng.random() < 0.8,
                withdrawn=number != 1 and rng.random() < 0.1,
                created_at=now - timedelta(days=rng.choice([1, 40, 400])),
                variant_of=rng.choice([None, None, None, "v-1", "v-2"]),
            )
            for number in range(N_PRODUCTS)
        ],
        now=now,
    )
    for number in range(20):
        customer_id = f"c-{number}"
        await shop.create_customer(NewCustomer(customer_id=customer_id), now=now)
        for _ in range(rng.randrange(12)):
            item = OrderItem(product_id=f"p-{min(rng.randrange(N_PRODUCTS), rng.randrange(N_PRODUCTS))}")
            at = now - timedelta(days=rng.randrange(90))
            event = (
                Purchase(customer_id=customer_id, items=(item,), occurred_at=at)
                if rng.random() < 0.3
                else BrowsingEvent(customer_id=customer_id, product_id=item.product_id, occurred_at=at)
            )
            await shop.record([event], now=now)


async def answered(shop, customer_id, request, now):
    answer = await current_list(shop, customer_id, request=request, now=now, reuse_seconds=3600)
    return {item.product_id: (item.rank, item.score) for item in answer.items}


RULES = (
    rule("hide", "p-3", "p-7"),
    rule("pin", "p-5", position=2),
    rule("boost", category=["a"], strength=3),
    rule("bury", "p-2", strength=5),
)


@pytest.mark.parametrize("rules", [(), RULES], ids=["without-rules", "with-rules"])
@pytest.mark.parametrize("seed", range(4))
async def test_a_verdict_agrees_with_the_list_of_a_random_shop(shop, now, seed, rules):
    await fill(shop, random.Random(seed), now)
    for one in rules:
        await shop.save_rule(one, now=now, actor="local")
    if seed:
        await train(shop, now=now, budget=TuningBudget(trials=0))

    verdicts = set()
    for customer_id in CUSTOMERS:
        for request in REQUESTS:
            listed = await answered(shop, customer_id, request, now)
            for number in range(N_PRODUCTS):
                found = await explain_absence(shop, customer_id, f"p-{number}", request=request, now=now)
                verdicts.add(found.verdict)
                assert (found.verdict == "in_list") == (f"p-{number}" in listed), found
                if found.verdict == "in_list":
                    assert (found.rank, found.score) == listed[f"p-{number}"]
                    assert sum(part.amount for part in found.parts) == pytest.approx(found.score, abs=1e-5)
    assert {"in_list", "out_of_stock", "withdrawn", "outside_filters", "excluded"} <= verdicts
    assert ("hidden_by_rule" in verdicts) == bool(rules)


async def test_a_rule_that_hides_a_product_is_named_and_without_it_the_product_is_back(shop, now):
    await fill(shop, random.Random(1), now)
    await shop.put_products([ProductChange(product_id="new", category="a")], now=now)
    request = ListRequest(limit=100)
    await shop.save_rule(rule("hide", "new", name="No news", rule_id="r-1"), now=now, actor="local")

    hidden = await explain_absence(shop, "c-1", "new", request=request, now=now)
    await shop.remove_rule("r-1", actor="local")

    assert (hidden.verdict, hidden.rules) == ("hidden_by_rule", ["No news"])
    assert hidden.advice == "Remove or change the rules that hide it: No news."
    assert (await explain_absence(shop, "c-1", "new", request=request, now=now)).verdict == "in_list"


async def test_the_parts_of_a_boosted_and_of_a_pinned_product_have_what_rules_give(shop, now):
    await fill(shop, random.Random(1), now)
    request = ListRequest(limit=100)
    (first, _), *_ = (await answered(shop, "c-1", request, now)).items()
    plain = await explain_absence(shop, "c-1", first, request=request, now=now)

    await shop.save_rule(rule("boost", first, strength=1, rule_id="r-1"), now=now, actor="local")
    boosted = await explain_absence(shop, "c-1", first, request=request, now=now)
    await shop.save_rule(rule("pin", first, position=3, rule_id="r-1"), now=now, actor="local")
    pinned = await explain_absence(shop, "c-1", first, request=request, now=now)

    gain = {part.source: part.amount for part in boosted.parts}["rule"]
    assert gain == pytest.approx(0.25 * plain.score, abs=1e-5)
    assert boosted.score == pytest.approx(1.25 * plain.score, abs=1e-5)
    assert pinned.rank == 3
    assert "rule" in {part.source for part in pinned.parts}


async def test_what_is_advised_changes_the_verdict(shop, now):
    await fill(shop, random.Random(1), now)
    await shop.put_products([ProductChange(product_id="new", category="a", in_stock=False, withdrawn=True)], now=now)

    async def verdict(**fields):
        return (await explain_absence(shop, "c-1", "new", request=ListRequest(limit=100, **fields), now=now)).verdict

    assert await verdict() == "withdrawn"
    await shop.put_products([ProductChange(product_id="new", withdrawn=False)], now=now)
    assert await verdict() == "out_of_stock"
    await shop.put_products([ProductChange(product_id="new", in_stock=True)], now=now)
    assert await verdict(exclude=frozenset({"new"})) == "excluded"
    assert await verdict(categories=frozenset({"c"})) == "outside_filters"
    assert await verdict() == "in_list"
    await shop.record([BrowsingEvent(customer_id="c-1", product_id="new")], now=now)
    assert await verdict(seen="exclude") == "in_history"
    order = Purchase(customer_id="c-1", items=(OrderItem(product_id="new"),))
    await shop.record([order], now=now)
    assert await verdict() == "bought_not_due"


async def test_an_unknown_customer_or_product_is_not_found(shop, now):
    await fill(shop, random.Random(1), now)

    with pytest.raises(CustomerNotFound):
        await explain_absence(shop, "nobody", "nothing", request=ListRequest(), now=now)
    with pytest.raises(ProductNotFound):
        await explain_absence(shop, "c-1", "nothing", request=ListRequest(), now=now)


async def test_a_product_that_only_events_have_named_is_unlisted(shop, now):
    await fill(shop, random.Random(1), now)
    gift = Purchase(customer_id="c-1", items=(OrderItem(product_id="gift"),))
    await shop.record([gift], now=now, create_products=True)

    assert (await explain_absence(shop, "c-2", "gift", request=ListRequest(), now=now)).verdict == "unlisted"


async def test_rules_that_pin_others_before_a_product_are_named(shop, now):
    await fill(shop, random.Random(7), now)
    await train(shop, now=now, budget=TuningBudget(trials=0))
    before = await current_list(shop, "c-1", request=ListRequest(limit=3), now=now, reuse_seconds=0)
    last = before.items[2].product_id
    longer = await current_list(shop, "c-1", request=ListRequest(limit=20), now=now, reuse_seconds=0)
    await shop.save_rule(rule("pin", longer.items[-1].product_id, position=1, name="Sale"), now=now, actor="a")

    below = await explain_absence(shop, "c-1", last, request=ListRequest(limit=3), now=now)
    far = await explain_absence(shop, "c-1", longer.items[6].product_id, request=ListRequest(limit=3), now=now)

    assert (below.verdict, below.rank, below.pinned_by) == ("ranked_below", 4, ["Sale"])
    assert "the end of the rules that pin others before it (Sale)" in below.advice
    assert far.pinned_by == []
