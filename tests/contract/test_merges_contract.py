"""A merge makes the records of a guest those of a customer, for whom the guest's id then stands, in every repository."""

import asyncio
import random
from datetime import timedelta

import pytest
from msgspec.structs import replace

from domain.errors import CustomerExists, CustomerNotFound, EventIdReused, MergeRefused
from domain.records.customers import Address, CustomerChange, CustomerUpdate, NewCustomer
from domain.records.guests import GuestMerge, MovedRecords
from domain.records.imports import OrderReturn, ReturnedItem
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from infra.settings import Settings
from infra.storage import opening
from infra.storage.opening import open_repository
from infra.storage.sql import merging, privacy
from infra.storage.sql.statements import rows
from infra.use_cases.purge import purge_guests
from infra.use_cases.recommend import current_list, list_or_newcomers, recorded_list
from tests.contract.test_histories_contract import check
from tests.imports import as_imported

MERGE = GuestMerge(guest_id="g-1", customer_id="c-1")


@pytest.fixture
async def shop(repository, now):
    await repository.put_products([ProductChange(product_id=f"p-{n}", price=2.5) for n in range(6)], now=now)
    for name in ("c-1", "c-2"):
        await repository.create_customer(NewCustomer(customer_id=name), now=now)
    return repository


def viewed(customer_id="g-1", **values):
    return BrowsingEvent(**{"customer_id": customer_id, "product_id": "p-1", "guest": True} | values)


def bought(customer_id="g-1", **values):
    return Purchase(**{"customer_id": customer_id, "items": (OrderItem(product_id="p-2"),), "guest": True} | values)


def address(line1, *, kind="shipping", is_default=False):
    return Address(
        kind=kind, line1=line1, city="Canaryville", postal_code="CANARY-3000", country="CH", is_default=is_default
    )  # fmt: skip


async def customers_in(shop, table):
    return {name for (name,) in await shop.engine.read(rows, f"SELECT customer_id FROM {table}")}


async def imported(shop, event, *, now, import_id):
    (outcome,) = await shop.put_events(as_imported([event]), create_products=False, import_id=import_id, now=now)
    return outcome.status


async def returned(shop, customer_id, *, now, return_id="r-1", product_id="p-2", quantity=1, import_id=None, order_id=None):
    items = (ReturnedItem(product_id=product_id, quantity=quantity),)
    back = OrderReturn(customer_id=customer_id, return_id=return_id, items=items, order_id=order_id)
    (outcome,) = await shop.put_returns([back], import_id=import_id, now=now)
    return outcome.status


async def test_the_records_of_the_guest_become_those_of_the_customer(shop, now):
    await shop.record([viewed("c-1"), bought("c-1")], now=now)
    await shop.record([viewed(), viewed(event_type="cart"), bought(), bought()], now=now)
    await current_list(shop, "g-1", now=now, reuse_seconds=60)

    merged = await shop.merge_guest(MERGE, now=now)

    assert (merged.guest_id, merged.customer_id, merged.merged_at) == ("g-1", "c-1", now)
    assert merged.moved == MovedRecords(browsing=2, purchases=2, returns=0, addresses=0)
    activity = (await shop.profile("c-1")).activity
    assert (activity.views, activity.carts, activity.orders, activity.items_bought) == (2, 1, 3, 3)
    assert not (await shop.profile("c-1")).customer.is_guest
    for table in privacy.PERSONAL:
        assert "g-1" not in await customers_in(shop, table)
    await check(shop, "c-1")


async def test_the_same_merge_again_answers_the_same_and_moves_nothing(shop, now):
    await shop.record([viewed()], now=now)
    first = await shop.merge_guest(MERGE, now=now)
    await shop.record([viewed()], now=now)

    again = await shop.merge_guest(MERGE, now=now + timedelta(days=1))
    through_another = await shop.merge_guest(GuestMerge(guest_id="g-1", customer_id="g-1"), now=now)

    assert first == again == through_another
    assert (await shop.profile("c-1")).activity.views == 2


async def test_the_id_of_the_guest_stands_for_the_customer_everywhere(shop, now):
    await shop.record([viewed()], now=now)
    await shop.merge_guest(MERGE, now=now)

    recorded = await shop.record([viewed(), bought()], now=now)
    answer = await recorded_list(shop, viewed(), now=now)
    stored = await current_list(shop, "g-1", now=now, reuse_seconds=60)
    guests_list = await list_or_newcomers(shop, "g-1", now=now, reuse_seconds=60)
    book = await shop.add_addresses("g-1", [address("Canary 1")])

    assert recorded.state is None or recorded.state.customer_id == "c-1"
    assert {answer.customer_id, stored.customer_id, guests_list.customer_id} == {"c-1"}
    assert (stored.cached, guests_list.cached) == (True, True)
    ranked, _ = await shop.stored_list("g-1", length=5)
    assert ranked.customer_id == "c-1"
    assert await shop.profile("g-1") == await shop.profile("c-1")
    assert (await shop.profile("c-1")).addresses == book
    assert await shop.customer_state("g-1") == await shop.customer_state("c-1")
    assert await shop.export("g-1") == await shop.export("c-1")
    assert (await shop.profile("c-1")).activity.views == 3
    assert "g-1" not in await customers_in(shop, "customer_profiles")


async def test_a_list_that_is_not_written_yet_is_found_under_both_ids(shop, now, database_url, monkeypatch):
    await shop.record([viewed()], now=now)
    await shop.merge_guest(MERGE, now=now)
    monkeypatch.setattr(opening, "WRITE_DELAY_SECONDS", 60.0)
    async with open_repository(Settings(database_url=database_url)) as later:
        await current_list(later, "g-1", now=now, reuse_seconds=60)

        ranked, _ = await later.stored_list("g-1", length=5)
        assert ranked.items
        assert await later.stored_list("g-1", length=5) == await later.stored_list("c-1", length=5)
        assert await customers_in(shop, "customer_recommendations") == set()


async def test_a_list_of_the_guest_or_of_the_customer_from_before_is_not_served(shop, now):
    await shop.record([viewed("c-1")], now=now)
    await shop.record([bought()], now=now)
    for name in ("c-1", "g-1"):
        await current_list(shop, name, now=now, reuse_seconds=60)

    class MergedBeforeStoring:
        def __getattr__(self, name):
            return getattr(shop, name)

        async def store_list(self, stored):
            await shop.merge_guest(MERGE, now=now)
            await shop.store_list(stored)

    await current_list(MergedBeforeStoring(), "g-1", now=now, reuse_seconds=0)

    assert [await shop.stored_list(name, length=1) for name in ("c-1", "g-1")] == [None, None]
    for name in ("c-1", "g-1"):
        assert "p-2" not in {item.product_id for item in (await current_list(shop, name, now=now, reuse_seconds=60)).items}


async def test_an_event_sent_again_under_the_id_of_the_guest_counts_once(shop, now):
    events = [viewed(event_id="e-1"), bought(order_id="o-1")]
    await shop.record(events, now=now)
    await shop.merge_guest(MERGE, now=now)

    again = await shop.record(events, now=now)

    assert (again.seen_before.browsing, again.seen_before.purchases) == (1, 1)
    assert (await shop.profile("c-1")).activity.orders == 1
    with pytest.raises(EventIdReused):
        await shop.record([replace(events[0], customer_id="c-1")], now=now)


async def test_unknown_and_erased_ones_are_not_found(shop, now):
    await shop.record([viewed()], now=now)
    await shop.record([viewed("g-2")], now=now)
    for customer_id in ("g-2", "c-2"):
        await shop.erase(customer_id)

    for guest_id, customer_id, missing in (
        ("nobody", "c-1", "nobody"), ("g-1", "nobody", "nobody"), ("g-2", "c-1", "g-2"), ("g-1", "c-2", "c-2"),
    ):  # fmt: skip
        with pytest.raises(CustomerNotFound) as caught:
            await shop.merge_guest(GuestMerge(guest_id=guest_id, customer_id=customer_id), now=now)
        assert caught.value.customer_id == missing
    assert (await shop.profile("g-1")).customer.is_guest


async def test_customers_are_not_merged_and_nobody_into_a_guest(shop, now):
    await shop.record([viewed()], now=now)
    await shop.record([viewed("g-2")], now=now)

    for guest_id, customer_id, reason in (("c-2", "c-1", "is no guest"), ("g-1", "g-2", "is of a guest")):
        with pytest.raises(MergeRefused, match=reason):
            await shop.merge_guest(GuestMerge(guest_id=guest_id, customer_id=customer_id), now=now)


async def test_a_guest_is_merged_into_one_customer_only(shop, now):
    await shop.record([viewed()], now=now)
    await shop.merge_guest(MERGE, now=now)

    with pytest.raises(MergeRefused, match="into another customer"):
        await shop.merge_guest(replace(MERGE, customer_id="c-2"), now=now)
    with pytest.raises(CustomerNotFound):
        await shop.merge_guest(replace(MERGE, customer_id="nobody"), now=now)


async def test_several_guests_are_merged_into_one_customer_also_by_the_id_of_another(shop, now):
    for name in ("g-1", "g-2"):
        await shop.record([viewed(name)], now=now)
    await shop.merge_guest(MERGE, now=now)

    second = await shop.merge_guest(GuestMerge(guest_id="g-2", customer_id="g-1"), now=now + timedelta(seconds=1))

    assert second.customer_id == "c-1"
    assert [merged.guest_id for merged in (await shop.export("c-1")).merged_guests] == ["g-1", "g-2"]
    assert (await shop.export("c-1")).merged_guests[1] == second
    assert (await shop.profile("g-2")).activity.views == 2


async def test_a_guest_with_too_many_records_is_refused(shop, now, monkeypatch):
    monkeypatch.setattr(merging, "MAX_MOVED_ROWS", 3)
    await shop.record([viewed(), bought(items=(OrderItem(product_id="p-2"), OrderItem(product_id="p-3")))], now=now)
    await shop.record([viewed("g-2"), viewed("g-2"), bought("g-2"), bought("g-2")], now=now)

    merged = await shop.merge_guest(MERGE, now=now)
    with pytest.raises(MergeRefused, match="more than 3 events and order items"):
        await shop.merge_guest(replace(MERGE, guest_id="g-2"), now=now)

    assert merged.moved.purchases == 1
    assert (await shop.profile("g-2")).activity.views == 2


async def test_addresses_move_without_copies_and_the_defaults_of_the_customer_stay(shop, now):
    await shop.record([viewed()], now=now)
    await shop.add_addresses("c-1", [address("Canary 1"), address("Canary 2")])
    await shop.add_addresses("g-1", [address("Canary 2", is_default=True), address("Canary 3", kind="billing")])

    merged = await shop.merge_guest(MERGE, now=now)
    again = await shop.add_addresses("c-1", [address("Canary 3", kind="billing")])

    assert merged.moved.addresses == 1
    assert [(one.line1, one.kind, one.is_default) for one in again] == [
        ("Canary 1", "shipping", True), ("Canary 2", "shipping", False), ("Canary 3", "billing", True),
    ]  # fmt: skip
    assert await customers_in(shop, "customer_addresses") == {"c-1"}


async def test_a_customer_cannot_get_more_addresses_than_allowed(shop, now):
    await shop.record([viewed()], now=now)
    await shop.add_addresses("c-1", [address(f"Canary {n}") for n in range(100)])
    await shop.add_addresses("g-1", [address("Canary 100")])

    with pytest.raises(MergeRefused, match="more than 100 addresses"):
        await shop.merge_guest(MERGE, now=now)

    assert (await shop.profile("g-1")).activity.views == 1


async def test_what_went_back_of_the_guest_stays_returned(shop, now):
    await imported(shop, bought(order_id="o-1", items=(OrderItem(product_id="p-2", quantity=3),)), now=now, import_id="i-1")
    await shop.put_customers([CustomerChange(customer_id="g-1", is_guest=True)], now=now)
    await imported(shop, bought(order_id="o-2"), now=now, import_id="i-1")
    await returned(shop, "g-1", now=now, order_id="o-1")
    await returned(shop, "g-1", now=now, order_id="o-2", return_id="r-2")

    merged = await shop.merge_guest(MERGE, now=now)

    assert merged.moved == MovedRecords(browsing=0, purchases=2, returns=2, addresses=0)
    exported = await shop.export("c-1")
    assert [(order.order_id, order.items[0].quantity) for order in exported.purchases] == [("o-1", 2)]
    assert [order.order_id for order in exported.amended_orders] == ["o-1", "o-2"]
    assert [one.return_id for one in exported.returns] == ["r-1", "r-2"]
    # The same return again, under either id, is the one that is stored.
    assert await returned(shop, "g-1", now=now, order_id="o-1") == "seen_before"
    assert await returned(shop, "g-1", now=now, order_id="o-1", quantity=2) == "returned"
    assert (await shop.profile("c-1")).activity.items_bought == 1


async def test_two_returns_with_one_id_become_one_that_took_of_both(shop, now):
    await shop.put_customers([CustomerChange(customer_id="g-1", is_guest=True)], now=now)
    for name, order_id in (("g-1", "o-1"), ("c-1", "o-2")):
        order = bought(name, order_id=order_id, items=(OrderItem(product_id="p-2", quantity=3),))
        await imported(shop, order, now=now, import_id="i-1")
        await returned(shop, name, now=now, order_id=order_id, import_id="i-2")

    merged = await shop.merge_guest(MERGE, now=now)
    (one,) = (await shop.export("c-1")).returns
    while await shop.undo_import("i-2"):
        pass

    assert merged.moved.returns == 1
    assert sorted(one.orders) == ["o-1", "o-2"]
    assert (await shop.profile("c-1")).activity.items_bought == 6


async def test_what_imports_replaced_of_the_guest_comes_back_to_the_customer(shop, now):
    await shop.put_customers([CustomerChange(customer_id="g-1", is_guest=True)], now=now)
    for quantity, import_id in ((1, "i-1"), (2, "i-2")):
        order = bought(order_id="o-1", items=(OrderItem(product_id="p-2", quantity=quantity),))
        await imported(shop, order, now=now, import_id=import_id)
    for quantity, import_id in ((1, "i-3"), (2, "i-4")):
        await returned(shop, "g-1", now=now, order_id="o-1", quantity=quantity, import_id=import_id)

    await shop.merge_guest(MERGE, now=now)
    exported = await shop.export("c-1")
    items_left = []
    for import_id in ("i-4", "i-3", "i-2", "i-1"):
        while await shop.undo_import(import_id):
            pass
        items_left.append((await shop.profile("c-1")).activity.items_bought)

    assert (len(exported.replaced_orders), len(exported.replaced_returns)) == (1, 1)
    assert items_left == [1, 2, 1, 0]
    assert await customers_in(shop, "import_changes") == set()
    assert "g-1" not in await customers_in(shop, "customer_profiles")


async def test_what_one_import_replaced_of_both_is_kept_as_far_as_it_can_be_told(shop, now):
    await shop.put_customers([CustomerChange(customer_id="g-1", is_guest=True)], now=now)
    for name, order_id in (("g-1", "o-1"), ("c-1", "o-2")):
        order = bought(name, order_id=order_id, items=(OrderItem(product_id="p-2", quantity=5),))
        await imported(shop, order, now=now, import_id="i-1")
        for quantity, import_id in ((1, "i-2"), (2, "i-3")):
            await returned(shop, name, now=now, order_id=order_id, quantity=quantity, import_id=import_id)
    # The same import, run twice, replaced an order of each of both.
    for name, import_id, n in (
        ("g-1", "i-4", 1),
        ("c-1", "i-5", 1),
        ("g-1", "i-6", 2),
        ("c-1", "i-5", 2),
        ("c-2", "i-5", 2),
    ):
        items = (OrderItem(product_id="p-3", quantity=n),)
        await imported(shop, bought(name, order_id="o-3", items=items), now=now, import_id=import_id)

    await shop.merge_guest(MERGE, now=now)
    exported = await shop.export("c-1")
    while await shop.undo_import("i-3"):
        pass

    # The return of either of both took one again, instead of two.
    assert [len(exported.replaced_returns), (await shop.profile("c-1")).activity.items_bought] == [1, 8]


async def test_imported_events_of_a_merged_guest_are_of_the_customer(shop, now):
    await shop.record([viewed()], now=now)
    await shop.merge_guest(MERGE, now=now)
    order = bought(order_id="o-1", items=(OrderItem(product_id="p-2", quantity=3),))

    statuses = [
        await imported(shop, viewed(event_id="e-1"), now=now, import_id="i-1"),
        await imported(shop, order, now=now, import_id="i-1"),
        await imported(shop, order, now=now, import_id="i-2"),
        await imported(shop, replace(order, items=(OrderItem(product_id="p-3", quantity=2),)), now=now, import_id="i-3"),
        await returned(shop, "g-1", now=now, product_id="p-3"),
    ]

    activity = (await shop.profile("c-1")).activity
    assert statuses == ["new", "new", "seen_before", "replaced", "returned"]
    assert (activity.views, activity.orders, activity.items_bought) == (2, 1, 1)
    assert await customers_in(shop, "customer_profiles") == {"c-1", "c-2"}


async def test_an_event_with_the_e_mail_address_of_a_merged_guest_as_its_id_is_of_the_customer(shop, now):
    name = "canary@example.com"
    await shop.record([viewed(name)], now=now)
    await shop.merge_guest(replace(MERGE, guest_id=name), now=now)

    (outcome,) = await shop.put_events(
        as_imported([viewed(name, event_id="e-1")], email=name), create_products=False, now=now
    )

    assert outcome.status == "new"
    assert (await shop.profile("c-1")).activity.views == 2


async def test_the_id_of_a_merged_guest_cannot_be_registered_and_its_profile_is_not_imported(shop, now):
    await shop.record([viewed()], now=now)
    await shop.merge_guest(MERGE, now=now)

    with pytest.raises(CustomerExists):
        await shop.create_customer(NewCustomer(customer_id="g-1"), now=now)
    (outcome,) = await shop.put_customers([CustomerChange(customer_id="g-1", first_name="Canary")], now=now)

    assert (outcome.status, outcome.field, outcome.reason) == ("refused", "customer_id", "Merged into another customer")


async def test_an_erasure_erases_the_merged_guests_too_and_none_of_the_ids_comes_back(shop, now):
    await shop.record([viewed()], now=now)
    await shop.merge_guest(MERGE, now=now)

    await shop.erase("c-1")

    for name in ("c-1", "g-1"):
        for call in (
            shop.record([viewed(name)], now=now), shop.profile(name), shop.newcomer_state(name), shop.erase(name),
            shop.merge_guest(GuestMerge(guest_id=name, customer_id="c-2"), now=now),
        ):  # fmt: skip
            with pytest.raises(CustomerNotFound):
                await call
        (event,) = await shop.put_events(as_imported([viewed(name, event_id="e")]), create_products=False, now=now)
        assert event.reason == "erased"
    assert await customers_in(shop, "merged_guests") == set()


async def test_an_erasure_under_the_id_of_the_guest_erases_the_customer(shop, now):
    await shop.record([viewed()], now=now)
    await shop.merge_guest(MERGE, now=now)

    await shop.erase("g-1")

    for name in ("c-1", "g-1"):
        with pytest.raises(CustomerNotFound):
            await shop.erase(name)


async def test_a_guest_who_is_merged_while_the_customer_is_being_erased_is_erased_too(shop, now, monkeypatch):
    await shop.record([viewed()], now=now)
    recorded = []
    record_erasure = shop.engine.record_erasure

    async def merge_and_record(key, id_hashes):
        if not recorded:
            await shop.merge_guest(MERGE, now=now)
        recorded.append(len(id_hashes))
        await record_erasure(key, id_hashes)

    monkeypatch.setattr(shop.engine, "record_erasure", merge_and_record)

    await shop.erase("c-1")

    assert recorded == [1, 2]
    with pytest.raises(CustomerNotFound):
        await shop.record([viewed()], now=now)


async def test_a_guest_who_is_erased_meanwhile_is_not_found_by_the_repeated_merge(shop, now):
    await shop.record([viewed()], now=now)
    await shop.merge_guest(MERGE, now=now)
    await shop.erase("c-1")

    with pytest.raises(CustomerNotFound):
        await shop.merge_guest(MERGE, now=now)


@pytest.mark.parametrize("objecting", ["g-1", "c-1", None])
async def test_an_objection_to_profiling_of_either_stays(shop, now, objecting):
    await shop.record([viewed()], now=now)
    if objecting is not None:
        await shop.update_customer(CustomerUpdate(customer_id=objecting, profiling=False), now=now)

    await shop.merge_guest(MERGE, now=now)

    assert (await shop.profile("c-1")).customer.profiling == (objecting is None)
    assert (await shop.customer_state("c-1")).profiling == (objecting is None)


async def test_merged_guests_are_not_purged_with_the_retention_of_guests(shop, now):
    await shop.record([viewed()], now=now)
    await shop.merge_guest(MERGE, now=now)

    assert await purge_guests(shop, now=now + timedelta(days=400), retention_days=30) == 0
    assert (await shop.profile("g-1")).activity.views == 1


async def test_two_merges_of_one_guest_and_events_at_the_same_moment_lose_nothing(shop, now):
    await shop.record([viewed()], now=now)

    async def merge(customer_id):
        try:
            return (await shop.merge_guest(GuestMerge(guest_id="g-1", customer_id=customer_id), now=now)).customer_id
        except MergeRefused:
            return "refused"

    draw = random.Random(1)
    calls = [shop.record([viewed(event_id=f"e-{n}"), bought(order_id=f"o-{n}")], now=now) for n in range(30)]
    calls += [merge("c-1"), merge("c-2"), merge("c-1")]
    draw.shuffle(calls)
    answers = await asyncio.gather(*calls)

    owners = {answer for answer in answers if answer in ("c-1", "c-2")}
    assert len(owners) == 1
    assert "refused" in answers
    (owner,) = owners
    activity = (await shop.profile(owner)).activity
    assert (activity.views, activity.orders) == (31, 30)
    assert await shop.profile("g-1") == await shop.profile(owner)
    await check(shop, owner)
