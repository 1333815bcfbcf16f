"""Intervals and alarms that hold however often one looks, and whenever one stops.

An interval of a fixed sample is wrong more often than it says for whoever looks daily and stops when it excludes zero.
"""

from collections.abc import Sequence
from math import inf, lgamma, log, sqrt

TUNED_INFORMATION = 1000.0
"""Orders at which intervals are narrowest compared with those of a fixed sample."""
CONCENTRATION = 100.0
"""How close to the planned shares uneven arms are expected, in customers: smaller finds large deviations sooner."""


def boundary(information: float, *, alpha: float) -> float:
    """Return how many standard errors an estimate is from the truth at most, at all times at once but for a chance `alpha`.

    The asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (Annals of Statistics 52, 2024,
    theorem 2.2): with x = ρ²·t, sqrt((x + 1) / x · ln((x + 1) / alpha²)). As customers may order long after they came, the
    time t is the `information`, above 0: the number of customers who ordered so far. At t = TUNED_INFORMATION the interval
    is tight, as they advise: x is then ln(1 - 2·ln alpha) - 2·ln alpha.
    """
    x = information / TUNED_INFORMATION * (log(1 - 2 * log(alpha)) - 2 * log(alpha))
    return sqrt((x + 1) / x * log((x + 1) / alpha**2))


def ratio_bounds(value: float, error: float, base: float, base_error: float, *, z: float) -> tuple[float, float]:
    """Return the bounds of value / base, two independent estimates with their standard errors; `base` is above 0.

    Fieller (Journal of the Royal Statistical Society B 16, 1954): all ratios r for which value - r·base is at most `z` of
    its standard errors from 0. Excluding r = 1 is the same as excluding that both are equal. Where the base may be 0, the
    upper bound is infinity.
    """
    spread = base**2 - (z * base_error) ** 2
    if spread <= 0:
        return 0.0, inf
    root = sqrt(max(0.0, (value * base) ** 2 - spread * (value**2 - (z * error) ** 2)))
    return (value * base - root) / spread, (value * base + root) / spread


def evidence_of_uneven_shares(counts: Sequence[int], shares: Sequence[int]) -> float:
    """Return the logarithm of how much likelier the counts are if the shares are not the planned ones.

    The sequential test of Lindon and Malek (Advances in Neural Information Processing Systems 35, 2022): the Bayes factor of
    a Dirichlet distribution around the shares against the shares themselves. It is a martingale if the shares are right, so
    by Ville's inequality it ever exceeds n with a chance of at most 1 / n, at however many looks.
    """
    total = sum(shares)
    evidence = lgamma(CONCENTRATION) - lgamma(CONCENTRATION + sum(counts))
    for count, share in zip(counts, shares, strict=True):
        prior = CONCENTRATION * share / total
        evidence += lgamma(prior + count) - lgamma(prior) - count * log(share / total)
    return evidence
