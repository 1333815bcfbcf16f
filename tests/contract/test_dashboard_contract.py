"""What the dashboard reads, and its sessions, in every repository."""

from datetime import timedelta

import pytest

from domain.records.customers import NewCustomer
from domain.records.dashboard import Buyer, DayCount, NewestEvent
from domain.records.guests import GuestMerge
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from domain.records.sessions import DashboardSession
from infra.use_cases.recommend import current_list

HOUR = timedelta(hours=1)


@pytest.fixture
async def shop(repository, now):
    await repository.put_products(
        [
            ProductChange(product_id="p-1", name="Tent 100%", brand="Acme", category="a", price=1.0, image_url="/1.jpg"),
            ProductChange(product_id="p-2", name="Mat", aliases=("sku",)),
            ProductChange(product_id="p-3", name="Gone", withdrawn=True),
        ],
        now=now,
    )
    person = NewCustomer(customer_id="canary", first_name="Canary", last_name="Canarysson", email="Canary@example.com")
    await repository.create_customer(person, now=now)
    await repository.create_customer(NewCustomer(customer_id="canary-b", first_name="canary"), now=now)
    await repository.record(
        [
            BrowsingEvent(customer_id="canary", product_id="p-1", occurred_at=now - 3 * HOUR),
            BrowsingEvent(customer_id="canary", product_id="p-2", event_type="cart", occurred_at=now - 26 * HOUR),
            Purchase(
                customer_id="canary", order_id="o-1", occurred_at=now - 2 * HOUR,
                items=(OrderItem(product_id="p-1", quantity=2, unit_price=3.5), OrderItem(product_id="p-2")),
            ),
        ],
        now=now,
    )  # fmt: skip
    return repository


async def test_a_session_is_kept_until_it_ends(repository, now):
    sessions = [
        DashboardSession(session_hash=str(n), key_id="k", ends_at=now + n * HOUR, notice="canary" if n == 2 else None)
        for n in (1, 2)
    ]
    for session in sessions:
        await repository.begin_session(session, now=now)

    assert [await repository.session(name, now=now) for name in ("1", "2", "3")] == [*sessions, None]
    assert await repository.session("1", now=now + HOUR) is None
    await repository.set_notice("2", None)
    assert (await repository.session("2", now=now)).notice is None
    await repository.end_session("2")
    assert await repository.session("2", now=now) is None
    await repository.begin_session(DashboardSession(session_hash="4", key_id="k", ends_at=now + 9 * HOUR), now=now + HOUR)
    assert await repository.session("1", now=now) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("canary", ["canary"]), ("CANARY@EXAMPLE.COM", ["canary"]), ("canary-guest", ["canary"]),
        ("y canarys", ["canary"]), ("anar", ["canary", "canary-b"]), ("%", []), ("_", []), ("!", []), ("nobody", []),
    ],
)  # fmt: skip
async def test_customers_are_found(shop, now, text, found):
    await shop.record([BrowsingEvent(customer_id="canary-guest", product_id="p-1", guest=True)], now=now)
    await shop.merge_guest(GuestMerge(guest_id="canary-guest", customer_id="canary"), now=now)

    assert [customer.customer_id for customer in await shop.find_customers(text, n=9)] == found


@pytest.mark.parametrize(
    ("text", "lacking", "found"),
    [
        ("p-2", None, ["p-2"]), ("sku", None, ["p-2"]), ("TENT", None, ["p-1"]), ("acme", None, ["p-1"]),
        ("100%", None, ["p-1"]), ("", None, ["p-1", "p-2", "p-3"]), ("", "category", ["p-2"]), ("", "price", ["p-2"]),
        ("", "picture", ["p-2"]), ("tent", "picture", []),
    ],
)  # fmt: skip
async def test_products_are_found(shop, text, lacking, found):
    assert [product.product_id for product in await shop.find_products(text, lacking=lacking, n=9)] == found


async def test_events_are_read_newest_first_and_counted_by_day(shop, now):
    events = await shop.recent_events("canary", n=9)
    day = now.replace(hour=0) - timedelta(days=1)

    assert [(event.event_type, event.product_id, event.quantity, event.unit_price) for event in events] == [
        ("purchase", "p-1", 2, 3.5), ("purchase", "p-2", 1, None), ("view", "p-1", 1, None), ("cart", "p-2", 1, None),
    ]  # fmt: skip
    assert len(await shop.recent_events("canary", n=1)) == 2
    assert await shop.events_per_day(since=day) == [
        DayCount(day=0, interactions=1, orders=0), DayCount(day=1, interactions=1, orders=1),
    ]  # fmt: skip
    assert await shop.newest_event() in [
        NewestEvent(event_type="purchase", product_name=name, occurred_at=now - 2 * HOUR) for name in ("Tent 100%", "Mat")
    ]
    assert await shop.latest_buyers(n=9) == [Buyer(customer_id="canary", bought_at=now - 2 * HOUR)]


async def test_customers_and_lists_are_counted(shop, now):
    await current_list(shop, "canary-b", now=now, reuse_seconds=60)
    [listed] = await shop.sampled_lists(n=9)

    assert await shop.n_customers() == 2
    assert [await shop.n_profiles(n=n) for n in (1, 9)] == [1, 2]
    assert len(listed.product_indexes) == 2


async def test_an_empty_shop_has_nothing_to_show(repository, now):
    assert await repository.newest_event() is None
    assert await repository.latest_buyers(n=9) == []
    assert await repository.events_per_day(since=now) == []
    assert await repository.sampled_lists(n=9) == []
