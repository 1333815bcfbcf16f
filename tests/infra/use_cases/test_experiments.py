"""Experiments in the lists of a stored shop: each customer has one arm, in every process, and its report finds it again."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from domain.errors import ExperimentNotFound, ExperimentRefused, InvalidFields
from domain.ranking.model import TrainedModel
from domain.records.audit import AuditQuery
from domain.records.customers import CustomerUpdate, NewCustomer
from domain.records.experiments import Arm, Experiment, arm_index
from domain.records.impressions import ShownList
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from domain.records.recommendation_ids import origin_of
from domain.records.recommendations import ListRequest
from infra.storage.sqlite import open_sqlite
from infra.use_cases.customer_lists import CustomerListRequest, customer_list
from infra.use_cases.experiment_removal import remove_experiment
from infra.use_cases.experiment_report import report_experiment
from infra.use_cases.experiments import save_experiment
from infra.use_cases.recommend import current_list, list_or_newcomers, recorded_list
from infra.use_cases.rules import remove_rule, save_rule
from infra.use_cases.why_not import explain_absence
from tests.domain.rules import rule
from tests.domain.shop import model_with, weighted_products

ARMS = (Arm(name="now"), Arm(name="new", rules=("pin",)))
LIVE = Experiment(experiment_id="e", name="E", arms=ARMS, status="live")
PIN = rule("pin", "p-9", position=1, rule_id="pin", status="draft")


def keys(place, n=1, *, experiment=LIVE):
    """Return customers of an arm."""
    return [name for number in range(99) if arm_index(experiment, name := f"c-{number}") == place][:n]


IN_CONTROL, IN_NEW = keys(0)[0], keys(1)[0]


@pytest.fixture
async def shop(database, now):
    async with open_sqlite(database, currency="EUR") as repository:
        changes = [ProductChange(product_id=f"p-{n}", price=5.0) for n in range(12)]
        await repository.put_products(changes, now=now - timedelta(days=90))
        for name in (*keys(0, 5), *keys(1, 5)):
            await repository.create_customer(NewCustomer(customer_id=name), now=now)
        yield repository


async def listed(shop, customer_id, now, **request):
    return await current_list(shop, customer_id, request=ListRequest(**request), now=now, reuse_seconds=3600)


async def arm_in(shop, answer):
    return origin_of(answer.recommendation_id, key=await shop.signing_key()).arm


async def save(shop, experiment, now):
    return await save_experiment(shop, experiment, now=now, actor="erp")


async def begin(shop, now, experiment=LIVE):
    await save_rule(shop, PIN, now=now, actor="erp")
    return await save(shop, experiment, now)


async def test_each_customer_has_the_lists_of_one_arm(shop, now):
    await begin(shop, now)

    for name, arm, is_pinned in ((IN_CONTROL, "e/now", False), (IN_NEW, "e/new", True)):
        for is_cached in (False, True):
            answer = await listed(shop, name, now)
            assert (answer.cached, await arm_in(shop, answer)) == (is_cached, arm)
            assert (answer.items[0].product_id == "p-9") is is_pinned
        after_event = await recorded_list(shop, BrowsingEvent(customer_id=name, product_id="p-9"), now=now)
        assert await arm_in(shop, after_event) == arm
        own = CustomerListRequest(kind="recently-viewed", customer_id=name, list_request=ListRequest())
        viewed = await customer_list(shop, own, now=now)
        assert await arm_in(shop, viewed) == arm
        assert (viewed.items[0].reasons[0].rule is not None) is is_pinned


async def test_newcomers_have_an_arm_too_and_who_objects_has_none(shop, now):
    await begin(shop, now)
    new = next(f"g-{n}" for n in range(99) if arm_index(LIVE, f"g-{n}") == 1)

    answer = await list_or_newcomers(shop, new, now=now, reuse_seconds=3600)
    assert (await arm_in(shop, answer), answer.items[0].product_id) == ("e/new", "p-9")

    await shop.update_customer(CustomerUpdate(customer_id=IN_NEW, profiling=False), now=now)
    assert await arm_in(shop, await listed(shop, IN_NEW, now)) is None


async def test_stored_lists_end_where_an_experiment_begins_changes_and_ends(shop, now):
    soon, later = now + timedelta(minutes=1), now + timedelta(minutes=2)
    assert not (await listed(shop, IN_CONTROL, now)).cached
    planned = await begin(shop, now, replace(LIVE, starts_at=soon, until=later))
    assert planned.experiment.starts_at == soon

    at = (now, soon, soon, later, later)
    found = [await listed(shop, IN_CONTROL, instant) for instant in at]
    assert [answer.cached for answer in found] == [True, False, True, False, True]
    assert [await arm_in(shop, answer) for answer in found] == [None, "e/now", "e/now", None, None]

    await remove_experiment(shop, "e", now=later, actor="erp")
    arms = (*ARMS, Arm(name="third"))
    other = await save(shop, replace(LIVE, arms=arms, experiment_id="f", status="live"), later)
    assert not (await listed(shop, IN_CONTROL, later)).cached
    await save(shop, replace(other.experiment, status="ended"), later + timedelta(seconds=1))
    assert await arm_in(shop, await listed(shop, IN_CONTROL, later + timedelta(seconds=1))) is None


async def test_a_popular_arm_has_popular_products_whatever_the_customer_did(shop, now):
    await shop.save_model(TrainedModel(model=model_with(popular=weighted_products(p5=1.0, p7=0.9, p3=0.8)), neighbours=[]))
    arms = (Arm(name="now"), Arm(name="new", popular=True))
    await save(shop, replace(LIVE, arms=arms), now)
    for name in (IN_CONTROL, IN_NEW):
        await shop.record([BrowsingEvent(customer_id=name, product_id="p-3")], now=now)

    popular = await listed(shop, IN_NEW, now, limit=3, seen="include")

    assert [item.product_id for item in popular.items] == ["p-5", "p-7", "p-3"]
    assert popular.strategy == "popular"
    assert {reason.source for item in popular.items for reason in item.reasons} <= {"popular", "new"}


async def test_why_not_names_the_rule_of_the_arm(shop, now):
    await save_rule(shop, rule("hide", "p-9", rule_id="pin", name="Hidden", status="draft"), now=now, actor="erp")
    await save(shop, LIVE, now)

    found = [
        await explain_absence(shop, name, "p-9", request=ListRequest(), now=now) for name in (IN_CONTROL, IN_NEW)
    ]  # fmt: skip

    assert [one.rules for one in found] == [[], ["Hidden"]]


async def test_an_experiment_without_id_gets_one_and_unknown_sources_are_refused(shop, now):
    saved = await save(shop, Experiment(name="E", arms=ARMS), now)
    assert len(saved.experiment.known_id) == 32

    with pytest.raises(InvalidFields):
        await save(shop, replace(LIVE, arms=(ARMS[0], Arm(name="b", weights={"nothing": 1.0}))), now)
    with pytest.raises(InvalidFields, match="No rule has this id"):
        await save(shop, LIVE, now)
    with pytest.raises(ExperimentNotFound):
        await remove_experiment(shop, "e", now=now, actor="erp")

    entries = await shop.audit_entries(AuditQuery())
    assert [(one.action, one.outcome) for one in entries] == [
        ("remove-experiment", "not-found"), ("save-experiment", "failed"), ("save-experiment", "done"),
    ]  # fmt: skip


async def report(shop, now, experiment_id="e"):
    return await report_experiment(shop, experiment_id, now=now, attribution_days=7, currency="EUR")


async def test_a_report_finds_customers_in_the_arms_of_their_lists(shop, now):
    await begin(shop, now - timedelta(days=2))
    for name in keys(1, 4):
        await shop.record([BrowsingEvent(customer_id=name, product_id="p-1", occurred_at=now - timedelta(days=1))], now=now)
    items = (OrderItem(product_id="p-1", quantity=2, unit_price=5.0),)
    await shop.record([Purchase(customer_id=IN_NEW, items=items, occurred_at=now - timedelta(hours=1))], now=now)
    answer = await listed(shop, IN_NEW, now)
    shown = ShownList(recommendation_id=answer.recommendation_id, product_ids=("p-9", "p-1"))
    await shop.record_impressions([shown], now=now - timedelta(hours=1))

    found = await report(shop, now)

    control, new = found.arms
    assert (control.customers, control.ordered, control.impressions) == (0, 0, 0)
    assert (new.customers, new.ordered, new.revenue, new.impressions) == (4, 1, 10.0, 2)
    assert new.comparison.summary == "Not enough data yet."
    assert (found.experiment.known_id, found.begins_at, found.ends_at) == ("e", now - timedelta(days=2), now)
    assert found.warnings == []


async def test_a_report_warns_of_rules_that_changed(shop, now):
    later = now + timedelta(hours=1)
    await begin(shop, now)
    await save_rule(shop, PIN, now=later, actor="erp")
    assert (await report(shop, later)).warnings == ["The rule 'pin' was changed since the experiment began."]

    await save_rule(shop, replace(PIN, status="live"), now=later, actor="erp")
    assert (await report(shop, later)).warnings[0].endswith("began. It is live, so all arms have it.")

    await remove_rule(shop, "pin", actor="erp")
    assert (await report(shop, later)).warnings == ["The rule 'pin' is gone, so no arm has it."]


async def test_there_is_no_report_before_an_experiment_begins(shop, now):
    await save(shop, Experiment(experiment_id="e", name="E", arms=ARMS), now)

    with pytest.raises(ExperimentRefused, match="has not begun"):
        await report(shop, now)
    with pytest.raises(ExperimentNotFound):
        await report(shop, now, "other")
