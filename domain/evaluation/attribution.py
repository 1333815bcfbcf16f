"""What lists led to: rates and sums with 95 % intervals.

The intervals say how much chance alone would change a number, if the same lists were shown again. They do not say that a
list caused an order: only an experiment does.
"""

from collections.abc import Iterable
from math import sqrt

from domain.records.periods import Period
from domain.records.placements import Estimate, PlacementReport, PlaceReport, PlaceTotals, RevenueSums, ShownSums, Totals

Z = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution."""

MIN_LISTS = 30
MIN_OF_EACH = 10
"""So many lists, and impressions with and without a click, make the normal approximation good enough."""


def click_rate(shown: ShownSums) -> Estimate | None:
    """Return the share of the products seen that were clicked, None without any.

    Products of one list are seen and clicked together, so lists are what is drawn: with n_i products of list i seen and c_i
    clicked, r = Σc / Σn has the linearised variance m / (m - 1) · Σ(c_i - r·n_i)² / (Σn)² over m lists (the ratio estimator
    of Cochran, Sampling Techniques, 3rd edition, 1977, sections 2.11 and 6.3). With few lists or clicks, the interval is
    that of Wilson (1927), which takes products as independent.
    """
    n, clicked = shown.impressions, shown.clicked
    if not n:
        return None
    rate = clicked / n
    if shown.lists < MIN_LISTS or min(clicked, n - clicked) < MIN_OF_EACH:
        low, high = wilson(clicked, n)
    else:
        residuals = shown.clicked_squares - 2 * rate * shown.products + rate * rate * shown.squares
        half_width = Z * sqrt(shown.lists / (shown.lists - 1) * max(0.0, residuals)) / n
        low, high = max(0.0, rate - half_width), min(1.0, rate + half_width)
    return Estimate(value=round(rate, 6), low=round(low, 6), high=round(high, 6))


def wilson(n_successes: int, n: int, *, z: float = Z) -> tuple[float, float]:
    """Return the interval of a share by Wilson (Journal of the American Statistical Association 22, 1927)."""
    share = n_successes / n
    centre = share + z * z / (2 * n)
    half_width = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return max(0.0, (centre - half_width) / scale), min(1.0, (centre + half_width) / scale)


def poisson_sum(sums: RevenueSums) -> Estimate:
    """Return a sum over orders that arrive by chance: of their amounts, or with amounts of 1 their number.

    A compound Poisson sum y = Σx has the variance v = Σx². The interval is the gamma interval of Fay and Feuer (Statistics
    in Medicine 16, 1997): for equal amounts that of Garwood (1936), for many orders y ± 1.96·√v. Quantiles of χ² are those
    of Wilson and Hilferty (1931). Without an amount above 0 there is no upper bound.
    """
    low = _gamma_bound(sums.total, sums.squares, -Z) if sums.total else 0.0
    above, above_squares = sums.total + sums.largest, sums.squares + sums.largest**2
    high = _gamma_bound(above, above_squares, Z) if above else None
    return Estimate(value=round(sums.total, 4), low=round(low, 4), high=None if high is None else round(high, 4))


def _gamma_bound(total: float, squares: float, z: float) -> float:
    effective = total * total / squares
    return total * max(0.0, 1 - 1 / (9 * effective) + z / (3 * sqrt(effective))) ** 3


def placement_report(totals: Totals, period: Period, *, attribution_days: int, currency: str) -> PlacementReport:
    """Return the report of all places, by placement, kind and arm."""
    return PlacementReport(
        begins_at=period.begins_at,
        ends_at=period.ends_at,
        attribution_days=attribution_days,
        currency=currency,
        is_complete=totals.is_complete,
        places=list(_reports(totals.places)),
    )


def _reports(places: Iterable[PlaceTotals]) -> Iterable[PlaceReport]:
    for totals in sorted(places, key=lambda one: (one.place.placement or "", one.place.kind, one.place.arm or "")):
        n_orders = float(totals.orders)
        yield PlaceReport(
            kind=totals.place.kind,
            placement=totals.place.placement,
            arm=totals.place.arm,
            impressions=totals.shown.impressions,
            lists=totals.shown.lists,
            clicks=totals.clicks,
            click_rate=click_rate(totals.shown),
            orders=poisson_sum(RevenueSums(total=n_orders, squares=n_orders, largest=1.0)),
            revenue=poisson_sum(totals.revenue),
        )
