"""What customers of the arms of an experiment did: sums that a storage adds up, and the report that compares them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct

from domain.records.experiments import ListedExperiment
from domain.records.placements import Estimate

Verdict = Literal["better", "worse", "no_difference", "not_enough_data"]


class CustomerOutcome(Struct, frozen=True, kw_only=True, gc=False, array_like=True):
    """What one customer did: the key that chooses the arm, whether an order followed, and what was paid in such orders."""

    experiment_key: str
    ordered: bool
    revenue: float


class OutcomePage(Struct, frozen=True, kw_only=True):
    """The outcomes of some customers, and the last customer that was looked at, None at the end."""

    outcomes: Sequence[CustomerOutcome]
    last: str | None


class ArmSums(Struct, frozen=True, kw_only=True):
    """Sums over the customers of an arm: how many, how many of them ordered, and their revenues and the squares of these."""

    customers: int = 0
    ordered: int = 0
    revenue: float = 0.0
    squares: float = 0.0


class Comparison(Struct, frozen=True, kw_only=True):
    """An arm compared with the control.

    `difference` is that of the share of customers who ordered, relative to the control (0.1 is 10 % more), and
    `revenue_difference` the same of the revenue per customer: null without enough orders. The `verdict` is about the
    former. `days_left` estimates when a difference of 10 % would show, null where it cannot be said.
    """

    verdict: Verdict
    summary: str
    difference: Estimate | None
    revenue_difference: Estimate | None
    days_left: int | None


class ArmReport(Struct, frozen=True, kw_only=True):
    """What the customers of an arm did.

    `ordered` counts those with an order after their first event in the experiment, `conversion` is their share, and
    `revenue` what they paid in such orders. `impressions`, `clicks` and `click_rate` are of the lists of the arm.
    """

    name: str
    share: int
    customers: int
    ordered: int
    conversion: Estimate | None
    revenue: float
    revenue_per_customer: Estimate | None
    impressions: int
    clicks: int
    click_rate: Estimate | None
    comparison: Comparison | None


class ExperimentReport(Struct, frozen=True, kw_only=True):
    """What an experiment led to between two instants; the first arm is the control. Revenue is in `currency`.

    `warnings` say why the arms may not be comparable.
    """

    experiment: ListedExperiment
    begins_at: datetime
    ends_at: datetime
    currency: str
    arms: list[ArmReport]
    warnings: list[str]
