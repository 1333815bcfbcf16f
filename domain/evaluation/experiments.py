"""Compare the arms of an experiment by what their customers did.

Customers are assigned to arms, so they are what is counted: arms are compared by the shares of customers who ordered.
All intervals of customers hold at any number of looks (`always_valid`).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil, exp, inf, log, sqrt

from domain.evaluation.always_valid import boundary, evidence_of_uneven_shares, ratio_bounds
from domain.evaluation.attribution import click_rate, wilson
from domain.records.experiment_reports import ArmReport, ArmSums, Comparison, CustomerOutcome, ExperimentReport, Verdict
from domain.records.experiments import Arm, Experiment, ListedExperiment, arm_index
from domain.records.periods import Period
from domain.records.placements import Estimate, PlaceTotals, ShownSums, Totals

ALPHA = 0.05
"""The chance that any of the comparisons of an experiment ever errs."""
EFFECT = 0.1
"""The relative difference that an experiment looks for."""
MIN_ORDERS = 25
"""Customers of an arm who ordered from which sums of them are close to normal."""
POWER_Z = 0.8416
"""The 80 % quantile of the standard normal distribution: so many experiments with the effect are then decided."""
UNEVEN = log(1000)
"""The evidence from which shares are uneven: a chance of 0.1 % in the whole life of an experiment."""
MAX_DAYS = 1000
"""Beyond which no number of days is said."""


def add_outcomes(sums: Sequence[ArmSums], outcomes: Sequence[CustomerOutcome], experiment: Experiment) -> list[ArmSums]:
    """Return the sums of all arms with more customers, each in its arm."""
    columns = [[one.customers, one.ordered, one.revenue, one.squares] for one in sums]
    for outcome in outcomes:
        column = columns[arm_index(experiment, outcome.experiment_key)]
        column[0] += 1
        column[1] += outcome.ordered
        column[2] += outcome.revenue
        column[3] += outcome.revenue**2
    return [
        ArmSums(customers=int(customers), ordered=int(ordered), revenue=revenue, squares=squares)
        for customers, ordered, revenue, squares in columns
    ]


def experiment_report(  # noqa: PLR0913 - what was counted, and when
    experiment: ListedExperiment,
    sums: Sequence[ArmSums],
    totals: Totals,
    *,
    period: Period,
    currency: str,
    warnings: Sequence[str] = (),
) -> ExperimentReport:
    """Compare the arms by their `sums`, in their order; `totals` are of all lists in the period."""
    days = (period.ends_at - period.begins_at) / timedelta(days=1)
    control, *others = sums
    alpha = ALPHA / len(others)
    name = experiment.arms[0].name
    comparisons = [None, *(compare(control, other, alpha=alpha, days=days, control=name) for other in others)]
    found = [] if (uneven := warning_of_uneven_shares(experiment, sums)) is None else [uneven]
    return ExperimentReport(
        experiment=experiment,
        begins_at=period.begins_at,
        ends_at=period.ends_at,
        currency=currency,
        arms=[
            _arm_report(arm, own, _places_of(experiment.label_of(arm), totals), comparison)
            for arm, own, comparison in zip(experiment.arms, sums, comparisons, strict=True)
        ],
        warnings=[*found, *warnings],
    )


def compare(control_sums: ArmSums, sums: ArmSums, *, alpha: float, days: float, control: str) -> Comparison:
    """Compare an arm with the control, named `control`, after `days` with a chance `alpha` of ever erring."""
    verdict: Verdict = "not_enough_data"
    difference = revenue_difference = None
    if min(control_sums.ordered, sums.ordered) >= MIN_ORDERS:
        z = boundary(control_sums.ordered + sums.ordered, alpha=alpha)
        difference = _relative(_conversion(sums), _conversion(control_sums), z=z)
        verdict = _verdict(difference)
        if control_sums.revenue > 0:
            revenue_difference = _relative(_mean_revenue(sums), _mean_revenue(control_sums), z=z)
    days_left = _days_left(control_sums, sums, alpha, days) if verdict == "not_enough_data" else None
    return Comparison(
        verdict=verdict,
        summary=_summary(verdict, control, difference, days_left),
        difference=difference,
        revenue_difference=revenue_difference,
        days_left=days_left,
    )


def _verdict(difference: Estimate) -> Verdict:
    high = inf if difference.high is None else difference.high
    if difference.low > 0:
        return "better"
    if high < 0:
        return "worse"
    return "no_difference" if max(-difference.low, high) <= EFFECT else "not_enough_data"


def _summary(verdict: Verdict, control: str, difference: Estimate | None, days_left: int | None) -> str:
    if difference is not None and verdict != "not_enough_data":
        low, high = difference.low, inf if difference.high is None else difference.high
        match verdict:
            case "better":
                most = "" if high == inf else f" to {high:.1%}"
                return f"Better than {control}: {low:.1%}{most} more customers order."
            case "worse":
                return f"Worse than {control}: {-high:.1%} to {-low:.1%} fewer customers order."
            case _:
                return f"No difference to {control} of more than {max(-low, high):.1%} is likely."
    if days_left is None:
        return "Not enough data yet."
    return f"Not enough data: about {days_left} more {'day' if days_left == 1 else 'days'}."


def _days_left(control: ArmSums, sums: ArmSums, alpha: float, days: float) -> int | None:
    """Return after how many more days a difference of EFFECT shows with a chance of 80 %, if customers go on to come so.

    Where it would have shown by now, the difference is smaller: then it is when the interval is so narrow that it excludes
    either no difference or EFFECT. None where nobody ordered, or where it takes more than MAX_DAYS.
    """
    customers, ordered = control.customers + sums.customers, control.ordered + sums.ordered
    if not ordered or not control.customers or not sums.customers:
        return None
    share = ordered / customers
    error = sqrt((1 - share) / share * (1 / control.customers + 1 / sums.customers))
    # It takes as many orders that sums are close to normal.
    least = max(MIN_ORDERS / max(one.ordered, 1) for one in (control, sums))
    would_show = (boundary(ordered, alpha=alpha) + POWER_Z) * error <= EFFECT

    def is_enough(growth: float) -> bool:
        z = boundary(ordered * growth, alpha=alpha)
        widest = EFFECT / (2 * z) if would_show else EFFECT / (z + POWER_Z)
        return growth >= least and error / sqrt(growth) <= widest

    low, high = 1.0, 1 + MAX_DAYS / days if days else 1.0
    if not is_enough(high):
        return None
    while high - low > 0.001 * low:
        middle = (low + high) / 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return max(1, ceil(days * (high - 1)))


def _conversion(sums: ArmSums) -> tuple[float, float]:
    """Return the share of the customers who ordered, and its standard error."""
    share = sums.ordered / sums.customers
    return share, sqrt(share * (1 - share) / sums.customers)


def _mean_revenue(sums: ArmSums) -> tuple[float, float]:
    """Return the mean revenue per customer, and its standard error."""
    mean = sums.revenue / sums.customers
    return mean, sqrt(max(0.0, sums.squares / sums.customers - mean**2) / sums.customers)


def _relative(own: tuple[float, float], base: tuple[float, float], *, z: float) -> Estimate:
    low, high = ratio_bounds(*own, *base, z=z)
    return Estimate(
        value=round(own[0] / base[0] - 1, 6), low=round(low - 1, 6), high=None if high == inf else round(high - 1, 6)
    )


def warning_of_uneven_shares(experiment: Experiment, sums: Sequence[ArmSums]) -> str | None:
    """Return a warning of a sample-ratio mismatch: numbers of customers that do not fit the shares; None without one."""
    counts, shares = [one.customers for one in sums], [arm.share for arm in experiment.arms]
    evidence = evidence_of_uneven_shares(counts, shares)
    if evidence < UNEVEN:
        return None
    found = ", ".join(f"{arm.name} {count:,}" for arm, count in zip(experiment.arms, counts, strict=True))
    return (
        f"The numbers of customers do not fit the shares {':'.join(map(str, shares))}: {found}"
        f" (p < {max(exp(-min(evidence, 700)), 1e-9):.1g}). Do not trust the comparison before you know why."
    )


def _places_of(label: str, totals: Totals) -> list[PlaceTotals]:
    return [one for one in totals.places if one.place.arm == label]


def _arm_report(arm: Arm, sums: ArmSums, places: Sequence[PlaceTotals], comparison: Comparison | None) -> ArmReport:
    shown = ShownSums(**{
        name: sum(getattr(one.shown, name) for one in places) for name in ShownSums.__struct_fields__
    })  # fmt: skip
    z = boundary(sums.ordered or 1, alpha=ALPHA)
    return ArmReport(
        name=arm.name,
        share=arm.share,
        customers=sums.customers,
        ordered=sums.ordered,
        conversion=_share_of_customers(sums, z) if sums.customers else None,
        revenue=round(sums.revenue, 4),
        revenue_per_customer=_revenue_per_customer(sums, z) if sums.customers else None,
        impressions=shown.impressions,
        clicks=sum(one.clicks for one in places),
        click_rate=click_rate(shown),
        comparison=comparison,
    )


def _share_of_customers(sums: ArmSums, z: float) -> Estimate:
    low, high = wilson(sums.ordered, sums.customers, z=z)
    return Estimate(value=round(sums.ordered / sums.customers, 6), low=round(low, 6), high=round(high, 6))


def _revenue_per_customer(sums: ArmSums, z: float) -> Estimate:
    mean, error = _mean_revenue(sums)
    # Without any order, nothing says how much one may be.
    high = round(mean + z * error, 4) if sums.ordered else None
    return Estimate(value=round(mean, 4), low=round(max(0.0, mean - z * error), 4), high=high)


def period_of(experiment: Experiment, now: datetime) -> Period | None:
    """Return the time in which an experiment was in force until now, None if it has not begun."""
    if not isinstance(experiment.starts_at, datetime) or not experiment.has_begun(now):
        return None
    ends_at = min(experiment.until, now) if isinstance(experiment.until, datetime) else now
    return Period(begins_at=experiment.starts_at, ends_at=ends_at)
