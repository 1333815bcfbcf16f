"""The pages of experiments: what an arm led to, in words and with its doubt, and what an owner may change."""

import re
from datetime import timedelta
from urllib.parse import quote

import pytest
from msgspec.structs import replace

from domain.evaluation.experiments import experiment_report
from domain.records.audit import AuditQuery
from domain.records.customers import NewCustomer
from domain.records.experiment_reports import ArmSums
from domain.records.experiments import Arm, Experiment, ExperimentPlaces, ListedExperiment
from domain.records.interactions import BrowsingEvent
from domain.records.periods import Period
from domain.records.placements import Estimate, Totals
from infra.dashboard import experiments
from infra.dashboard.experiment_views import does_of, sentences_of, shown_arms
from infra.dashboard.intervals import reach_of, shown
from infra.storage.opening import open_repository
from tests.conftest import NOW
from tests.domain.rules import rule
from tests.infra.dashboard.conftest import HOSTILE

BEGAN = NOW - timedelta(days=3)
DRAFT = Experiment(
    experiment_id="e/1",
    name="Popular at home",
    arms=(Arm(name="as-now"), Arm(name="popular", popular=True)),
    where=ExperimentPlaces(placements=("home",), kinds=("for-customer",)),
)
LIVE = replace(DRAFT, status="live")
PAGE = "/experiments/e%2F1"


@pytest.fixture
async def shop(filled):
    async with open_repository(filled) as opened:
        yield opened


@pytest.fixture
async def running(shop):
    """Run an experiment in which all customers of the shop viewed, and some ordered."""
    await shop.save_experiment(LIVE, now=BEGAN, actor="erp")


@pytest.fixture
def change(owner, shop):
    async def sent(status, *, page=PAGE, **fields):
        [stored] = [one for one in await shop.stored_experiments() if page.endswith(quote(one.known_id, safe=""))]
        members = {"status": status, "saved_at": stored.saved_at.isoformat(), **fields}
        return await owner.see(await owner.send(f"{page}/change", fields=members))

    return sent


async def status_of(shop, experiment_id="e/1"):
    return next(one.status for one in await shop.stored_experiments() if one.known_id == experiment_id)


def customers_in(text):
    """Return the customers of all arms of a page."""
    return sum(int(n) for n in re.findall(r'data-l="Customers">(\d+)</td>', text))


async def test_a_running_experiment_is_listed_with_the_results_and_its_page_compares_the_arms(running, owner):
    listed = (await owner.get("/results")).text
    text = (await owner.get(PAGE)).text

    assert f'<a href="/dashboard{PAGE}">Popular at home</a><span class="tag live">Live</span>' in listed
    assert "from 20 Nov 2026, 10:00" in listed
    for part in (
        "<b>Not enough data</b> to compare “popular” with “as-now”.", "Too early to tell", "compared with this",
        "too few orders", "as-now: 50 of 100 customers", "popular products only", "lists as they are", "Placement home",
        "End the experiment",
    ):  # fmt: skip
        assert part in text, part
    assert 'class="whisk"' not in text


async def test_a_viewer_sees_the_figures_and_nothing_to_press(running, shop, viewer):
    text = (await viewer.get(PAGE)).text
    refused = await viewer.send(f"{PAGE}/change", page="/results", fields={"status": "ended", "sure": "yes"})

    assert "Not enough data" in text
    assert "canary" not in text.lower()
    assert "/change" not in text
    assert (refused.status_code, await status_of(shop)) == (403, "live")


async def test_an_end_is_asked_for_twice_and_is_in_the_audit(running, shop, owner, change):
    unsure = await change("ended")
    assert (await status_of(shop), "tick “End it for good” first" in unsure) == ("live", True)

    text = await change("ended", sure="yes")

    assert await status_of(shop) == "ended"
    for part in ("The experiment is over.", "it ended too early to compare", '<span class="tag ended">Ended</span>'):
        assert part in text, part
    assert "/change" not in text
    entry = (await shop.audit_entries(AuditQuery(limit=1)))[0]
    assert (entry.action, entry.subject, entry.actor) == ("save-experiment", "e/1", "owner")
    assert "Only its name" not in await change("ended", sure="yes")
    assert "The experiment is over: only its name can change." in await change("live")


async def test_a_draft_is_started_once_and_one_that_has_not_begun_goes_back(shop, owner, change):
    later = replace(DRAFT, experiment_id="later", starts_at=NOW + timedelta(days=2), until=NOW + timedelta(days=9))
    for one in (DRAFT, later):
        await shop.save_experiment(one, now=NOW, actor="erp")
    before = (await owner.get(PAGE)).text
    assert "A draft: <b>it changes no list</b>." in before
    assert "no date set" in before

    coming = await change("live", page="/experiments/later")
    assert "The experiment will begin at its time." in coming
    assert "It <b>has not begun</b>" in coming
    assert "Nothing was changed. The experiment &#39;later&#39; is live" in await change("live")
    assert "The experiment is a draft again." in await change("draft", page="/experiments/later")
    assert "The experiment runs:" in await change("live")
    assert [await status_of(shop), await status_of(shop, "later")] == ["live", "draft"]


async def test_what_somebody_else_changed_or_what_is_no_status_changes_nothing(running, shop, owner, change):
    assert "Somebody changed the experiment in the meantime." in await change("ended", sure="yes", saved_at="x")
    odd = await owner.send(f"{PAGE}/change", fields={"status": "x"})
    unknown = await owner.get("/experiments/unknown")

    assert (odd.status_code, unknown.status_code, await status_of(shop)) == (400, 404, "live")


async def test_what_keeps_a_draft_from_beginning_is_said(shop, change):
    arms = (Arm(name="as-now"), Arm(name="ruled", rules=("r-1",)))
    await shop.save_experiment(replace(DRAFT, arms=arms), now=NOW, actor="erp")

    assert "#/arms/1/rules/0: No rule has this id" in await change("live")


async def test_a_report_is_counted_again_after_some_minutes_or_a_change(monkeypatch, running, shop, owner):
    first = (await owner.get(PAGE)).text
    await shop.create_customer(NewCustomer(customer_id="canary-9"), now=NOW)
    await shop.record(
        [BrowsingEvent(customer_id="canary-9", product_id="p-1", occurred_at=NOW - timedelta(hours=1))], now=NOW
    )
    again = (await owner.get(PAGE)).text
    await shop.save_experiment(replace(LIVE, name="Renamed"), now=NOW, actor="erp")
    renamed = (await owner.get(PAGE)).text
    monkeypatch.setattr(experiments, "REUSE_SECONDS", -1.0)

    assert customers_in(first) == customers_in(again) == 8
    assert customers_in(renamed) == customers_in((await owner.get(PAGE)).text) == 9


async def test_a_large_shop_is_told_the_command(monkeypatch, running, owner):
    monkeypatch.setattr(experiments, "MAX_CUSTOMERS", 7)

    text = (await owner.get(PAGE)).text

    assert "more than 7 customers and guests" in text
    assert "python main.py experiments report e/1</pre>" in text
    assert "<table" not in text


async def test_warnings_are_above_the_figures(shop, owner):
    arms = (Arm(name="as-now"), Arm(name="ruled", rules=("r-1",)))
    hide = rule("hide", "p-1", rule_id="r-1", status="draft")
    await shop.save_rule(hide, now=BEGAN, actor="erp")
    await shop.save_experiment(replace(LIVE, arms=arms), now=BEGAN, actor="erp")
    await shop.save_rule(replace(hide, name="Other"), now=NOW, actor="erp")

    text = (await owner.get(PAGE)).text

    assert '<p class="note warn">The rule &#39;r-1&#39; was changed since the experiment began.</p>' in text
    assert "with the rule r-1" in text


async def test_names_are_never_markup(shop, owner, change):
    arms = (Arm(name=HOSTILE), Arm(name=f"2{HOSTILE}", rules=(HOSTILE,)))
    hostile = replace(LIVE, experiment_id=HOSTILE, name=HOSTILE, arms=arms, where=ExperimentPlaces(placements=(HOSTILE,)))
    draft_rule = rule("hide", "p-1", rule_id=HOSTILE, status="draft")
    await shop.save_rule(draft_rule, now=BEGAN, actor="erp")
    await shop.save_experiment(hostile, now=BEGAN, actor="erp")
    await shop.remove_rule(HOSTILE, actor="erp")
    page = f"/experiments/{quote(HOSTILE, safe='')}"

    pages = [(await owner.get("/results")).text, (await owner.get(page)).text]
    pages += [await change(status, page=page, sure="yes") for status in ("draft", "ended")]

    for text in pages:
        assert "<script>alert" not in text
        assert "&lt;script&gt;" in text


async def test_a_shop_without_experiments_is_told_how_and_one_with_many_sees_the_newest(monkeypatch, shop, owner):
    none = (await owner.get("/results")).text
    monkeypatch.setattr(experiments, "N_LISTED", 3)
    for number in range(3):
        at = NOW - timedelta(days=30 - number)
        over = replace(LIVE, experiment_id=f"over-{number}", name=f"Over {number}", until=at + timedelta(hours=1))
        await shop.save_experiment(over, now=at, actor="erp")
    await shop.save_experiment(replace(DRAFT, experiment_id="d"), now=NOW, actor="erp")
    await shop.save_experiment(LIVE, now=BEGAN, actor="erp")
    many = (await owner.get("/results")).text

    assert "<code>docs/experiments.md</code> says how" in none
    assert many.index("Popular at home") < many.index("Over 2") < many.index("Over 1")
    assert "Over 0" not in many
    assert "2 others are in" in many


def report_of(*sums, arms=DRAFT.arms):
    """Return the report of an experiment of 20 days whose arms have these customers and orders."""
    members = {name: getattr(replace(LIVE, arms=arms), name) for name in Experiment.__struct_fields__}
    return experiment_report(
        ListedExperiment(**members, saved_at=NOW),
        [
            ArmSums(customers=customers, ordered=ordered, revenue=10.0 * ordered, squares=100.0 * ordered)
            for customers, ordered in sums
        ],
        Totals(places=[], is_complete=True),
        period=Period(begins_at=NOW - timedelta(days=20), ends_at=NOW),
        currency="EUR",
    )


@pytest.mark.parametrize(
    ("control", "other", "begins"),
    [
        ((4000, 1000), (4000, 1400), "<b>“popular” is better than “as-now”</b>: 25."),
        ((4000, 1400), (4000, 1000), "<b>“popular” is worse than “as-now”</b>: 20.6% to 35.9% fewer customers order."),
        ((40_000, 20_000), (40_000, 20_000), "<b>No difference</b> between “popular” and “as-now” of more than "),
        ((1000, 250), (1000, 260), "<b>Not enough data: about "),
        ((1000, 20), (1000, 300), "<b>Not enough data: about "),
        ((20, 0), (20, 0), "<b>Not enough data</b> to compare “popular” with “as-now”."),
    ],
)
def test_each_verdict_is_a_sentence(control, other, begins):
    [sentence] = sentences_of(report_of(control, other), is_over=False)

    assert sentence.startswith(begins), sentence


def test_who_is_ahead_is_said_if_chance_could_do_that():
    ahead, behind, level = (
        sentences_of(report_of((1000, 250), (1000, n)), is_over=True)[0] for n in (260, 240, 250)
    )  # fmt: skip

    assert ahead.endswith("“popular” is ahead, but chance alone could do that.")
    assert behind.endswith("“popular” is behind, but chance alone could do that.")
    assert level == "<b>Not enough data</b>: it ended too early to compare “popular” with “as-now”."


def test_a_difference_without_an_upper_end_is_at_least_something():
    report = report_of((4000, 1000), (4000, 1400))
    control, other = report.arms
    open_ended = Estimate(value=0.4, low=0.2, high=None)
    compared = replace(other.comparison, difference=open_ended, revenue_difference=None)
    report = replace(report, arms=[control, replace(other, comparison=compared)])

    assert sentences_of(report, is_over=False) == [
        "<b>“popular” is better than “as-now”</b>: at least 20.0% more customers order."
    ]
    found = shown_arms(report)[1]
    assert (found.difference.low, found.difference.high, found.difference.whisker) == ("+20.0%", None, None)
    assert found.revenue_difference is None


def test_figures_are_grey_until_they_tell_something():
    sure, unsure = shown_arms(report_of((4000, 1400), (4000, 1000))), shown_arms(report_of((20, 5), (20, 5)))

    assert [one.conversion.is_sure for one in (*sure, *unsure)] == [True, True, False, False]
    assert (sure[0].difference, sure[1].difference.is_sure, sure[1].revenue_difference.is_sure) == (None, True, True)
    assert sure[1].difference.value == "\N{MINUS SIGN}28.6%"
    assert sure[1].difference.whisker.high < 50
    assert (sure[1].is_early, unsure[1].is_early, unsure[1].difference, unsure[1].rate) == (False, True, None, None)


def test_the_middle_of_a_scale_of_differences_is_none():
    estimate = Estimate(value=0.1, low=-0.4, high=0.2)
    found = shown(estimate, str, scale=reach_of([estimate, None]), is_sure=True, zero=50.0)

    assert (found.whisker.low, found.whisker.value, found.whisker.high) == (0.0, 62.5, 75.0)
    assert reach_of([Estimate(value=0.0, low=0.0, high=0.0)]) == 1.0


def test_what_an_arm_does_is_in_words():
    assert does_of(Arm(name="a")) == "lists as they are"
    assert does_of(Arm(name="a", popular=True, rules=("r-1", "r-2"))) == "popular products only; with the rules r-1, r-2"
    assert does_of(Arm(name="a", weights={"similar_product": 0.6})) == "other weights: similar_product 0.6"
