"""Intervals and alarms that hold at any number of looks."""

from math import inf, log, sqrt

import numpy as np
import pytest

from domain.evaluation.always_valid import TUNED_INFORMATION, boundary, evidence_of_uneven_shares, ratio_bounds


def test_the_boundary_follows_the_formula():
    x = log(1 - 2 * log(0.05)) - 2 * log(0.05)  # 7.936...

    assert boundary(TUNED_INFORMATION, alpha=0.05) == pytest.approx(sqrt((x + 1) / x * log((x + 1) / 0.0025)))
    assert boundary(TUNED_INFORMATION, alpha=0.05) == pytest.approx(3.035, abs=0.001)


def test_the_boundary_is_wide_at_first_and_hardly_wider_later():
    found = [boundary(information, alpha=0.05) for information in (1, 100, 1000, 10_000, 100_000)]

    assert found == pytest.approx([27.604, 3.857, 3.035, 3.242, 3.562], abs=0.01)
    assert boundary(1000, alpha=0.0125) > boundary(1000, alpha=0.05)


def test_a_ratio_has_the_bounds_at_which_the_difference_is_just_significant():
    low, high = ratio_bounds(0.3, 0.01, 0.25, 0.008, z=2.0)

    for ratio in (low, high):
        assert abs(0.3 - ratio * 0.25) / sqrt(0.01**2 + ratio**2 * 0.008**2) == pytest.approx(2.0)
    assert low < 0.3 / 0.25 < high


def test_a_ratio_to_what_may_be_zero_has_no_upper_bound():
    assert ratio_bounds(0.3, 0.01, 0.25, 0.2, z=2.0) == (0.0, inf)


def test_evidence_of_uneven_shares_is_a_ratio_of_likelihoods():
    # Of one customer, both models say the same; two in one arm are likelier if the shares are not even: 51/101 against 1/2.
    assert evidence_of_uneven_shares([1, 0], [1, 1]) == pytest.approx(0)
    assert evidence_of_uneven_shares([2, 0], [1, 1]) == pytest.approx(log(51 / 101 / 0.5))
    assert evidence_of_uneven_shares([0, 0, 0], [1, 2, 3]) == pytest.approx(0)
    assert evidence_of_uneven_shares([10_000, 10_000], [1, 1]) < 0
    assert evidence_of_uneven_shares([9_500, 10_500], [1, 1]) > log(1000)
    assert evidence_of_uneven_shares([7_500, 2_500], [3, 1]) < 0


def test_even_shares_hardly_ever_raise_an_alarm_at_daily_looks():
    rng = np.random.default_rng(1)
    counts = rng.multinomial(500, [0.25, 0.75], size=(500, 30)).cumsum(axis=1)

    alarms = [any(evidence_of_uneven_shares(look, [1, 3]) > log(1000) for look in looks.tolist()) for looks in counts]

    assert sum(alarms) <= 2
