"""The lists that visitors of the demo shop saw are plausible, reproducible, and change no list."""

from collections import Counter, defaultdict
from datetime import timedelta

import pytest
from msgspec.structs import replace

from domain.records.audit import THE_APP
from domain.records.experiments import arm_index
from domain.records.interactions import Purchase
from domain.records.periods import Period
from domain.records.recommendation_ids import origin_of
from infra.demo.experiments import EXPERIMENT_DAYS, EXPERIMENT_PLACEMENT, demo_experiment
from infra.demo.loading import load_demo_shop, record_seen_lists
from infra.demo.rules import RULE_PLACEMENT, demo_rules
from infra.demo.seen_lists import PLACES, seen_lists
from infra.storage.opening import open_repository
from infra.use_cases.placements import report_placements
from infra.use_cases.rules import save_rule
from tests.conftest import NOW

KEY = b"k" * 32


@pytest.fixture(scope="module")
def seen(shop):
    return seen_lists(shop, now=NOW)


def test_the_same_seed_produces_the_same_lists(shop, seen):
    assert seen_lists(shop, now=NOW) == seen
    assert seen_lists(shop, now=NOW, seed=9) != seen


def test_lists_are_of_the_last_four_weeks_and_each_is_seen_before_it_is_clicked(shop, seen):
    shown_at = {one.origin.nonce: one.shown_at for one in seen.lists}

    assert len(shown_at) == len(seen.lists)
    assert all(NOW - timedelta(days=28) <= at < NOW for at in shown_at.values())
    assert all(shown_at[origin.nonce] <= event.occurred_at for event, origin in seen.events)
    assert {id(event) for event, _ in seen.events} <= {id(event) for event in shop.events}


def test_two_to_eight_of_100_products_are_clicked(seen):
    n_seen, n_clicked = Counter(), Counter()
    for one in seen.lists:
        n_seen[one.origin.kind, one.origin.placement] += len(one.product_ids)
    for event, origin in seen.events:
        n_clicked[origin.kind, origin.placement] += not isinstance(event, Purchase)

    for place in PLACES:
        key = (place.kind, place.placement)
        assert 0.015 <= n_clicked[key] / n_seen[key] <= 0.085, key


def test_a_list_has_products_once_and_the_one_that_its_event_names(seen):
    products = {one.origin.nonce: one.product_ids for one in seen.lists}

    assert all(len(set(one)) == len(one) for one in products.values())
    for event, origin in seen.events:
        named = event.items[0].product_id if isinstance(event, Purchase) else event.product_id
        assert named in products[origin.nonce]


def test_events_name_signed_lists_and_the_shop_without_them_has_all_others(shop, seen):
    by_customer = defaultdict(list)
    for events in seen.events_by_customer(KEY):
        assert events[0].customer_id not in by_customer
        by_customer[events[0].customer_id] = events
    event = next(event for events in by_customer.values() for event in events if not isinstance(event, Purchase))
    order = next(event for events in by_customer.values() for event in events if isinstance(event, Purchase))

    assert origin_of(event.recommendation_id, key=KEY).placement in {place.placement for place in PLACES}
    assert origin_of(order.items[0].recommendation_id, key=KEY).kind == "buy-again"
    assert replace(event, recommendation_id=None) in shop.events
    assert len(seen.without_references(shop).events) == len(shop.events) - len(seen.events)


def test_lists_of_the_experiment_have_the_arm_of_their_customer_since_it_runs_and_no_others_have_one(seen):
    begins_at = NOW - timedelta(days=EXPERIMENT_DAYS)
    experiment = demo_experiment(begins_at=begins_at)
    shown_at = {one.origin.nonce: one.shown_at for one in seen.lists}
    at_checkout = [(event, origin) for event, origin in seen.events if origin.placement == EXPERIMENT_PLACEMENT]

    for event, origin in at_checkout:
        arm = experiment.arms[arm_index(experiment, event.customer_id)]
        has_begun = shown_at[origin.nonce] >= begins_at
        assert origin.arm == (experiment.label_of(arm) if has_begun else None)
    labels = {experiment.label_of(arm) for arm in experiment.arms}
    assert {origin.arm for _, origin in at_checkout} == labels | {None}
    assert {one.origin.placement for one in seen.lists if one.origin.arm is not None} == {EXPERIMENT_PLACEMENT}


async def test_the_report_of_a_loaded_shop_has_every_place_and_its_rules_are_where_no_list_of_the_tests_is(
    settings, shop, seen
):
    async with open_repository(settings) as repository:
        chosen = {event.customer_id for event, _ in seen.events[:12]}
        few = replace(
            seen,
            events=[pair for pair in seen.events if pair[0].customer_id in chosen],
            lists=seen.lists[:60],
        )
        customers = [one for one in shop.customers if one.customer_id in chosen]
        await load_demo_shop(repository, replace(shop, customers=customers, events=[], returns=[]), now=NOW)
        await record_seen_lists(repository, few, now=NOW)
        for rule in demo_rules():
            rule.check()
            await save_rule(repository, rule, now=NOW, actor=THE_APP)
        period = Period(begins_at=NOW - timedelta(days=30), ends_at=NOW)
        report = await report_placements(repository, period, attribution_days=7, currency="EUR")
        stored = await repository.stored_rules()

    assert sum(place.impressions for place in report.places) == sum(len(one.product_ids) for one in few.lists)
    assert sum(place.clicks for place in report.places) == sum(not isinstance(event, Purchase) for event, _ in few.events)
    assert [(rule.status, rule.where.placements) for rule in stored.rules] == [
        ("live", (RULE_PLACEMENT,)),
        ("draft", ("home",)),
    ]
