"""Rates and sums with their intervals, against values computed by hand and from tables."""

from datetime import UTC, datetime
from math import sqrt

import numpy as np
import pytest

from domain.evaluation.attribution import Z, click_rate, placement_report, poisson_sum, wilson
from domain.records.list_references import Place
from domain.records.periods import Period
from domain.records.placements import PlaceTotals, RevenueSums, ShownSums, Totals

PERIOD = Period(begins_at=datetime(2026, 11, 1, tzinfo=UTC), ends_at=datetime(2026, 11, 15, tzinfo=UTC))


def sums_of(lists):
    """Return the sums over lists, each given as its numbers of products that were seen and clicked."""
    return ShownSums(
        lists=len(lists),
        impressions=sum(n for n, _ in lists),
        clicked=sum(c for _, c in lists),
        squares=sum(n * n for n, _ in lists),
        clicked_squares=sum(c * c for _, c in lists),
        products=sum(n * c for n, c in lists),
    )


def amounts(*values):
    return RevenueSums(total=sum(values), squares=sum(value**2 for value in values), largest=max(values))


def test_without_impressions_there_is_no_click_rate():
    assert click_rate(ShownSums()) is None


def test_the_click_rate_of_few_lists_has_the_interval_of_wilson():
    rate = click_rate(sums_of([(4, 1), (6, 0)]))

    # (0.1 + z²/20 ± z·√(0.1·0.9/10 + z²/400)) / (1 + z²/10), with z² = 3.8415
    assert (rate.value, rate.low, rate.high) == (0.1, pytest.approx(0.017876, abs=1e-6), pytest.approx(0.404150, abs=1e-6))


def test_the_click_rate_of_many_lists_has_the_variance_of_a_ratio():
    # 40 lists of 10 products: 20 with 1 click, 20 with none. Each deviates from 0.05 · 10 by 0.5.
    rate = click_rate(sums_of([(10, 1), (10, 0)] * 20))
    half_width = 1.959964 * sqrt(40 / 39 * 40 * 0.25) / 400

    assert (rate.value, rate.low, rate.high) == (
        0.05, pytest.approx(0.05 - half_width, abs=1e-6), pytest.approx(0.05 + half_width, abs=1e-6),
    )  # fmt: skip


def test_lists_that_are_clicked_as_a_whole_make_the_interval_wider():
    together, apart = click_rate(sums_of([(10, 10)] * 10 + [(10, 0)] * 90)), click_rate(sums_of([(10, 1)] * 100))

    assert together.value == apart.value == 0.1
    # √(100/99 · (10·81 + 90·1)) / 1000 · 1.96
    assert together.high - together.low == pytest.approx(2 * 1.959964 * sqrt(100 / 99 * 900) / 1000, abs=1e-6)
    assert apart.high == apart.low == 0.1


def test_the_bounds_of_a_rate_stay_between_0_and_1():
    assert click_rate(sums_of([(1, 1)] * 5)).high == 1.0
    assert click_rate(sums_of([(1, 0)] * 5)).low == 0.0
    assert click_rate(sums_of([(1, 1)] * 200 + [(15, 0)])).high == 1.0
    assert click_rate(sums_of([(30, 30)] + [(30, 0)] * 40)).low == 0.0


@pytest.mark.parametrize(
    ("n", "low", "high"),
    # The exact bounds of Garwood, as in tables of the Poisson distribution.
    [
        (0, 0.0, 3.689),
        (1, 0.025, 5.572),
        (5, 1.623, 11.668),
        (10, 4.795, 18.390),
        (30, 20.241, 42.827),
        (100, 81.364, 121.627),
    ],
)
def test_a_number_of_orders_has_the_interval_of_garwood(n, low, high):
    orders = poisson_sum(RevenueSums(total=float(n), squares=float(n), largest=1.0))

    assert (orders.value, orders.low, orders.high) == (n, pytest.approx(low, abs=0.03), pytest.approx(high, abs=0.03))


def test_equal_amounts_have_the_interval_of_their_number():
    number, revenue = poisson_sum(amounts(1.0, 1.0, 1.0)), poisson_sum(amounts(20.0, 20.0, 20.0))

    assert (revenue.low, revenue.high) == (
        pytest.approx(20 * number.low, abs=1e-3),
        pytest.approx(20 * number.high, abs=2e-3),
    )


def test_many_orders_have_the_normal_interval_of_a_compound_poisson_sum():
    values = [10.0, 30.0] * 5000
    revenue = poisson_sum(amounts(*values))
    half_width = Z * sqrt(sum(value**2 for value in values))

    assert revenue.value - revenue.low == pytest.approx(half_width, rel=0.02)
    assert revenue.high - revenue.value == pytest.approx(half_width, rel=0.02)


def test_without_amounts_there_is_no_upper_bound_of_revenue():
    revenue = poisson_sum(RevenueSums())

    assert (revenue.value, revenue.low, revenue.high) == (0.0, 0.0, None)


def test_intervals_contain_the_truth_in_19_of_20_cases():
    """Draw orders of two prices from a Poisson process, and clicks of lists that differ in how often they are clicked."""
    rng = np.random.default_rng(7)
    n_in = 0
    for _ in range(2000):
        cheap, dear = rng.poisson(12), rng.poisson(4)
        sums = RevenueSums(total=cheap * 10.0 + dear * 50.0, squares=cheap * 100.0 + dear * 2500.0, largest=50.0)
        estimate = poisson_sum(sums)
        n_in += estimate.low <= 12 * 10 + 4 * 50 <= estimate.high
    assert 0.94 <= n_in / 2000 <= 1.0

    n_in = 0
    for _ in range(2000):
        rates = rng.beta(2, 18, size=200)  # with a mean of 0.1
        estimate = click_rate(sums_of([(8, int(c)) for c in rng.binomial(8, rates)]))
        n_in += estimate.low <= 0.1 <= estimate.high
    assert 0.93 <= n_in / 2000 <= 0.97


def test_the_interval_of_wilson_holds_its_level_for_few():
    assert wilson(0, 10) == (pytest.approx(0.0, abs=1e-9), pytest.approx(0.277533, abs=1e-6))
    assert wilson(10, 10) == (pytest.approx(0.722467, abs=1e-6), pytest.approx(1.0))


def test_a_report_has_the_places_in_their_order():
    places = [
        PlaceTotals(place=Place(kind="similar", placement="product"), clicks=2),
        PlaceTotals(place=Place(kind="popular"), orders=3, revenue=amounts(5.0, 7.0, 9.0)),
        PlaceTotals(place=Place(kind="popular", placement="home", arm="b"), shown=sums_of([(5, 1)])),
        PlaceTotals(place=Place(kind="popular", placement="home", arm="a"), shown=sums_of([(6, 0)])),
    ]

    report = placement_report(Totals(places=places, is_complete=True), PERIOD, attribution_days=7, currency="CHF")

    assert [(one.placement, one.kind, one.arm) for one in report.places] == [
        (None, "popular", None), ("home", "popular", "a"), ("home", "popular", "b"), ("product", "similar", None),
    ]  # fmt: skip
    assert [(one.impressions, one.lists, one.clicks) for one in report.places] == [
        (0, 0, 0),
        (6, 1, 0),
        (5, 1, 0),
        (0, 0, 2),
    ]
    assert [(one.orders.value, one.revenue.value) for one in report.places] == [
        (3.0, 21.0),
        (0.0, 0.0),
        (0.0, 0.0),
        (0.0, 0.0),
    ]
    assert (report.begins_at, report.ends_at, report.currency, report.is_complete) == (
        PERIOD.begins_at, PERIOD.ends_at, "CHF", True,
    )  # fmt: skip
