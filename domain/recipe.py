"""What training can choose: everything that shapes the neighbours, the trends and the weight of an event."""

from msgspec import Struct

FOREVER = 36_500.0
"""A half-life, in days, that is as good as none."""


class Recipe(Struct, frozen=True, kw_only=True):
    """How a model is made of events; the defaults serve a shop that has too few events to try others.

    An event weighs what its type does to the power of `event_exponent`, and a product of a history the sum of its events to
    the power of `repeat_exponent`. Half-lives: `history_days` is that of an event in a customer's history as neighbours are
    found by it, `interest_days` that in the categories a customer cares for, `memory_days` that in what is learned of all,
    `trend_days` that in what is popular, `momentum_days` that of how new a product's customer is. `momentum_exponent` is
    how much it counts that a product's customers are new, `segment_smoothing` how much all customers count in a segment's
    trend, in weights of views. Exponents: customers count by their activity to the power of `-activity_exponent`; a
    co-occurrence is divided by the strength of the seed and of the candidate to the power of `seed_exponent` and
    `candidate_exponent`. `ridge` is the penalty in mean strengths of a product, `n_candidates` how many products each
    regression may use. The shares say how much ridge and succession count in a neighbour's weight beside co-occurrence; all
    three add to 1.
    """

    event_exponent: float = 1.0
    repeat_exponent: float = 0.5
    history_days: float = 30.0
    interest_days: float = 30.0
    memory_days: float = FOREVER
    trend_days: float = 14.0
    momentum_days: float = 14.0
    momentum_exponent: float = 0.5
    segment_smoothing: float = 200.0
    activity_exponent: float = 0.5
    seed_exponent: float = 0.5
    candidate_exponent: float = 0.4
    ridge: float = 4.0
    n_candidates: int = 100
    ridge_share: float = 0.5
    succession_share: float = 0.0
