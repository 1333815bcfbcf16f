"""Experiments, their customers and what these did, in every repository."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from domain.errors import ExperimentNotFound, ExperimentRefused, TooManyItems
from domain.records.amendments import OrderAmendment, RemainingItem
from domain.records.audit import AuditQuery
from domain.records.customers import CustomerUpdate, NewCustomer
from domain.records.experiment_changes import IS_RUNNING
from domain.records.experiment_reports import CustomerOutcome
from domain.records.experiments import Arm, Experiment
from domain.records.guests import GuestMerge
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.periods import Period
from domain.records.products import ProductChange
from infra.storage.sql import customer_outcomes, experiments

DRAFT = Experiment(experiment_id="e-1", name="E", arms=(Arm(name="now"), Arm(name="new", popular=True)))
HOUR = timedelta(hours=1)


@pytest.fixture
async def shop(repository, now):
    await repository.put_products([ProductChange(product_id=f"p-{n}", price=2.5) for n in range(3)], now=now)
    for name in ("c-1", "c-2", "c-3"):
        await repository.create_customer(NewCustomer(customer_id=name), now=now)
    return repository


async def save(repository, experiment, now):
    return await repository.save_experiment(experiment, now=now, actor="erp")


def viewed(customer_id, at, **members):
    return BrowsingEvent(customer_id=customer_id, product_id="p-1", occurred_at=at, **members)


def bought(customer_id, at, *, price=2.5, currency="EUR", **members):
    items = (OrderItem(product_id="p-1", quantity=2, unit_price=price), OrderItem(product_id="p-2", unit_price=price))
    return Purchase(customer_id=customer_id, items=items, currency=currency, occurred_at=at, **members)


async def test_experiments_are_kept_in_the_order_in_which_they_were_saved_first(repository, now):
    second = replace(DRAFT, experiment_id="a")
    assert list(await repository.stored_experiments()) == []

    assert (await save(repository, DRAFT, now)).previous is None
    await save(repository, second, now)
    live = await save(repository, replace(DRAFT, status="live"), now + HOUR)

    assert (live.previous, live.experiment.starts_at) == (DRAFT, now + HOUR)
    stored = await repository.stored_experiments()
    assert [(one.known_id, one.status, one.saved_at) for one in stored] == [
        ("e-1", "live", now + HOUR), ("a", "draft", now),
    ]  # fmt: skip
    with pytest.raises(ExperimentRefused):
        await save(repository, replace(second, status="live"), now + HOUR)


async def test_a_running_experiment_is_removed_only_after_its_end(repository, now):
    await save(repository, replace(DRAFT, status="live"), now)

    with pytest.raises(ExperimentRefused, match=IS_RUNNING):
        await repository.remove_experiment("e-1", now=now, actor="erp")
    ended = (await save(repository, replace(DRAFT, status="ended"), now + HOUR)).experiment
    assert await repository.remove_experiment("e-1", now=now + HOUR, actor="erp") == ended

    assert list(await repository.stored_experiments()) == []
    with pytest.raises(ExperimentNotFound):
        await repository.remove_experiment("e-1", now=now, actor="erp")
    # To save it undoes that.
    assert (await save(repository, ended, now + 2 * HOUR)).experiment == ended
    entries = await repository.audit_entries(AuditQuery())
    assert [(one.action, one.subject) for one in entries][:3] == [
        ("save-experiment", "e-1"), ("remove-experiment", "e-1"), ("save-experiment", "e-1"),
    ]  # fmt: skip


async def test_each_change_raises_the_version_that_lists_learn(shop, now):
    await save(shop, DRAFT, now)
    versions = [(await shop.customer_state("c-1")).rules_version]
    await shop.remove_experiment("e-1", now=now, actor="erp")
    versions.append((await shop.newcomer_state("nobody")).rules_version)

    assert versions == [1, 2]


async def test_a_shop_has_a_bounded_number_of_experiments(repository, now, monkeypatch):
    monkeypatch.setattr(experiments, "MAX_EXPERIMENTS", 1)
    await save(repository, DRAFT, now)

    with pytest.raises(TooManyItems):
        await save(repository, replace(DRAFT, experiment_id="one more"), now)
    assert (await save(repository, DRAFT, now)).previous == DRAFT


async def key_of(shop, customer_id):
    return (await shop.customer_state(customer_id)).experiment_key


async def test_a_guest_who_becomes_a_customer_keeps_the_arms(shop, now):
    await shop.record([viewed(f"g-{n}", now, guest=True) for n in range(1, 4)][:1], now=now)
    for n in (2, 3):
        await shop.record([viewed(f"g-{n}", now, guest=True)], now=now)
    await shop.record([viewed("c-2", now)], now=now)

    assert [await key_of(shop, name) for name in ("g-1", "c-1", "c-2")] == ["g-1", "c-1", "c-2"]
    await shop.merge_guest(GuestMerge(guest_id="g-1", customer_id="c-1"), now=now)
    # One with events of its own, and one that has the arms of a guest, keep theirs.
    await shop.merge_guest(GuestMerge(guest_id="g-2", customer_id="c-2"), now=now)
    await shop.merge_guest(GuestMerge(guest_id="g-3", customer_id="c-1"), now=now)

    assert [await key_of(shop, name) for name in ("c-1", "g-1", "g-3", "c-2")] == ["g-1", "g-1", "g-1", "c-2"]
    assert [(await shop.export(name)).experiment_key for name in ("c-1", "c-2")] == ["g-1", None]
    assert (await shop.newcomer_state("nobody")).experiment_key == "nobody"


async def test_who_objects_to_profiling_takes_part_in_no_experiment(shop, now):
    await shop.update_customer(CustomerUpdate(customer_id="c-1", profiling=False), now=now)

    assert await key_of(shop, "c-1") is None


async def outcomes(shop, period):
    found, last, n_pages = [], "", 0
    while last is not None:
        page = await shop.customer_outcomes(period, after=last)
        found, last, n_pages = [*found, *page.outcomes], page.last, n_pages + 1
    return found, n_pages


async def test_orders_count_after_the_first_event_of_their_customer(shop, now, monkeypatch):
    monkeypatch.setattr(customer_outcomes, "PAGE_CUSTOMERS", 2)
    period = Period(begins_at=now - 10 * HOUR, ends_at=now)
    events = (
        # An order before the period, and two after a view in it.
        bought("c-1", now - 11 * HOUR), viewed("c-1", now - 9 * HOUR), bought("c-1", now - 8 * HOUR),
        # Without a price, that of the catalogue counts.
        bought("c-1", now - 7 * HOUR, price=None),
        # The first event is the order itself, and the view comes later.
        bought("c-2", now - 8 * HOUR), viewed("c-2", now - 7 * HOUR),
        # Nothing in the period.
        viewed("c-3", now),
    )  # fmt: skip
    for event in events:
        await shop.record([event], now=now)

    found, n_pages = await outcomes(shop, period)

    assert n_pages == 2
    assert found == [
        CustomerOutcome(experiment_key="c-1", ordered=True, revenue=15.0),
        CustomerOutcome(experiment_key="c-2", ordered=False, revenue=0.0),
    ]


async def test_what_went_back_and_money_without_a_rate_do_not_count(shop, now):
    period = Period(begins_at=now - 10 * HOUR, ends_at=now)
    for name in ("c-1", "c-2", "c-3"):
        await shop.record([viewed(name, now - 9 * HOUR)], now=now)
        currency = "XAF" if name == "c-3" else "EUR"
        await shop.record([bought(name, now - 8 * HOUR, order_id=f"o-{name}", currency=currency)], now=now)
    for name, left in (("c-1", (RemainingItem(product_id="p-2", quantity=1),)), ("c-2", ())):
        await shop.amend_order(OrderAmendment(customer_id=name, order_id=f"o-{name}", items=left))

    found, _ = await outcomes(shop, period)

    assert [(one.experiment_key, one.ordered, one.revenue) for one in found] == [
        ("c-1", True, 2.5), ("c-2", False, 0.0), ("c-3", True, 0.0),
    ]  # fmt: skip
