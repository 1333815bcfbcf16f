"""The choices that training turns events into a model by."""

from msgspec import Struct

FOREVER = 36_500.0
"""A half-life, in days, that in effect is none."""


class Hyperparameters(Struct, frozen=True, kw_only=True):
    """How training turns events into a model; the defaults serve a shop with too few events for tuning.

    Half-lives are in days; exponents are powers.
    """

    # Weight of an event's type; weight of a product with several events in a history.
    event_exponent: float = 1.0
    repeat_exponent: float = 0.5
    # Half-life of an event in a history: as a seed of neighbours, and as an interest in its category.
    history_days: float = 30.0
    interest_days: float = 30.0
    # Half-life of an event in a history as a seed of neighbours, in steps: the events of one instant are one step.
    history_steps: float = FOREVER
    # Half-life of an event in training: for neighbours, and for popularity.
    memory_days: float = FOREVER
    trend_days: float = 14.0
    # Half-life of a customer's first event with a product, and the power of the resulting momentum factor.
    momentum_days: float = 14.0
    momentum_exponent: float = 0.5
    # Pseudo-count, in views, of all customers in the popularity with a segment.
    segment_smoothing: float = 200.0
    # Normalisation of co-occurrence by the activity of customers and the size of seed and candidate.
    activity_exponent: float = 0.5
    seed_exponent: float = 0.5
    candidate_exponent: float = 0.4
    # Penalty of the regressions, in mean sizes of a product, and the number of candidates of each regression.
    ridge: float = 4.0
    n_candidates: int = 100
    # Weight of a pair without events in the factorisation, and the penalty of its factors.
    factor_unobserved: float = 0.01
    factor_penalty: float = 0.01
    # Shares of regression and transitions in a neighbour's weight; co-occurrence has the rest to 1. Factors have a share of
    # the whole.
    ridge_share: float = 0.5
    succession_share: float = 0.0
    factor_share: float = 0.0
    # Neighbours that are kept of each product.
    n_neighbours: int = 100
