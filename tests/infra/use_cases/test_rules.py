"""Rules in the lists of a stored shop: a change shows at once, in every process and every kind of list."""

from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from msgspec import UNSET

from domain.errors import RuleNotFound
from domain.ranking.model import ProductActivity, TrainedModel
from domain.ranking.packing import pack
from domain.records.audit import AuditQuery
from domain.records.customers import CustomerUpdate, NewCustomer
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from domain.records.recommendations import ListRequest, Reason, for_storefront
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.storage.sqlite import open_sqlite
from infra.use_cases import rule_data
from infra.use_cases.customer_lists import CustomerListRequest, customer_list
from infra.use_cases.recommend import current_list, recorded_list
from infra.use_cases.related import RelatedRequest, related_list
from infra.use_cases.rule_data import rule_data_of
from infra.use_cases.rules import remove_rule, save_rule
from infra.use_cases.shop_lists import ShopListRequest, shop_list
from tests.domain.rules import rule
from tests.domain.shop import model_with, neighbour_lists

N_PRODUCTS = 30


async def fill(repository, now):
    """A shop whose products are the more popular, the lower their number; c-1 bought p-2 and looked at p-3 and p-4."""
    changes = [
        ProductChange(
            product_id=f"p-{n}", category="a" if n % 2 else "b", price=float(n), created_at=now - timedelta(days=n)
        )
        for n in range(N_PRODUCTS)
    ]
    await repository.put_products(changes, now=now)
    await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
    earlier = now - timedelta(days=1)
    await repository.record(
        [
            Purchase(customer_id="c-1", items=(OrderItem(product_id="p-2"),), occurred_at=earlier),
            BrowsingEvent(customer_id="c-1", product_id="p-3", occurred_at=earlier),
            BrowsingEvent(customer_id="c-1", product_id="p-4", occurred_at=now),
        ],
        now=now,
    )
    buyers = pack(list(range(N_PRODUCTS)), list(range(N_PRODUCTS, 0, -1)))
    await repository.save_model(
        TrainedModel(
            model=model_with(newest_product_index=N_PRODUCTS - 1),
            neighbours=[
                neighbour_lists(0, viewed=[(2, 0.9)], similar=[(2, 0.8), (4, 0.7)], completing=[(1, 0.5), (3, 0.4)])
            ],
            activity=[ProductActivity(measure="buyers", age_days=0, products=buyers)],
        )
    )


@pytest.fixture
async def shop(database, now):
    async with open_sqlite(database, currency="EUR") as repository:
        await fill(repository, now)
        yield repository


async def save(repository, *rules, now):
    for one in rules:
        await save_rule(repository, one, now=now, actor="erp")


async def for_customer(repository, now, **request):
    asked = ListRequest(**request)
    return await current_list(repository, "c-1", request=asked, now=now, reuse_seconds=3600)


async def lists(repository, now, *, placement=None, limit=5):
    """Return the ids of each kind of list."""
    asked = ListRequest(limit=limit, placement=placement)
    answers = {"for-customer": await for_customer(repository, now, limit=limit, placement=placement)}
    for kind in ("popular", "trending", "new"):
        answers[kind] = await shop_list(repository, ShopListRequest(kind=kind, list_request=asked), now=now)
    for kind in ("similar", "bought-together"):
        related = RelatedRequest(kind=kind, product_ids=["p-0"], list_request=asked, customer_id="c-1", is_personal=True)
        answers[kind] = await related_list(repository, related, now=now)
    for kind in ("buy-again", "recently-viewed"):
        own = CustomerListRequest(kind=kind, customer_id="c-1", list_request=asked)
        answers[kind] = await customer_list(repository, own, now=now)
    return {kind: [item.product_id for item in answer.items] for kind, answer in answers.items()}


async def test_an_acknowledged_rule_is_in_the_next_list_of_every_process(database_url, written_at_once, now):
    async with AsyncExitStack() as stack:
        saver, reader = [
            await stack.enter_async_context(open_repository(Settings(database_url=database_url))) for _ in range(2)
        ]
        await fill(saver, now)
        for number in range(6):
            before = await lists(reader, now)
            hidden = {kind: ids[0] for kind, ids in before.items() if ids}
            assert (await for_customer(reader, now, limit=5)).cached
            saved = rule("hide", *set(hidden.values()), rule_id=f"r-{number}")
            await save(saver, saved, now=now)

            after = await lists(reader, now)
            assert {kind for kind, ids in after.items() if set(hidden.values()) & set(ids)} == set()
            if number % 2:
                await remove_rule(saver, f"r-{number}", actor="erp")
                assert await lists(reader, now) == before


async def test_a_pin_stands_in_every_list_that_may_contain_it(shop, now):
    await save(shop, rule("pin", "p-9", position=2), rule("pin", "p-3", position=1), now=now)

    found = await lists(shop, now)

    for kind in ("for-customer", "popular", "trending", "new", "similar", "bought-together"):
        assert found[kind][:2] == ["p-3", "p-9"], kind
    assert found["recently-viewed"] == ["p-3", "p-4"]


async def test_rules_apply_by_kind_placement_and_segment(shop, now):
    await save(
        shop,
        rule("pin", "p-20", position=1, where={"kinds": ["popular"]}),
        rule("pin", "p-21", position=1, where={"placements": ["home"], "kinds": ["new"]}),
        rule("pin", "p-22", position=1, where={"segments": ["Premium"]}),
        now=now,
    )

    plain, home = await lists(shop, now), await lists(shop, now, placement="home")
    assert (plain["popular"][0], plain["new"][0], home["new"][0]) == ("p-20", "p-0", "p-21")
    assert plain["for-customer"][0] != "p-22"

    await shop.update_customer(CustomerUpdate(customer_id="c-1", segment="Premium"), now=now)
    premium = await lists(shop, now)
    assert [premium[kind][0] for kind in ("for-customer", "similar")] == ["p-22", "p-22"]
    assert premium["popular"][0] == "p-20"


async def test_a_stored_list_is_served_only_under_the_rules_it_was_computed_with(shop, now):
    await save(shop, rule("hide", "p-29", where={"placements": ["cart"]}), now=now)

    assert [(await for_customer(shop, now)).cached for _ in range(2)] == [False, True]
    assert not (await for_customer(shop, now, placement="cart")).cached
    assert (await for_customer(shop, now, placement="cart")).cached
    assert not (await for_customer(shop, now, placement="elsewhere")).cached

    await save(shop, rule("hide", "p-28", where={"kinds": ["new"]}), now=now)
    assert (await for_customer(shop, now)).cached


async def test_dated_rules_begin_and_end_also_for_stored_lists(shop, now):
    soon, later = now + timedelta(minutes=1), now + timedelta(minutes=2)
    await save(shop, rule("pin", "p-20", position=1, starts_at=soon.isoformat(), until=later.isoformat()), now=now)

    found = [(await for_customer(shop, at)) for at in (now, soon, soon, later)]

    assert [answer.items[0].product_id == "p-20" for answer in found] == [False, True, True, False]
    assert [answer.cached for answer in found] == [False, False, True, False]


async def test_while_rules_apply_a_change_of_a_product_counts_at_once(shop, now):
    await save(shop, rule("hide", max_price=5.0), now=now)
    assert "p-1" not in {item.product_id for item in (await for_customer(shop, now, limit=30)).items}

    await shop.put_products([ProductChange(product_id="p-1", price=6.0)], now=now)

    assert "p-1" in {item.product_id for item in (await for_customer(shop, now, limit=30)).items}


async def test_an_id_counts_as_soon_as_a_product_has_it(shop, now):
    saved = await save_rule(shop, rule("pin", "new", "sku", position=1), now=now, actor="erp")
    assert saved.unknown_products == ["new", "sku"]
    assert (await lists(shop, now))["popular"][0] == "p-0"

    await shop.update_products(
        [ProductChange(product_id="new", created_at=now), ProductChange(product_id="p-9", aliases=("sku",))], now=now
    )

    assert (await lists(shop, now))["popular"][:2] == ["new", "p-9"]


async def test_ages_count_from_the_day_of_the_request(shop, now):
    await save(shop, rule("hide", newer_than_days=2), now=now)

    assert (await lists(shop, now))["new"][0] == "p-3"
    assert (await lists(shop, now + timedelta(days=1)))["new"][0] == "p-2"


async def test_hiding_most_products_leaves_lists_of_the_others(shop, now):
    await save(shop, rule("hide", *(f"p-{n}" for n in range(28))), now=now)

    found = await lists(shop, now)

    assert {frozenset(found[kind]) for kind in ("for-customer", "popular", "trending", "new")} == {
        frozenset({"p-28", "p-29"})
    }


async def test_where_rules_hide_the_newest_products_older_ones_fill_a_list(database, now):
    async with open_sqlite(database, currency="EUR") as repository:
        changes = [
            ProductChange(product_id=f"p-{n}", brand="x" if n < 200 else None, created_at=now - timedelta(minutes=n))
            for n in range(300)
        ]
        await repository.put_products(changes, now=now)
        await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
        await save(repository, rule("hide", brand=["x"]), now=now)

        answer = await for_customer(repository, now, limit=100)

        assert [item.product_id for item in answer.items] == [f"p-{n}" for n in range(200, 300)]


async def test_a_list_of_which_rules_hide_all_names_them(shop, now):
    everything = [f"p-{n}" for n in range(N_PRODUCTS)]
    await save(shop, rule("hide", *everything, name="Stocktaking"), now=now)

    await save(shop, rule("hide", "p-2", name="Elsewhere", where={"kinds": ["new"]}, rule_id="r-2"), now=now)

    for _ in range(2):
        answer = await for_customer(shop, now)
        assert (answer.strategy, answer.items, answer.hint) == ("empty", [], "Rules hide products here: Stocktaking.")
    assert for_storefront(answer).hint is UNSET


async def test_a_list_that_is_empty_also_without_rules_names_none(shop, now):
    await save(shop, rule("hide", "p-2"), now=now)

    answer = await for_customer(shop, now, min_price=1e6)
    own = await customer_list(
        shop, CustomerListRequest(kind="buy-again", customer_id="c-1", list_request=ListRequest()), now=now
    )

    assert (answer.strategy, answer.hint, own.strategy, own.hint) == ("empty", UNSET, "empty", UNSET)


async def test_a_boost_lifts_a_product_from_far_below(shop, now, monkeypatch):
    monkeypatch.setattr("infra.use_cases.shop_lists.MIN_LOOKED_UP", 1)
    await save(shop, rule("boost", "p-25", "p-10", strength=5), now=now)

    asked = ShopListRequest(kind="popular", list_request=ListRequest(limit=2))
    answer = await shop_list(shop, asked, now=now)

    # 20 buyers times 3.05 are more than the 30 of p-0; 5 are not.
    assert [item.product_id for item in answer.items] == ["p-10", "p-0"]


async def test_a_list_after_an_event_follows_the_rules_too(shop, now):
    await save(shop, rule("pin", "p-20", position=1, name="Look"), now=now)

    answer = await recorded_list(shop, BrowsingEvent(customer_id="c-1", product_id="p-5"), now=now)

    assert answer.items[0].reasons == [Reason(source="rule", rule="Look", share=1.0)]


async def test_changes_answer_what_was_there_before(shop, now):
    hide = rule("hide", "p-1")
    new = await save_rule(shop, hide, now=now, actor="erp")
    replaced = await save_rule(shop, rule("hide", "p-2", rule_id="hide-p-1"), now=now, actor="erp")
    removed = await remove_rule(shop, "hide-p-1", actor="erp")

    assert (new.previous, replaced.previous, removed.rule) == (None, hide, replaced.rule.rule)


async def test_a_change_that_fails_is_in_the_audit_too(shop, now):
    with pytest.raises(RuleNotFound):
        await remove_rule(shop, "nothing", actor="erp")
    await shop.close_audit()

    [entry] = await shop.audit_entries(AuditQuery())
    assert (entry.action, entry.subject, entry.outcome) == ("remove-rule", "nothing", "not-found")


async def test_the_rules_that_are_kept_ready_are_bounded(shop, now, monkeypatch):
    monkeypatch.setattr(rule_data, "MAX_CACHED_RULES", 1)
    await save(shop, rule("hide", "p-0"), rule("hide", "p-1", where={"kinds": ["new"]}), now=now)

    for _ in range(2):
        found = await lists(shop, now)
        assert (found["popular"][0], found["new"][0]) == ("p-1", "p-2")
    assert rule_data_of(shop) is rule_data_of(shop)
