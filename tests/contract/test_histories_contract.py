"""The packed history of a customer is always that of the stored events, in every repository."""

import random
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from msgspec.structs import replace

from domain.errors import CustomerNotFound
from domain.ranking.history import unpack_history
from domain.ranking.packed_history import MAX_HISTORY_EVENTS
from domain.records.currencies import Currencies
from domain.records.customers import CustomerChange, NewCustomer
from domain.records.guests import GuestMerge
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.storage.sql import histories
from infra.storage.sql.customer_activity import segment_inputs_from
from infra.storage.sql.statements import rows
from tests.imports import as_imported

N_CUSTOMERS = 3
N_OPERATIONS = 120
PRODUCTS = [
    ProductChange(product_id=f"p-{n}", price=None if n == 5 else 2.5, currency="EUR" if n % 2 else "USD") for n in range(6)
]


def viewed(customer_id="c-1", **values):
    return BrowsingEvent(**{"customer_id": customer_id, "product_id": "p-1"} | values)


def bought(customer_id="c-1", **values):
    return Purchase(**{"customer_id": customer_id, "items": (OrderItem(product_id="p-2", quantity=2),)} | values)


@pytest.fixture
async def shop(repository, now):
    await repository.put_products(PRODUCTS, now=now)
    await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
    return repository


@pytest.fixture
async def both(database_url, written_at_once):
    """Return two repositories on one database, as two processes have them."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(open_repository(Settings(database_url=database_url))) for _ in range(2)]


async def packed_rows(repository):
    """Return the version of each packed history, by customer."""
    return dict(await repository.engine.read(rows, "SELECT customer_id, version FROM customer_histories"))


async def state_from_tables(repository, customer_id):
    """Return the history and the segment inputs of a customer, read from the events alone."""
    row = await repository.engine.read(histories.read, customer_id)
    packed = await repository.engine.read(histories.pack, customer_id)
    model = await repository.current_model()
    return packed.history, segment_inputs_from(
        packed.purchases, assigned=row.segment, model=model, currencies=Currencies(own="EUR")
    )


async def check(repository, customer_id):
    """Compare what is read through the packed row with what the events say; a current row must have all of it."""
    try:
        from_tables = await state_from_tables(repository, customer_id)
    except CustomerNotFound:
        with pytest.raises(CustomerNotFound):
            await repository.customer_state(customer_id)
        assert customer_id not in await packed_rows(repository)
        return
    state = await repository.customer_state(customer_id)
    assert (state.history, state.segment_inputs) == from_tables
    row = await repository.engine.read(histories.read, customer_id)
    assert row.version == state.version
    assert row.events == await repository.engine.read(histories.pack, customer_id)


def random_events(draw, now, *, customer_ids):
    """Draw events of few products and instants, some of which were sent before or name an unknown product."""
    events = []
    for _ in range(draw.randint(1, 4)):
        product_id = f"p-{draw.randrange(6)}"
        common = {
            "customer_id": draw.choice(customer_ids),
            "occurred_at": draw.choice([None, now - timedelta(hours=draw.randrange(50))]),
        }
        if draw.random() < 0.5:
            kind = draw.choice(["view", "cart", "wishlist"])
            events.append(BrowsingEvent(product_id=product_id, event_type=kind, **common))
        else:
            items = tuple(
                OrderItem(product_id=f"p-{draw.randrange(6)}", quantity=draw.randint(1, 3))
                for _ in range(draw.choice([1, 2]))
            )
            events.append(Purchase(items=items, currency=draw.choice([None, "EUR", "USD"]), **common))
    return events


async def write_something(shop, other, draw, now, *, everyone, known):
    """Do one random thing to a random one of the `known` customers, which an erasure removes from them."""
    customer_id = draw.choice(known)
    kind = draw.choices(["record", "import", "purge", "assign", "merge", "erase"], weights=[50, 16, 4, 4, 6, 2])[0]
    if kind == "record":
        recorded = await shop.record(random_events(draw, now, customer_ids=[customer_id]), now=now)
        assert recorded.state in (None, await other.customer_state(customer_id))
    elif kind == "import":
        await shop.put_events(as_imported(random_events(draw, now, customer_ids=everyone)), create_products=False, now=now)
    elif kind == "purge":
        await shop.purge_events(before=now - timedelta(hours=draw.randrange(20, 60)))
    elif kind == "assign":
        await shop.put_customers([CustomerChange(customer_id=customer_id, segment="Premium")], now=now)
    elif kind == "merge":
        guest_id = f"g-{draw.randrange(10**9)}"
        events = random_events(draw, now, customer_ids=[guest_id])
        await shop.record([replace(event, guest=True) for event in events], now=now)
        await check(other, guest_id)
        await shop.merge_guest(GuestMerge(guest_id=guest_id, customer_id=customer_id), now=now)
        # The guest does more, through another process.
        await other.record(random_events(draw, now, customer_ids=[guest_id]), now=now)
    elif len(known) > 1:
        await shop.erase(customer_id)
        known.remove(customer_id)


@pytest.mark.parametrize("seed", range(2))
async def test_the_state_is_that_of_the_events_after_any_mix_of_writes(both, now, seed):
    draw = random.Random(seed)
    await both[0].put_products(PRODUCTS, now=now)
    everyone = [f"c-{n}" for n in range(N_CUSTOMERS)]
    for customer_id in everyone:
        await both[0].create_customer(NewCustomer(customer_id=customer_id), now=now)
    known = list(everyone)
    for number in range(N_OPERATIONS):
        shop, other = draw.sample(both, 2)
        await write_something(shop, other, draw, now + timedelta(minutes=number), everyone=everyone, known=known)
        if draw.random() < 0.7:
            await check(draw.choice(both), draw.choice(everyone))
    for customer_id in everyone:
        await check(both[0], customer_id)


async def test_a_recorded_event_is_added_to_the_packed_history_of_its_customer(shop, now):
    first = await shop.record([viewed()], now=now)
    before = await shop.customer_state("c-1")
    second = await shop.record([bought(), viewed(event_type="cart")], now=now)

    assert first.state is None
    assert second.state == await shop.customer_state("c-1")
    assert (before.version, second.state.version) == (1, 2)
    assert unpack_history(second.state.history).own.tolist() == [1, 2]
    assert await packed_rows(shop) == {"c-1": 2}


async def test_events_that_were_seen_before_change_neither_version_nor_history(shop, now):
    await shop.record([viewed(event_id="e-1")], now=now)
    before = await shop.customer_state("c-1")

    again = await shop.record([viewed(event_id="e-1")], now=now)

    assert again.state == before == await shop.customer_state("c-1")


async def test_imported_events_make_the_row_stale_and_the_next_reader_packs_it_again(shop, now):
    await shop.customer_state("c-1")
    await shop.put_events(as_imported([viewed(), bought()]), create_products=False, now=now)
    assert await packed_rows(shop) == {"c-1": 0}

    recorded = await shop.record([viewed(product_id="p-3")], now=now)
    state = await shop.customer_state("c-1")

    # No history is read while other writers wait, so the event is not added to a stale row.
    assert recorded.state is None
    assert unpack_history(state.history).own.tolist() == [1, 2, 3]
    assert await packed_rows(shop) == {"c-1": state.version} == {"c-1": 2}


async def test_a_history_of_an_older_version_is_never_stored(shop, now):
    before = await shop.engine.read(histories.pack, "c-1")
    await shop.record([viewed()], now=now)

    await shop.engine.put(histories.write, "c-1", 0, before)

    assert await packed_rows(shop) == {}
    assert len(unpack_history((await shop.customer_state("c-1")).history).occurred_at) == 1


async def test_an_older_history_does_not_replace_a_newer_one(shop, now):
    before = await shop.engine.read(histories.pack, "c-1")
    await shop.record([viewed()], now=now)
    current = await shop.customer_state("c-1")

    await shop.engine.put(histories.write, "c-1", 0, before)

    assert await packed_rows(shop) == {"c-1": 1}
    assert await shop.customer_state("c-1") == current


async def test_a_row_of_another_version_is_never_used(shop, now):
    await shop.record([viewed()], now=now)
    await shop.customer_state("c-1")
    for version in (0, 2):
        await shop.engine.write(rows, "UPDATE customer_histories SET version = :version, events = :none, own = :none",
                                version=version, none=b"")  # fmt: skip

        assert len(unpack_history((await shop.customer_state("c-1")).history).occurred_at) == 1
        assert await packed_rows(shop) == {"c-1": 1}


async def test_a_purge_removes_the_packed_history_of_its_customers_only(shop, now):
    await shop.create_customer(NewCustomer(customer_id="c-2"), now=now)
    await shop.record([viewed(occurred_at=now - timedelta(days=9)), viewed()], now=now)
    await shop.record([viewed("c-2")], now=now)
    for customer_id in ("c-1", "c-2"):
        await shop.customer_state(customer_id)

    assert await shop.purge_events(before=now - timedelta(days=1)) == 1

    assert await packed_rows(shop) == {"c-2": 1}
    assert len(unpack_history((await shop.customer_state("c-1")).history).occurred_at) == 1


async def test_an_erasure_removes_the_packed_history_and_a_late_one_is_not_stored(shop, now):
    await shop.record([viewed()], now=now)
    await shop.customer_state("c-1")
    packed = await shop.engine.read(histories.pack, "c-1")

    await shop.erase("c-1")
    await shop.engine.put(histories.write, "c-1", 1, packed)

    assert await packed_rows(shop) == {}


async def test_a_long_history_keeps_its_newest_events_and_all_products(shop, now):
    await shop.record([bought(occurred_at=now - timedelta(days=900))], now=now)
    for first in range(0, MAX_HISTORY_EVENTS, 100):
        await shop.record([viewed(occurred_at=now - timedelta(minutes=first + n)) for n in range(100)], now=now)
        await check(shop, "c-1")

    history = unpack_history((await shop.customer_state("c-1")).history)

    assert (len(history.occurred_at), history.own.tolist()) == (MAX_HISTORY_EVENTS, [1, 2])


async def test_the_amount_spent_stays_exact_in_the_packed_row_with_the_largest_orders(shop, now):
    largest = OrderItem(product_id="p-1", quantity=100_000, unit_price=1e9)
    await shop.customer_state("c-1")

    for _ in range(2):
        await shop.record([bought(items=(largest,) * 100)], now=now)

    assert (await shop.customer_state("c-1")).segment_inputs.purchases.spent == 200 * 100_000 * 1e9
    await check(shop, "c-1")
