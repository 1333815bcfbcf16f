"""The arms of an experiment in words and figures."""

from datetime import datetime
from functools import partial

from markupsafe import Markup
from msgspec import Struct

from domain.evaluation.attribution import MIN_OF_EACH
from domain.evaluation.experiments import MIN_ORDERS
from domain.records.experiment_reports import ArmReport, Comparison, ExperimentReport
from domain.records.experiments import Arm, ListedExperiment
from domain.records.placements import Estimate
from infra.dashboard.formats import money, per_hundred
from infra.dashboard.intervals import Shown, reach_of, scale_of, shown
from infra.dashboard.rule_words import State, when_of
from infra.dashboard.texts import text

MINUS = "\N{MINUS SIGN}"
NO_DIFFERENCE = 50.0
"""Where no difference is on the scale of differences, in per cent."""


class ShownExperiment(Struct, frozen=True, kw_only=True):
    """An experiment as a list shows it."""

    experiment: ListedExperiment
    state: State
    when: Markup


class ShownArm(Struct, frozen=True, kw_only=True):
    """An arm with its figures; the control has no differences, nor has an arm with too few orders."""

    arm: ArmReport
    is_early: bool
    conversion: Shown | None
    difference: Shown | None
    revenue: Shown | None
    revenue_difference: Shown | None
    rate: Shown | None


def when_shown(experiment: ListedExperiment) -> Markup:
    """Return when an experiment runs or ran, also for one without any date."""
    is_dated = isinstance(experiment.starts_at, datetime) or isinstance(experiment.until, datetime)
    return when_of(experiment) if is_dated else text("experiment.no_date")


def does_of(arm: Arm) -> Markup:
    """Return what makes the lists of an arm different."""
    parts = [text("experiment.popular")] if arm.popular else []
    if arm.weights:
        weights = ", ".join(f"{source} {weight:g}" for source, weight in arm.weights.items())
        parts.append(text("experiment.weights", weights=weights))
    if arm.rules:
        parts.append(text("experiment.rules", rules=", ".join(arm.rules), n=len(arm.rules)))
    return Markup("; ").join(parts) if parts else text("experiment.as_now")


def sentences_of(report: ExperimentReport, *, is_over: bool) -> list[Markup]:
    """Return what the report says of each arm but the control."""
    control = report.arms[0].name
    return [
        _sentence(arm.comparison, names={"arm": arm.name, "control": control}, is_over=is_over)
        for arm in report.arms
        if arm.comparison is not None
    ]


def _sentence(compared: Comparison, *, names: dict[str, str], is_over: bool) -> Markup:
    difference = compared.difference
    if difference is None or compared.verdict == "not_enough_data":
        return _too_early(compared, names=names, is_over=is_over)
    low, high = _percent(difference.low), None if difference.high is None else _percent(difference.high)
    match compared.verdict:
        case "better":
            return text("experiment.better" if high else "experiment.better_open", low=low, high=high, **names)
        case "worse":
            # The ends as sizes: the nearer first.
            return text("experiment.worse", low=high, high=low, **names)
        case _:
            most = max(-difference.low, difference.high or 0.0)
            return text("experiment.no_difference", most=_percent(most), **names)


def _too_early(compared: Comparison, *, names: dict[str, str], is_over: bool) -> Markup:
    if is_over:
        said = text("experiment.over_early", **names)
    elif compared.days_left is None:
        said = text("experiment.early", **names)
    else:
        said = text("experiment.days_left", n=compared.days_left, **names)
    if compared.difference is None or not compared.difference.value:
        return said
    side = "ahead" if compared.difference.value > 0 else "behind"
    return Markup(" ").join([said, text(f"experiment.{side}", **names)])


def shown_arms(report: ExperimentReport) -> list[ShownArm]:
    """Return the arms in their order; each column of figures has one scale."""
    arms = report.arms
    compared = [arm.comparison for arm in arms]
    paid = partial(money, currency=report.currency)
    conversions = scale_of(arm.conversion for arm in arms)
    revenues = scale_of(arm.revenue_per_customer for arm in arms)
    rates = scale_of(arm.click_rate for arm in arms)
    differences = reach_of(one.difference for one in compared if one)
    revenue_differences = reach_of(one.revenue_difference for one in compared if one)
    return [
        ShownArm(
            arm=arm,
            is_early=one is not None and one.verdict == "not_enough_data",
            conversion=arm.conversion and shown(arm.conversion, per_hundred, scale=conversions, is_sure=has_orders),
            difference=one and _difference(one.difference, scale=differences, is_sure=one.verdict != "not_enough_data"),
            revenue=arm.revenue_per_customer and shown(arm.revenue_per_customer, paid, scale=revenues, is_sure=has_orders),
            revenue_difference=one
            and _difference(
                one.revenue_difference, scale=revenue_differences, is_sure=_excludes_zero(one.revenue_difference)
            ),
            rate=arm.click_rate and shown(arm.click_rate, per_hundred, scale=rates, is_sure=arm.clicks >= MIN_OF_EACH),
        )
        for arm, one in zip(arms, compared, strict=True)
        for has_orders in [arm.ordered >= MIN_ORDERS]
    ]


def _difference(estimate: Estimate | None, *, scale: float, is_sure: bool) -> Shown | None:
    return estimate and shown(estimate, _signed, scale=scale, is_sure=is_sure, zero=NO_DIFFERENCE)


def _excludes_zero(estimate: Estimate | None) -> bool:
    return estimate is not None and (estimate.low > 0 or (estimate.high is not None and estimate.high < 0))


def _percent(share: float) -> str:
    """Return the size of a difference."""
    return f"{abs(share):.1%}"


def _signed(difference: float) -> str:
    return f"{difference:+.1%}".replace("-", MINUS)
