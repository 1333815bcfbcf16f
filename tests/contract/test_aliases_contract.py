"""Other ids of products, in every repository."""

import asyncio
from datetime import timedelta

import pytest

from domain.errors import ProductNotFound, StoreBusy
from domain.records.customers import NewCustomer
from domain.records.imports import ImportedEvent, OrderReturn, ReturnedItem
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import MAX_ALIASES, ProductChange
from infra.storage.sql import aliases, known_products
from infra.storage.sql.statements import ConcurrentWrite, rows
from infra.use_cases.recommend import current_list
from infra.use_cases.train import TuningBudget, train


@pytest.fixture
def put(repository, now):
    """Return a function that puts one product with aliases and returns its outcome."""

    async def put_one(product_id, aliases=(), **values):
        change = ProductChange(product_id=product_id, aliases=aliases, **{"name": product_id.title()} | values)
        (outcome,) = await repository.put_products([change], now=now)
        return outcome

    return put_one


async def bought(repository, product_id, now, *, order_id="o-1", create_products=False, quantity=1):
    order = Purchase(
        customer_id="c-1",
        order_id=order_id,
        items=(OrderItem(product_id=product_id, quantity=quantity),),
        occurred_at=now - timedelta(days=1),
    )
    (outcome,) = await repository.put_events(
        [ImportedEvent(event=order)], create_products=create_products, import_id="i-1", now=now
    )
    return outcome.status


async def product_ids(repository, customer_id="c-1"):
    """Return the products of the events of a customer."""
    exported = await repository.export(customer_id)
    return [event.product_id for event in exported.browsing] + [
        item.product_id for order in exported.purchases for item in order.items
    ]


async def test_events_may_name_a_product_by_an_alias(repository, put, now):
    await put("shirt", ("sku-1", "4006381333931"), price=9.5)
    await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
    view = BrowsingEvent(customer_id="c-1", product_id="sku-1", event_id="e-1")

    recorded = await repository.record([view, BrowsingEvent(customer_id="c-1", product_id="shirt")], now=now)
    assert recorded.accepted.browsing == 2
    assert await bought(repository, "4006381333931", now, create_products=True) == "new"

    assert await product_ids(repository) == ["shirt"] * 3
    # The content is compared as it was sent.
    assert (await repository.record([view], now=now)).seen_before.browsing == 1
    assert await bought(repository, "4006381333931", now) == "seen_before"
    assert (await repository.export("c-1")).purchases[0].items[0].unit_price == 9.5
    assert (await repository.summary()).n_products == 1


async def test_a_packed_history_has_the_product_of_an_alias(repository, put, now):
    await put("shirt", ("sku-1",))
    await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
    await repository.customer_state("c-1")

    await repository.record([BrowsingEvent(customer_id="c-1", product_id="sku-1")], now=now)

    assert (await repository.customer_state("c-1")).history.own


async def test_aliases_are_kept_replaced_or_cleared(repository, put, now):
    assert (await put("shirt", ("a", "b"))).status == "new"
    assert (await put("shirt", ("b", "a"))).status == "unchanged"
    assert (await put("shirt", ("b", "c"))).status == "changed"
    (kept,) = await repository.put_products([ProductChange(product_id="shirt", price=1.0)], now=now)
    assert kept.status == "changed"
    assert await bought(repository, "a", now) == "refused"
    assert [await bought(repository, alias, now, order_id=alias) for alias in ("b", "c")] == ["new", "new"]

    assert (await put("shirt", None)).status == "changed"

    assert await bought(repository, "b", now, order_id="o-2") == "refused"
    with pytest.raises(ProductNotFound):
        await repository.record([BrowsingEvent(customer_id="c-1", product_id="b")], now=now)


async def test_an_alias_that_belongs_to_another_product_is_left_out_and_reported(repository, put, now):
    await put("shirt", ("sku-1",))
    await put("shoe")

    outcome = await put("hat", ("hat", "sku-1", "shoe", "sku-2"))

    assert (outcome.status, outcome.field) == ("new", "aliases")
    assert outcome.reason == "Left out 2 that are ids of other products"
    for alias in ("sku-1", "shoe", "sku-2"):
        await bought(repository, alias, now, order_id=alias)
    assert sorted(await product_ids(repository)) == ["hat", "shirt", "shoe"]


async def test_an_alias_equal_to_the_own_id_is_nothing(repository, put, now):
    outcome = await put("shirt", ("shirt",))

    assert (outcome.status, outcome.field) == ("new", None)
    assert await repository.merge_aliases() == 0


async def test_of_two_products_of_one_batch_the_first_has_the_alias(repository, now):
    changes = [ProductChange(product_id=name, name=name.title(), aliases=("sku",)) for name in ("one", "two")]

    outcomes = await repository.put_products(changes, now=now)

    assert [outcome.field for outcome in outcomes] == [None, "aliases"]
    await bought(repository, "sku", now)
    assert await product_ids(repository) == ["one"]


async def test_one_product_may_take_an_alias_that_another_gives_up(repository, put, now):
    await put("one", ("sku",))
    changes = [
        ProductChange(product_id="two", aliases=("sku",)),
        ProductChange(product_id="one", aliases=()),
    ]

    outcomes = await repository.put_products(changes, now=now)

    assert [outcome.status for outcome in outcomes] == ["new", "changed"]
    await bought(repository, "sku", now)
    assert await product_ids(repository) == ["two"]


@pytest.mark.parametrize("names", [("shirt", "sku"), ("sku", "shirt")], ids=["alias first", "product first"])
async def test_a_product_of_the_catalogue_is_no_alias_whichever_comes_first(repository, put, now, names):
    for name in names:
        await put(name, ("sku",) if name == "shirt" else ())

    await bought(repository, "sku", now)

    assert await product_ids(repository) == ["sku"]
    assert await repository.merge_aliases() == 0


async def test_a_product_without_aliases_of_its_own_stops_being_an_alias(repository, put, now):
    await put("shirt", ("sku",))

    await repository.put_products([ProductChange(product_id="sku", name="Another")], now=now)

    await bought(repository, "sku", now)
    assert await product_ids(repository) == ["sku"]


async def test_aliases_form_no_chains(repository, put, now):
    await put("b", ("a",))
    outcome = await put("c", ("b",))

    assert outcome.field == "aliases"
    await bought(repository, "a", now)
    assert await product_ids(repository) == ["b"]


async def test_a_product_that_events_created_is_merged_with_the_product_that_has_its_id_as_alias(repository, put, now):
    view = BrowsingEvent(customer_id="c-2", product_id="sku-2", event_id="e-1")
    await bought(repository, "sku-1", now, create_products=True)
    await repository.put_events([ImportedEvent(event=view)], create_products=True, now=now)
    await put("shirt", ("sku-1", "sku-2", "sku-3"), category="a")
    await current_list(repository, "c-1", now=now, reuse_seconds=60)
    before = await repository.customer_state("c-1")

    assert await repository.merge_aliases() == 2

    after = await repository.customer_state("c-1")
    assert (await product_ids(repository), await product_ids(repository, "c-2")) == (["shirt"], ["shirt"])
    assert (after.version, after.catalogue_version) > (before.version, before.catalogue_version)
    assert (await repository.summary()).n_products == 1
    assert await repository.stored_list("c-1", length=1) is None
    assert await repository.merge_aliases() == 0
    # The gap in the product indexes stays.
    await put("hat", category="a")
    await train(repository, now=now, budget=TuningBudget(trials=0))
    answer = await current_list(repository, "c-2", now=now, reuse_seconds=0)
    assert {item.product_id for item in answer.items} <= {"shirt", "hat"}
    assert await bought(repository, "sku-1", now) == "seen_before"


async def test_events_go_to_the_product_before_it_is_merged(repository, put, now):
    await bought(repository, "sku", now, create_products=True)
    await put("shirt", ("sku",))

    await bought(repository, "sku", now, order_id="o-2")

    assert sorted(await product_ids(repository)) == ["shirt", "sku"]
    back = OrderReturn(customer_id="c-1", return_id="r-1", items=(ReturnedItem(product_id="shirt", quantity=1),))
    assert [outcome.status for outcome in await repository.put_returns([back], now=now)] == ["returned"]


async def test_what_went_back_of_a_merged_product_still_counts(repository, put, now):
    await bought(repository, "sku", now, create_products=True, quantity=3)
    back = OrderReturn(
        customer_id="c-1", return_id="r-1", order_id="o-1", items=(ReturnedItem(product_id="sku", quantity=1),)
    )
    await repository.put_returns([back], import_id="i-2", now=now)
    await put("shirt", ("sku",))
    await repository.merge_aliases()

    more = OrderReturn(
        customer_id="c-1", return_id="r-2", order_id="o-1",
        items=(ReturnedItem(product_id="shirt", quantity=1), ReturnedItem(product_id="sku", quantity=0)),
    )  # fmt: skip
    assert [outcome.status for outcome in await repository.put_returns([more], import_id="i-3", now=now)] == ["returned"]
    assert (await repository.profile("c-1")).activity.items_bought == 1
    while await repository.undo_import("i-2"):
        pass

    assert await product_ids(repository) == ["shirt"]
    assert (await repository.profile("c-1")).activity.items_bought == 2


async def test_an_order_is_restored_with_a_product_that_is_known_no_more(repository, put, now):
    await bought(repository, "sku", now, create_products=True)
    await bought(repository, "shirt", now, create_products=True, order_id="other")
    changed = Purchase(customer_id="c-1", order_id="o-1", items=(OrderItem(product_id="shirt"),))
    await repository.put_events([ImportedEvent(event=changed)], create_products=False, import_id="i-2", now=now)
    await put("hat", ("sku",))
    await repository.merge_aliases()
    await put("hat", None)

    while await repository.undo_import("i-2"):
        pass

    assert sorted(await product_ids(repository)) == ["shirt", "sku"]


async def test_many_aliases_and_events_are_written_in_batches(repository, now):
    n_products, n_events = 30, 1100
    for first in range(0, n_events, 275):
        events = [
            BrowsingEvent(customer_id=f"c-{n % 3}", product_id=f"sku-{n % 40}-0", event_id=f"e-{n}")
            for n in range(first, first + 275)
        ]
        await repository.put_events([ImportedEvent(event=event) for event in events], create_products=True, now=now)
    changes = [
        ProductChange(product_id=f"p-{n}", category="a", aliases=tuple(f"sku-{n}-{alias}" for alias in range(MAX_ALIASES)))
        for n in range(n_products)
    ]

    outcomes = await repository.put_products(changes, now=now)
    assert {outcome.status for outcome in outcomes} == {"new"}
    assert {outcome.status for outcome in await repository.put_products(changes, now=now)} == {"unchanged"}
    assert await repository.merge_aliases() == n_products

    assert (await repository.summary()).n_products == 40
    assert set(await product_ids(repository, "c-1")) == {f"p-{n}" for n in range(30)} | {f"sku-{n}-0" for n in range(30, 40)}
    cleared = [ProductChange(product_id=f"p-{n}", aliases=None) for n in range(n_products)]
    assert {outcome.status for outcome in await repository.put_products(cleared, now=now)} == {"changed"}


async def test_an_event_of_a_writer_for_whom_the_merging_waited_is_moved_too(repository, put, now, monkeypatch):
    await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
    assert await bought(repository, "sku-1", now, create_products=True) == "new"
    await put("shirt", ("sku-1",))
    drop_merged = aliases.drop_merged

    def commit_and_drop():
        """Do what a writer on PostgreSQL does who found the product before it had the alias."""
        yield from rows(
            "INSERT INTO browsing_history (event_id, customer_id, product_id, event_type, occurred_at)"
            " SELECT 'late', 'c-1', product_id, 'view', 5 FROM product_catalog WHERE product_id = 'sku-1'"
        )
        return (yield from drop_merged())

    monkeypatch.setattr(aliases, "drop_merged", commit_and_drop)
    before = (await repository.customer_state("c-1")).version

    assert await repository.merge_aliases() == 1

    assert await product_ids(repository) == ["shirt"] * 2
    assert (await repository.customer_state("c-1")).version == before + 2


async def test_a_writer_whose_product_was_merged_meanwhile_looks_it_up_again(repository, put, now, monkeypatch):
    await put("shirt")
    await put("pullover", price=2.5)
    found = await repository.engine.read(known_products.find, ["shirt", "pullover"])

    await repository.engine.write(known_products.hold, found.values())
    gone = [one._replace(product_id="gone") for one in found.values()]
    # A product with a price is never merged.
    await repository.engine.write(known_products.hold, [one for one in gone if one.price])
    monkeypatch.setattr("infra.storage.postgres.connections.BUSY_SECONDS", 0.1)
    with pytest.raises((ConcurrentWrite, StoreBusy)):
        await repository.engine.write(known_products.hold, gone)


async def test_orders_and_an_alias_of_their_product_at_the_same_moment(repository, put, now):
    await put("shirt", price=2.5)
    for name in ("c-1", "c-2"):
        await repository.create_customer(NewCustomer(customer_id=name), now=now)

    for n in range(8):
        items = (OrderItem(product_id=f"sku-{n}"),)
        orders = [Purchase(customer_id=f"c-{1 + k % 2}", order_id=f"o-{n}-{k}", items=items) for k in range(12)]
        calls = [repository.record([order], now=now, create_products=True) for order in orders]
        change = ProductChange(product_id="shirt", aliases=tuple(f"sku-{k}" for k in range(n + 1)))
        calls.insert(2 * n, repository.update_products([change], now=now))
        await asyncio.gather(*calls)

    for name in ("c-1", "c-2"):
        assert await product_ids(repository, name) == ["shirt"] * 48
