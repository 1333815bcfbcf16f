"""Guests: registered with their first event, and deleted some time after their last one, in every repository."""

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from domain.errors import CustomerExists, CustomerNotFound, EmailTaken, EventIdReused, InvalidField, ProductNotFound
from domain.records.customers import Address, CustomerChange, CustomerUpdate, NewCustomer
from domain.records.guests import GuestMerge
from domain.records.imports import OrderReturn, ReturnedItem
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from infra.storage.sql import guests
from infra.storage.sql.privacy import PERSONAL
from infra.storage.sql.statements import ConcurrentWrite, rows
from infra.storage.sqlite import open_sqlite
from infra.use_cases.purge import plan_guest_purge, purge_guests
from infra.use_cases.recommend import current_list, list_or_newcomers
from tests.imports import as_imported

DAYS = 30


@pytest.fixture
async def shop(repository, now):
    await repository.put_products([ProductChange(product_id=f"p-{n}", price=2.5) for n in range(5)], now=now)
    await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
    return repository


def viewed(customer_id="g-1", **values):
    return BrowsingEvent(**{"customer_id": customer_id, "product_id": "p-1", "guest": True} | values)


def bought(customer_id="g-1", **values):
    return Purchase(**{"customer_id": customer_id, "items": (OrderItem(product_id="p-2"),), "guest": True} | values)


async def stored_customers(shop):
    return dict(await shop.engine.read(rows, "SELECT customer_id, is_guest FROM customer_profiles"))


async def test_the_first_event_registers_an_unknown_customer_as_a_guest(shop, now):
    recorded = await shop.record([viewed(event_id="e-1"), bought()], now=now)

    profile = await shop.profile("g-1")
    assert (recorded.accepted.browsing, recorded.accepted.purchases) == (1, 1)
    assert recorded.state == await shop.customer_state("g-1")
    assert (profile.customer.is_guest, profile.customer.created_at, profile.activity.orders) == (True, now, 1)
    assert not (await shop.profile("c-1")).customer.is_guest


async def test_without_the_flag_an_unknown_customer_is_refused(shop, now):
    with pytest.raises(CustomerNotFound):
        await shop.record([viewed(guest=False)], now=now)

    assert await stored_customers(shop) == {"c-1": 0}


async def test_a_known_customer_is_used_and_becomes_no_guest(shop, now):
    await shop.record([viewed("c-1")], now=now)

    profile = await shop.profile("c-1")
    assert (profile.activity.views, profile.customer.is_guest) == (1, False)


async def test_an_event_that_is_refused_registers_nobody(shop, now):
    await shop.record([viewed("c-1", event_id="e-1")], now=now)

    for event, error in ((viewed(product_id="nowhere"), ProductNotFound), (viewed(event_id="e-1"), EventIdReused)):
        with pytest.raises(error):
            await shop.record([event], now=now)
    with pytest.raises(InvalidField):
        await shop.record([viewed("process-browsing")], now=now)

    assert await stored_customers(shop) == {"c-1": 0}


async def test_the_id_of_an_erased_guest_stays_refused(shop, now):
    await shop.record([viewed()], now=now)
    await shop.erase("g-1")

    with pytest.raises(CustomerNotFound):
        await shop.record([viewed()], now=now)
    with pytest.raises(CustomerNotFound):
        await shop.newcomer_state("g-1")
    with pytest.raises(CustomerExists):
        await shop.create_customer(NewCustomer(customer_id="g-1"), now=now)


async def test_a_guest_with_the_id_of_a_new_customer_becomes_the_customer(shop, now):
    await shop.record([viewed()], now=now)
    await shop.update_customer(CustomerUpdate(customer_id="g-1", profiling=False), now=now)
    before = await shop.customer_state("g-1")

    created = await shop.create_customer(
        NewCustomer(customer_id="g-1", email="g@canary.com", segment="Premium"), now=now + timedelta(days=1)
    )

    stored = (await shop.profile("g-1")).customer
    assert (created.email, created.segment, created.is_guest) == ("g@canary.com", "Premium", False)
    assert (stored.email, stored.segment, stored.is_guest, stored.profiling) == ("g@canary.com", "Premium", False, False)
    assert stored.created_at == created.created_at == now
    assert (await shop.profile("g-1")).activity.views == 1
    assert (await shop.customer_state("g-1")).version > before.version
    with pytest.raises(CustomerExists):
        await shop.create_customer(NewCustomer(customer_id="g-1"), now=now)


async def test_a_guest_cannot_become_a_customer_with_the_address_of_another(shop, now):
    await shop.record([viewed()], now=now)
    await shop.create_customer(NewCustomer(customer_id="c-2", email="g@canary.com"), now=now)

    with pytest.raises(EmailTaken):
        await shop.create_customer(NewCustomer(customer_id="g-1", email="G@canary.com"), now=now)

    assert (await shop.profile("g-1")).customer.is_guest


async def test_many_events_of_one_new_guest_at_the_same_moment_register_one(shop, now):
    await asyncio.gather(*(shop.record([viewed(event_id=f"e-{n}")], now=now) for n in range(20)))

    assert (await shop.profile("g-1")).activity.views == 20
    assert await stored_customers(shop) == {"c-1": 0, "g-1": 1}


async def test_an_unknown_customer_gets_the_list_of_a_newcomer_and_nothing_is_stored(shop, now):
    newcomers = await list_or_newcomers(shop, "g-1", now=now, reuse_seconds=60)
    known = await list_or_newcomers(shop, "c-1", now=now, reuse_seconds=60)

    assert newcomers.customer_id == "g-1"
    assert (newcomers.items, newcomers.segment, newcomers.cached) == (known.items, known.segment, False)
    assert await stored_customers(shop) == {"c-1": 0}
    assert await shop.engine.read(rows, "SELECT customer_id FROM customer_recommendations") == [("c-1",)]


async def test_a_guest_registered_between_two_looks_gets_its_own_list(shop, now):
    class RegisteredMeanwhile:
        def __getattr__(self, name):
            return getattr(shop, name)

        async def customer_state(self, customer_id):
            await shop.record([bought(customer_id)], now=now)
            return await shop.customer_state(customer_id)

    answer = await list_or_newcomers(RegisteredMeanwhile(), "g-1", now=now, reuse_seconds=60)

    assert "p-2" not in {item.product_id for item in answer.items}


async def back(shop, now):
    """Let the guest g-2 have an order of which all went back."""
    await shop.put_events(as_imported([bought("g-2", order_id="o-2")], is_guest=True), create_products=False, now=now)
    returned = (ReturnedItem(product_id="p-2", quantity=1),)
    await shop.put_returns([OrderReturn(customer_id="g-2", return_id="r-1", items=returned)], now=now)


async def purged(shop, now, **options):
    return await purge_guests(shop, now=now, retention_days=DAYS, **options)


async def test_a_guest_without_an_event_for_the_retention_is_deleted_with_everything(shop, now):
    address = Address(kind="billing", line1="Canary 1", city="Canaryville", postal_code="CANARY-3000", country="CH")
    await shop.record([viewed(), bought()], now=now)
    await shop.add_addresses("g-1", [address])
    await back(shop, now)
    await shop.record([viewed("g-3")], now=now + timedelta(days=1))
    await current_list(shop, "g-1", now=now, reuse_seconds=60)

    n_early = await purged(shop, now + timedelta(days=DAYS))
    n_late = await purged(shop, now + timedelta(days=DAYS, seconds=1))

    assert (n_early, n_late) == (0, 2)
    assert await stored_customers(shop) == {"c-1": 0, "g-3": 1}
    assert (await shop.summary()).n_events == 1
    for table in PERSONAL:
        found = await shop.engine.read(rows, f"SELECT customer_id FROM {table}")
        assert {customer_id for (customer_id,) in found} <= {"c-1", "g-3"}
    assert await shop.engine.read(rows, "SELECT * FROM erased_customers") == []


@pytest.mark.parametrize("days", [0, 10])
async def test_a_retention_of_0_keeps_guests_and_customers_are_always_kept(shop, now, days):
    await shop.record([viewed(), viewed("c-1")], now=now) if days else await shop.record([viewed()], now=now)

    n_purged = await purge_guests(shop, now=now + timedelta(days=1000), retention_days=days)

    assert n_purged == (1 if days else 0)
    assert "c-1" in await stored_customers(shop)


async def test_the_days_count_from_the_registration_for_older_events(shop, now):
    old = viewed(occurred_at=now - timedelta(days=300), event_id="e-1")
    await shop.put_events(as_imported([old], is_guest=True), create_products=False, now=now)
    await shop.put_customers([CustomerChange(customer_id="g-2", is_guest=True)], now=now)

    assert await purged(shop, now + timedelta(days=DAYS)) == 0
    assert await purged(shop, now + timedelta(days=DAYS, seconds=1)) == 2


async def test_a_deleted_guest_may_come_back_and_gets_no_list_of_before(shop, now):
    later = now + timedelta(days=40)
    await shop.record([bought()], now=now)
    before = await shop.customer_state("g-1")
    await current_list(shop, "g-1", now=now, reuse_seconds=60)
    await purged(shop, later)

    await shop.record([viewed(product_id="p-3")], now=later)

    after = await shop.customer_state("g-1")
    assert after.version > before.version
    assert await shop.stored_list("g-1", length=1) is None
    assert (await shop.profile("g-1")).activity.orders == 0


async def test_a_guest_who_comes_by_an_import_again_has_another_version(shop, now):
    later = now + timedelta(days=40)
    event = as_imported([viewed(event_id="e-1")], is_guest=True)
    await shop.put_events(event, create_products=False, now=now)
    before = await shop.customer_state("g-1")
    await purged(shop, later)

    await shop.put_events(event, create_products=False, now=later)

    assert (await shop.customer_state("g-1")).version != before.version


async def test_a_guest_who_acts_while_a_purge_is_prepared_is_kept(shop, now):
    later = now + timedelta(days=40)
    before = later - timedelta(days=DAYS)
    await shop.record([viewed()], now=now)
    await shop.record([viewed("g-2")], now=now)
    page = await shop.expired_guests(before=before)
    await shop.record([viewed()], now=later)
    await shop.erase("g-2")

    n_done = await shop.purge_guests(page, before=before)

    assert (page, n_done) == (["g-1", "g-2"], 2)
    assert (await shop.profile("g-1")).activity.views == 2


async def test_many_guests_are_deleted_in_pages_and_batches(shop, now, monkeypatch):
    monkeypatch.setattr(guests, "PAGE_GUESTS", 7)
    monkeypatch.setattr(guests, "MAX_GUESTS", 3)
    for n in range(20):
        await shop.record([viewed(f"g-{n:02}")], now=now)
    sizes = []

    class Counting:
        def __getattr__(self, name):
            return getattr(shop, name)

        async def purge_guests(self, page, *, before):
            sizes.append(await shop.purge_guests(page, before=before))
            return sizes[-1]

    assert await purged(Counting(), now + timedelta(days=40)) == 20
    assert sizes == [3, 3, 1, 3, 3, 1, 3, 3]
    assert await stored_customers(shop) == {"c-1": 0}


async def test_a_guest_with_more_rows_than_a_transaction_takes_is_deleted_in_several(shop, now, monkeypatch):
    monkeypatch.setattr(guests, "MAX_ROWS", 20)
    monkeypatch.setattr("infra.storage.sql.row_budget.MAX_ROWS", 20)
    await shop.record([viewed("g-0")], now=now)
    for n in range(30):
        await shop.record([viewed(event_id=f"e-{n}"), bought(order_id=f"o-{n}")], now=now)
    await current_list(shop, "g-1", now=now, reuse_seconds=60)
    before = (await shop.customer_state("g-1")).version
    instant = now + timedelta(days=10)

    n_done = [await shop.purge_guests(["g-0", "g-1"][n:], before=instant) for n in (0, 1)]

    assert n_done == [1, 0]
    state = await shop.customer_state("g-1")
    assert state.version == before + 1
    assert (await shop.profile("g-1")).activity.views == 30 - 16
    assert await shop.stored_list("g-1", length=1) is None
    assert await purged(shop, now + timedelta(days=40)) == 1
    assert await stored_customers(shop) == {"c-1": 0}


async def test_a_guest_with_many_addresses_and_few_events_is_deleted_too(shop, now, monkeypatch):
    monkeypatch.setattr(guests, "MAX_ROWS", 20)
    monkeypatch.setattr("infra.storage.sql.row_budget.MAX_ROWS", 20)
    address = Address(kind="billing", line1="Canary 1", city="Canaryville", postal_code="CANARY-3000", country="CH")
    await shop.record([viewed()], now=now)
    await shop.add_addresses("g-1", [replace(address, line1=f"Canary {n}") for n in range(30)])
    instant = now + timedelta(days=10)

    n_done = [await shop.purge_guests(["g-1"], before=instant) for _ in range(2)]

    assert n_done == [0, 1]
    assert await stored_customers(shop) == {"c-1": 0}


async def test_guests_and_their_events_are_counted(shop, now):
    await shop.record([viewed(), bought()], now=now)
    await shop.record([viewed("g-2")], now=now + timedelta(days=20))
    await shop.record([viewed("c-1")], now=now)

    counts = (await plan_guest_purge(shop, now=now + timedelta(days=40), retention_days=DAYS)).counts
    none = (await plan_guest_purge(shop, now=now, retention_days=DAYS)).counts

    assert (counts.n_expired, counts.n_guests, counts.n_expired_events, counts.n_events) == (1, 2, 2, 4)
    assert (none.n_expired, none.n_guests) == (0, 2)


async def test_more_than_half_of_a_history_goes_with_guests_only_if_that_is_confirmed(shop, now, caplog, monkeypatch):
    monkeypatch.setattr("infra.use_cases.purge.MIN_EVENTS_TO_CONFIRM", 2)
    await shop.record([viewed(), viewed()], now=now)
    await shop.record([viewed("c-1")], now=now)
    later = now + timedelta(days=40)

    n_purged = [await purged(shop, later), await purged(shop, later, is_confirmed=True)]

    assert n_purged == [0, 1]
    warning = "GUEST_RETENTION_DAYS=30 would delete 1 guests with 2 of 3 events; run `python main.py retention --yes`"
    assert warning in caplog.text


async def test_a_guest_who_was_merged_after_a_writer_looked_is_not_registered_again(database, now):
    async with open_sqlite(database, currency="EUR") as shop:
        await shop.create_customer(NewCustomer(customer_id="c-1"), now=now)
        await shop.put_customers([CustomerChange(customer_id="g-1", is_guest=True)], now=now)
        await shop.merge_guest(GuestMerge(guest_id="g-1", customer_id="c-1"), now=now)

        with pytest.raises(ConcurrentWrite):
            await shop.engine.write(guests.register, "g-1", now=now)

        assert await stored_customers(shop) == {"c-1": 0}
