"""The report of an experiment: sums by arm, verdicts that hold at daily looks, and warnings."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from msgspec.structs import replace

from domain.evaluation.experiments import MIN_ORDERS, add_outcomes, compare, experiment_report, period_of
from domain.records.experiment_reports import ArmSums, CustomerOutcome
from domain.records.experiments import Arm, ListedExperiment, arm_index
from domain.records.list_references import Place
from domain.records.periods import Period
from domain.records.placements import PlaceTotals, ShownSums, Totals

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
PERIOD = Period(begins_at=BEGIN, ends_at=BEGIN + timedelta(days=10))
EXPERIMENT = ListedExperiment(
    experiment_id="e", name="E", arms=(Arm(name="now"), Arm(name="new")), starts_at=BEGIN, status="live", saved_at=BEGIN
)
NOTHING = Totals(places=[], is_complete=True)


def sums(customers, ordered, paid=40.0):
    """Sums of customers who each paid the same, if they ordered."""
    return ArmSums(customers=customers, ordered=ordered, revenue=ordered * paid, squares=ordered * paid**2)


def compared(control, other, *, alpha=0.05, days=10.0):
    return compare(control, other, alpha=alpha, days=days, control="now")


def report(*arms, experiment=EXPERIMENT, totals=NOTHING, warnings=()):
    return experiment_report(experiment, arms, totals, period=PERIOD, currency="EUR", warnings=warnings)


def test_customers_are_added_to_the_arm_of_their_key():
    outcomes = [
        CustomerOutcome(experiment_key=f"c-{n}", ordered=n % 2 == 0, revenue=0.0 if n % 2 else 3.0) for n in range(50)
    ]

    first = add_outcomes([ArmSums(), ArmSums()], outcomes[:20], EXPERIMENT)
    both = add_outcomes(first, outcomes[20:], EXPERIMENT)

    for place, arm in enumerate(both):
        own = [one for one in outcomes if arm_index(EXPERIMENT, one.experiment_key) == place]
        ordered = sum(one.ordered for one in own)
        assert arm == ArmSums(customers=len(own), ordered=ordered, revenue=3.0 * ordered, squares=9.0 * ordered)
    assert sum(arm.customers for arm in both) == 50


def test_verdicts_say_what_is_known():
    better = compared(sums(10_000, 2000), sums(10_000, 2500))
    worse = compared(sums(10_000, 2500), sums(10_000, 2000))
    same = compared(sums(100_000, 25_000), sums(100_000, 25_100))

    assert (better.verdict, better.difference.value, better.days_left) == ("better", 0.25, None)
    assert better.summary == "Better than now: 15.1% to 35.9% more customers order."
    assert (worse.verdict, worse.difference.value) == ("worse", -0.2)
    assert worse.summary == "Worse than now: 13.1% to 26.4% fewer customers order."
    assert same.verdict == "no_difference"
    assert same.summary == "No difference to now of more than 3.1% is likely."
    assert better.revenue_difference.value == 0.25
    assert better.revenue_difference.low > 0


def test_an_interval_may_have_no_upper_bound():
    # The control is hardly known, so the new arm may be any number of times better.
    found = compared(sums(100_000, MIN_ORDERS), sums(100_000, 400), alpha=1e-12)

    assert (found.verdict, found.difference.high) == ("not_enough_data", None)


def test_where_nobody_paid_revenue_is_not_compared():
    assert compared(sums(1000, 300, paid=0.0), sums(1000, 200, paid=0.0)).revenue_difference is None


def test_too_little_data_says_how_many_more_days_it_takes():
    early = compared(sums(500, 125), sums(500, 125))
    later = compared(sums(5000, 1250), sums(5000, 1250))
    one_day = compared(sums(5500, 1375), sums(5500, 1375), days=1.0)

    # About 19 times as many customers are needed: as many as in the simulation below.
    assert (early.verdict, early.difference is None, early.days_left) == ("not_enough_data", False, 182)
    assert early.summary == "Not enough data: about 182 more days."
    assert later.days_left == 10
    assert (one_day.days_left, one_day.summary) == (1, "Not enough data: about 1 more day.")


def test_few_orders_are_not_compared():
    few = compared(sums(400, MIN_ORDERS - 1), sums(400, 100))
    none = compared(sums(400, 0), sums(400, 0))
    nobody = compared(sums(0, 0), sums(400, 100))
    hopeless = compared(sums(400, 1), sums(400, 1), days=400.0)

    assert (few.verdict, few.difference, few.revenue_difference) == ("not_enough_data", None, None)
    assert few.days_left > 0
    assert [one.days_left for one in (none, nobody, hopeless)] == [None, None, None]
    assert none.summary == "Not enough data yet."


def test_where_the_effect_would_have_shown_days_count_until_it_can_be_excluded():
    # 12 % more was not excluded, and 0 neither, though 10 % would have shown.
    found = compared(sums(15_000, 3750), sums(15_000, 3900))

    assert found.verdict == "not_enough_data"
    assert found.difference.low < 0
    assert found.difference.high > 0.1
    assert 0 < found.days_left < 30


def test_several_arms_share_the_chance_to_err():
    experiment = replace(EXPERIMENT, arms=(Arm(name="now"), Arm(name="b"), Arm(name="c")))

    two = report(sums(10_000, 2500), sums(10_000, 2600)).arms[1].comparison.difference
    three = report(sums(10_000, 2500), sums(10_000, 2600), sums(10_000, 2600), experiment=experiment)

    assert three.arms[0].comparison is None
    assert three.arms[1].comparison == three.arms[2].comparison
    assert three.arms[1].comparison.difference.low < two.low
    assert three.arms[1].comparison.difference.high > two.high


def test_a_report_has_intervals_and_the_lists_of_each_arm():
    shown = ShownSums(lists=10, impressions=100, clicked=20, squares=1000, clicked_squares=40, products=200)
    totals = Totals(
        places=[
            PlaceTotals(place=Place(kind=kind, placement=None, arm=arm), shown=shown, clicks=21)
            for kind, arm in (("for-customer", "e/new"), ("buy-again", "e/new"), ("for-customer", None))
        ],
        is_complete=True,
    )

    found = report(sums(1000, 250), sums(1000, 250), totals=totals, warnings=["The rule is gone."])

    now, new = found.arms
    assert (now.impressions, now.clicks, now.click_rate) == (0, 0, None)
    assert (new.impressions, new.clicks, new.click_rate.value) == (200, 42, 0.2)
    assert (now.customers, now.ordered, now.conversion.value, now.revenue) == (1000, 250, 0.25, 10_000.0)
    assert (now.conversion.low, now.conversion.high) == pytest.approx((0.208, 0.297), abs=0.002)
    assert now.revenue_per_customer.value == 10.0
    # One standard error is sqrt((250 · 1600 / 1000 - 100) / 1000) = 0.548, of which the boundary of 250 orders is 3.27.
    assert now.revenue_per_customer.high == pytest.approx(10 + 3.27 * 0.548, abs=0.02)
    assert found.warnings == ["The rule is gone."]


def test_arms_without_customers_or_orders_have_no_intervals_of_their_own():
    nobody, nothing = report(sums(0, 0), sums(10, 0)).arms

    assert (nobody.conversion, nobody.revenue_per_customer) == (None, None)
    assert (nothing.conversion.value, nothing.revenue_per_customer.high) == (0.0, None)


def test_uneven_arms_are_warned_of():
    [warning] = report(sums(9500, 2500), sums(10_500, 2500)).warnings

    assert warning == (
        "The numbers of customers do not fit the shares 1:1: now 9,500, new 10,500 (p < 1e-09)."
        " Do not trust the comparison before you know why."
    )


def test_the_period_of_an_experiment_ends_with_it():
    later = BEGIN + timedelta(days=3)

    assert period_of(EXPERIMENT, later) == Period(begins_at=BEGIN, ends_at=later)
    assert period_of(replace(EXPERIMENT, until=BEGIN + timedelta(days=2)), later).ends_at == BEGIN + timedelta(days=2)
    assert period_of(EXPERIMENT, BEGIN - timedelta(days=1)) is None
    assert period_of(replace(EXPERIMENT, status="draft"), later) is None


def simulated(rng, *, n_experiments, n_customers, conversion, lift, days=28, max_delay=12):
    """Return the customers (n, 2, looks) and those who ordered until each of the daily looks.

    Customers come over all days, and order on the same day (35 %) or up to `max_delay` days later.
    """
    new = rng.multinomial(n_customers, [1 / (2 * days)] * (2 * days), size=n_experiments).reshape(n_experiments, 2, days)
    later = 0.8 ** np.arange(max_delay)
    delays = np.append(0.35, 0.65 * later / later.sum())
    customers, ordered = np.zeros((2, n_experiments, 2, days + max_delay), dtype=np.int64)
    customers[:, :, :days] = new
    for arm, share in enumerate((conversion, conversion * (1 + lift))):
        # How many of each day order after how many days; the last column never does.
        found = rng.multinomial(new[:, arm], np.append(share * delays, 1 - share))
        for delay in range(max_delay):
            ordered[:, arm, delay : delay + days] += found[:, :, delay]
    return customers.cumsum(axis=2), ordered.cumsum(axis=2)


def found_at_daily_looks(customers, ordered, verdicts):
    """Return the share of the experiments in which a daily look ever has one of the verdicts."""
    n_found = 0
    for of_arm, who_ordered in zip(customers.tolist(), ordered.tolist(), strict=True):
        n_found += any(
            compared(sums(n0, c0), sums(n1, c1)).verdict in verdicts
            for n0, n1, c0, c1 in zip(*of_arm, *who_ordered, strict=True)
        )
    return n_found / len(customers)


FEW_AND_MANY = pytest.mark.parametrize("n_experiments", [150, pytest.param(2000, marks=pytest.mark.slow)])


@FEW_AND_MANY
def test_experiments_without_effect_hardly_ever_find_one_at_daily_looks(n_experiments):
    rng = np.random.default_rng(17)
    looks = simulated(rng, n_experiments=n_experiments, n_customers=20_000, conversion=0.25, lift=0.0)

    assert found_at_daily_looks(*looks, {"better", "worse"}) <= 0.05


@FEW_AND_MANY
def test_a_true_effect_of_a_tenth_is_found(n_experiments):
    rng = np.random.default_rng(18)
    looks = simulated(rng, n_experiments=n_experiments, n_customers=20_000, conversion=0.25, lift=0.1)

    assert found_at_daily_looks(*looks, {"better"}) >= 0.8
