"""The page of results: what lists led to in a period, with how much chance alone may move each figure."""

from datetime import timedelta

import pytest

from domain.records.impressions import ShownList
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.periods import Period
from domain.records.placements import Estimate, PlacementReport, PlaceReport
from infra.dashboard.results import chosen_period, places_of
from infra.storage.opening import open_repository
from infra.use_cases.recommendation_ids import new_recommendation_id
from tests.conftest import NOW

TODAY = NOW.replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture
async def shown(filled):
    """Fill a shop in which 40 lists were seen at home, 12 of them clicked, and one list is bought from without a click."""
    async with open_repository(filled) as shop:
        identifiers = [
            await new_recommendation_id(shop, "for-customer", model_id="m", placement="home", now=NOW) for _ in range(40)
        ]
        mail = await new_recommendation_id(shop, "buy-again", model_id="m", now=NOW)
        lists = [ShownList(recommendation_id=one, product_ids=("p-1", "p-2", "p-3")) for one in identifiers]
        await shop.record_impressions(lists, now=NOW - timedelta(days=1))
        at = NOW - timedelta(hours=3)
        clicks = [
            BrowsingEvent(customer_id="canary", product_id="p-1", recommendation_id=one, occurred_at=at)
            for one in identifiers[:12]
        ]
        orders = [
            Purchase(
                customer_id="canary",
                occurred_at=at + timedelta(hours=1, minutes=number),
                items=(OrderItem(product_id="p-9", unit_price=20.0, recommendation_id=mail),),
            )
            for number in range(2)
        ]
        await shop.record([*clicks, *orders], now=NOW)
    return filled


async def test_places_are_shown_with_their_figures_and_intervals(shown, owner):
    text = (await owner.get("/results")).text

    assert "clicked 10.0</b>" in text
    assert "<b>2</b>" in text
    for part in ("Picked for them<small>home", "120<small>in 40 lists", "<b>10.0</b> <small>(5.", "€40", "no place named"):
        assert part in text, part
    assert text.count("Too few to tell") == 1
    assert text.count('class="whisk off"') == 3
    assert "An order came after a list, not because of it." in text
    assert "An order may count at two places." in text
    assert "not known" in text


async def test_a_viewer_sees_the_results(shown, viewer):
    response = await viewer.get("/results")

    assert response.status_code == 200
    assert "Picked for them" in response.text


async def test_a_period_of_own_days_is_chosen(shown, owner):
    day = f"{NOW:%Y-%m-%d}"
    today = (await owner.get("/results", params={"from": day, "to": day})).text
    week = (await owner.get("/results", params={"days": 7})).text

    # The lists were seen the day before.
    assert "Nothing says which lists people saw." in today
    assert f'value="{day}"' in today
    assert 'aria-current="true">7 days' in week
    assert "clicked 10.0</b>" in week


async def test_a_shop_of_which_no_list_was_seen_is_told_what_to_send(owner):
    text = (await owner.get("/results")).text

    assert "No list was" in text
    assert "docs/measuring.md" in text
    assert "<table" not in text


async def test_days_that_are_no_period_are_refused_in_words(owner):
    text = (await owner.get("/results", params={"from": "2026-11-20", "to": "2026-11-10"})).text
    hostile = (await owner.get("/results", params={"from": '"><b>'})).text

    assert "Choose two days" in text
    assert 'value="2026-11-20"' in text
    assert 'value="&#34;&gt;&lt;b&gt;"' in hostile
    assert (await owner.get("/results", params={"days": 401})).status_code == 400


@pytest.mark.parametrize(
    ("begin", "end"),
    [("x", ""), ("", "x"), ("2026-11-20", "2026-11-19"), ("2020-01-01", ""), ("", "9999-12-31"), ("2999-01-01", "")],
)
def test_what_is_no_period_is_the_default(begin, end):
    chosen = chosen_period(None, begin, end, now=NOW)

    assert chosen.is_wrong
    assert chosen.period == Period(begins_at=TODAY - timedelta(days=29), ends_at=NOW)
    assert (chosen.begin, chosen.end) == (begin, end)


def test_the_last_day_of_a_period_is_part_of_it():
    chosen = chosen_period(7, "2026-11-01", "2026-11-03", now=NOW)

    assert chosen.period == Period(begins_at=TODAY.replace(day=1), ends_at=TODAY.replace(day=4))
    assert chosen.last_day.day == 3
    assert chosen_period(None, "2026-11-01", "", now=NOW).period.ends_at == NOW
    assert chosen_period(7, "", "", now=NOW).period.begins_at == TODAY - timedelta(days=6)
    assert chosen_period(7, "", "", now=TODAY).period.ends_at > TODAY


def test_a_sum_without_an_upper_end_has_no_whisker_and_an_arm_is_named():
    nothing = Estimate(value=0.0, low=0.0, high=None)
    place = PlaceReport(
        kind="new",
        placement=None,
        arm="a",
        impressions=9,
        lists=3,
        clicks=0,
        click_rate=None,
        orders=nothing,
        revenue=nothing,
    )
    report = PlacementReport(
        begins_at=TODAY, ends_at=NOW, attribution_days=7, currency="EUR", is_complete=True, places=[place]
    )

    [found] = places_of(report)

    assert (found.arm, found.rate, found.revenue.value, found.revenue.high, found.is_sure) == ("a", None, "€0", None, False)
    assert found.revenue.whisker is None
