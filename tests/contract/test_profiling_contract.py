"""Customers who object to profiling: their events stay, and nothing is made of them, in every repository."""

import pytest
from msgspec import UNSET

from domain.ranking.packed_history import PackedHistory
from domain.records.customers import Address, CustomerChange, CustomerUpdate, NewCustomer, segment_of
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from domain.records.recommendations import ListRequest
from infra.use_cases.recommend import current_list
from infra.use_cases.train import train
from tests.inputs import inputs_of


def bought(customer_id, *product_ids, order_id=None):
    items = tuple(OrderItem(product_id=product_id, unit_price=10.0) for product_id in product_ids)
    return Purchase(customer_id=customer_id, order_id=order_id, items=items)


@pytest.fixture
async def shop(repository, now):
    await repository.put_products([ProductChange(product_id=f"p-{n}", category="a") for n in range(12)], now=now)
    for customer_id in ("c-1", "c-2", "newcomer"):
        await repository.create_customer(NewCustomer(customer_id=customer_id), now=now)
    for customer_id in ("c-1", "c-2"):
        await repository.record([bought(customer_id, f"p-{n}", order_id=f"{customer_id} {n}") for n in range(3)], now=now)
    await repository.record([BrowsingEvent(customer_id="c-1", product_id="p-9")], now=now)
    return repository


async def object_to_profiling(shop, now, customer_id="c-1", *, profiling=False):
    return await shop.update_customer(CustomerUpdate(customer_id=customer_id, profiling=profiling), now=now)


async def products_of(shop, now, customer_id):
    listed = await current_list(shop, customer_id, request=ListRequest(limit=12), now=now, reuse_seconds=3600)
    return [(item.product_id, item.reasons) for item in listed.items], listed.strategy, listed.cached


async def test_the_list_becomes_that_of_a_newcomer_at_once(shop, now):
    await train(shop, now=now)
    before, strategy, _ = await products_of(shop, now, "c-1")
    assert strategy == "personalised"

    await object_to_profiling(shop, now)

    after = await products_of(shop, now, "c-1")
    assert after == await products_of(shop, now, "newcomer")
    assert after[0] != before
    assert after[1:] == ("popular", False)
    # Also what was bought.
    assert "p-0" in [product_id for product_id, _ in after[0]]


async def test_an_assigned_segment_shows_in_the_profile_and_shapes_no_list(shop, now):
    await shop.put_customers([CustomerChange(customer_id="c-1", segment="Premium")], now=now)
    await object_to_profiling(shop, now)

    assert (await shop.profile("c-1")).customer.segment == "Premium"
    inputs = await inputs_of(shop, "c-1")
    assert (inputs.segment_inputs.assigned, inputs.segment_inputs.purchases) == (None, None)


async def test_nothing_of_the_events_reaches_lists_or_segment_and_the_profile_still_counts_them(shop, now):
    changed = await object_to_profiling(shop, now)
    recorded = await shop.record([bought("c-1", "p-5")], now=now)
    again = await shop.record([bought("c-1", "p-6")], now=now)

    state = await shop.customer_state("c-1")
    assert state.history == PackedHistory()
    assert segment_of(state.segment_inputs) == ("Regular", "default")
    assert (changed.segment_source, changed.profiling) == ("default", False)
    assert recorded.state in (None, again.state)
    assert (await shop.profile("c-1")).activity.orders == 5
    exported = await shop.export("c-1")
    assert (len(exported.purchases), exported.customer.profiling) == (5, False)


async def test_neither_training_nor_popularity_nor_counts_use_the_events(shop, now):
    await shop.put_customers([CustomerChange(customer_id="c-1", segment="Premium")], now=now)
    assert (await shop.summary()).n_events == 7

    await object_to_profiling(shop, now)

    events = [event async for batch in shop.training_events() for event in batch]
    assert {event.customer_id for event in events} == {"c-2"}
    assert await shop.assigned_segments() == {}
    assert (await shop.recent_popularity()).products == (0, 1, 2)
    model = await train(shop, now=now)
    summary = await shop.summary()
    assert (model.n_events, summary.n_events, summary.n_events_untrained) == (3, 3, 0)


async def test_an_objection_that_is_withdrawn_brings_everything_back(shop, now):
    before = await shop.customer_state("c-1")
    await object_to_profiling(shop, now)

    await object_to_profiling(shop, now, profiling=True)

    after = await shop.customer_state("c-1")
    assert (after.history, after.segment_inputs) == (before.history, before.segment_inputs)
    assert after.version == before.version + 2


async def test_an_objection_comes_with_a_new_customer_or_an_import(repository, now):
    new = await repository.create_customer(NewCustomer(customer_id="c-1", profiling=False), now=now)
    changes = [
        CustomerChange(customer_id=f"c-{n}", profiling=profiling) for n, profiling in ((2, False), (3, True), (4, UNSET))
    ]
    await repository.put_customers(changes, now=now)
    outcomes = await repository.put_customers([changes[0], CustomerChange(customer_id="c-2", last_name="Canary")], now=now)

    assert new == (await repository.profile("c-1")).customer
    assert [one.status for one in outcomes] == ["unchanged", "changed"]
    found = [(await repository.profile(f"c-{n}")).customer.profiling for n in (1, 2, 3, 4)]
    assert found == [False, False, True, True]


async def test_other_changes_of_a_customer_keep_the_objection(shop, now):
    await object_to_profiling(shop, now)
    await shop.add_addresses(
        "c-1", [Address(kind="billing", line1="Canary 1", city="Canaryville", postal_code="CANARY-3000", country="CH")]
    )
    await shop.record([bought("c-1", "p-1")], now=now)

    assert not (await shop.profile("c-1")).customer.profiling
