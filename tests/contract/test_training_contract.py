"""What training reads and writes, and its lock, in every repository."""

from datetime import timedelta

import pytest

from domain.errors import ModelNotFound, StoreBusy, StoreUnavailable, TrainingRunning
from domain.records.customers import CustomerChange
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from infra.storage.sql.statements import rows
from infra.use_cases.train import train
from tests.imports import as_imported


@pytest.fixture
async def shop(repository, now):
    await repository.put_products(
        [ProductChange(product_id=f"p-{number}", price=2.0, category="a") for number in range(3)], now=now
    )
    await repository.put_customers([CustomerChange(customer_id="c-1", segment="Premium")], now=now)
    await repository.put_events(
        as_imported([
            BrowsingEvent(customer_id="c-1", product_id="p-0", event_type="cart", occurred_at=now),
            Purchase(
                customer_id="c-2", order_id="o-1", occurred_at=now - timedelta(days=1),
                items=(OrderItem(product_id="p-1", quantity=3), OrderItem(product_id="p-2", unit_price=1.0)),
            ),
            Purchase(customer_id="c-2", order_id="o-2", currency="USD", items=(OrderItem(product_id="p-1", unit_price=9),)),
        ]),
        create_products=False,
        now=now,
    )  # fmt: skip
    return repository


async def test_training_reads_every_event_and_product(shop, now):
    events = [event async for batch in shop.training_events() for event in batch]
    products = [product async for batch in shop.training_products() for product in batch]

    assert [(event.customer_id, event.product_index, event.event_type, event.spent) for event in events] == [
        ("c-1", 0, "cart", 0.0),
        ("c-2", 1, "purchase", 6.0),
        ("c-2", 2, "purchase", 1.0),
        ("c-2", 1, "purchase", 0.0),
    ]
    assert [event.order_id for event in events] == [None, "o-1", "o-1", "o-2"]
    assert [product.product_id for product in products] == ["p-0", "p-1", "p-2"]
    assert await shop.assigned_segments() == {"c-1": "Premium"}


async def test_training_switches_to_the_new_model(shop, now):
    model = await train(shop, now=now)

    summary = await shop.summary()
    assert (summary.model_id, summary.trained_at) == (model.model_id, now)
    assert (summary.n_events, summary.n_events_trained, model.n_customers) == (4, 4, 2)
    assert model.segment_events["Premium"] == 1
    assert summary.n_events_untrained == 0


async def test_events_after_a_training_count_as_untrained_even_if_as_many_are_purged(shop, now):
    await train(shop, now=now)
    purged_to = now + timedelta(hours=1)
    later = [BrowsingEvent(customer_id="c-1", product_id="p-1", occurred_at=now + timedelta(hours=2))] * 3
    await shop.put_events(as_imported(later), create_products=False, now=now)

    assert (await shop.summary()).n_events_untrained == 3
    while await shop.purge_events(before=purged_to):
        pass
    summary = await shop.summary()
    assert (summary.n_events, summary.n_events_trained, summary.n_events_untrained) == (3, 4, 3)


async def test_the_newest_five_models_stay_and_can_be_used_again(shop, now):
    trained = [(await train(shop, now=now + timedelta(hours=number))).model_id for number in range(7)]

    await shop.use_model(trained[2])

    assert [model.model_id for model in await shop.stored_models()] == trained[:1:-1]
    assert (await shop.customer_state("c-1")).model.model_id == trained[2]
    assert [lists.product_index for lists in await shop.neighbours(trained[2], [0])] == [0]
    for dropped_or_never_trained in (trained[1], "untrained"):
        with pytest.raises(ModelNotFound, match=f"No stored model has the id '{dropped_or_never_trained}'"):
            await shop.use_model(dropped_or_never_trained)
    assert (await shop.current_model()).model_id == trained[2]


async def test_a_model_in_use_stays_though_a_clock_that_was_set_back_dates_it_before_five_others(shop, now):
    for number in range(5):
        await train(shop, now=now + timedelta(hours=number))

    model = await train(shop, now=now - timedelta(days=1))

    assert (await shop.current_model()).model_id == model.model_id
    assert len(await shop.stored_models()) == 6


async def test_the_rows_of_a_training_that_was_killed_are_dropped_by_the_next(shop, now, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr("infra.storage.sql.models.switch_to", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await train(shop, now=now)
    assert len(await shop.engine.read(rows, "SELECT model_id FROM product_neighbours")) == 3

    model = await train(shop, now=now)

    for table in ("product_neighbours", "product_trends", "product_activity", "recommendation_models"):
        assert set(await shop.engine.read(rows, f"SELECT model_id FROM {table}")) == {(model.model_id,)}


async def test_only_one_training_runs_at_a_time(shop, now):
    await shop.lock_training("one", now=now, seconds=60)

    with pytest.raises(TrainingRunning):
        await train(shop, now=now + timedelta(seconds=60))
    await shop.lock_training("one", now=now + timedelta(seconds=30), seconds=60)
    await shop.unlock_training("another")
    with pytest.raises(TrainingRunning):
        await train(shop, now=now + timedelta(seconds=89))


async def test_the_lock_of_a_killed_training_expires(shop, now):
    await shop.lock_training("dead", now=now, seconds=60)

    model = await train(shop, now=now + timedelta(seconds=61))

    assert (await shop.summary()).model_id == model.model_id


async def test_a_failed_training_releases_its_lock(shop, now, monkeypatch):
    def fails(*_, **__):
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr("infra.use_cases.train.train_model", fails)
        with pytest.raises(MemoryError):
            await train(shop, now=now)

    assert (await shop.summary()).model_id == "untrained"
    await train(shop, now=now)


async def test_a_running_training_renews_its_lock(shop, now, monkeypatch):
    holders = []
    lock = shop.lock_training

    async def record_holder(holder, **options):
        holders.append(holder)
        await lock(holder, **options)

    monkeypatch.setattr(shop, "lock_training", record_holder)
    monkeypatch.setattr("infra.use_cases.train.RENEW_SECONDS", 0.0)

    await train(shop, now=now)

    assert len(holders) > 1
    assert len(set(holders)) == 1


@pytest.mark.parametrize("fault", [StoreBusy("busy"), StoreUnavailable("away")], ids=["busy", "unavailable"])
async def test_a_training_continues_if_its_lock_cannot_be_renewed(shop, now, monkeypatch, fault):
    calls = []
    lock = shop.lock_training

    async def fail_to_renew(holder, **options):
        if calls:
            calls.append("failed")
            raise fault
        calls.append("locked")
        await lock(holder, **options)

    with monkeypatch.context() as patched:
        patched.setattr(shop, "lock_training", fail_to_renew)
        patched.setattr("infra.use_cases.train.RENEW_SECONDS", 0.0)
        model = await train(shop, now=now)

    assert "failed" in calls
    assert (await shop.summary()).model_id == model.model_id
    await train(shop, now=now)
