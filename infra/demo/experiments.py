"""The experiment of the demo shop, which runs where no other list is."""

from datetime import datetime

from domain.records.experiments import Arm, Experiment, ExperimentPlaces

EXPERIMENT_PLACEMENT = "checkout"
EXPERIMENT_DAYS = 21
"""For so long it has been running."""


def demo_experiment(*, begins_at: datetime) -> Experiment:
    """Return an experiment that compares personal lists with popular products at the checkout."""
    return Experiment(
        experiment_id="demo-experiment-1",
        name="Do personal lists sell more at the checkout?",
        arms=(Arm(name="personal"), Arm(name="popular", popular=True)),
        where=ExperimentPlaces(placements=(EXPERIMENT_PLACEMENT,), kinds=("for-customer",)),
        starts_at=begins_at,
        status="live",
    )
