"""What training can choose: everything that shapes the neighbours, the trends and the weight of an event."""

from msgspec import Struct

FOREVER = 36_500.0
"""A half-life, in days, that is as good as none."""


class Hyperparameters(Struct, frozen=True, kw_only=True):
    """How a model is made of events; the defaults serve a shop that has too few events to try others.

    Half-lives are in days, exponents are powers; what each of them applies to stands beside it.
    """

    # The weight of an event's type, and what a product of a history gets of all its events.
    event_exponent: float = 1.0
    repeat_exponent: float = 0.5
    # An event in a history as neighbours are found by it, and as an interest in its category.
    history_days: float = 30.0
    interest_days: float = 30.0
    # An event in what neighbours are learned of, and in what is popular.
    memory_days: float = FOREVER
    trend_days: float = 14.0
    # How long a product's customer is new to it, and how much it counts that many are.
    momentum_days: float = 14.0
    momentum_exponent: float = 0.5
    # How much all customers count in a segment's trend, in views.
    segment_smoothing: float = 200.0
    # Customers are divided by their activity; a co-occurrence by the strength of the seed and of the candidate.
    activity_exponent: float = 0.5
    seed_exponent: float = 0.5
    candidate_exponent: float = 0.4
    # The penalty of the regressions in mean strengths of a product, and how many products each of them may use.
    ridge: float = 4.0
    n_candidates: int = 100
    # What ridge and succession count in a neighbour's weight; co-occurrence has the rest to 1.
    ridge_share: float = 0.5
    succession_share: float = 0.0
