"""The estimates of how long a training takes, and the trials that a budget leaves time for."""

import math

import pytest

from infra.use_cases.training_time import MARGIN, TrainingClock, TrainingSize, rounded

SIZE = TrainingSize(n_events=1_000_000, n_products=50_000)
AFTER_TRIALS = SIZE.fit_seconds + SIZE.learn_seconds


class Watch:
    """A clock that tests set."""

    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


def test_a_tuning_takes_its_trials_and_the_lists_of_compared_customers_longer():
    tuning = SIZE.seconds(trials=6) - SIZE.seconds(trials=0)

    assert tuning == pytest.approx(SIZE.first_trial_seconds + 5 * SIZE.trial_seconds + SIZE.fit_seconds)


def test_only_in_large_shops_the_first_trial_takes_longer():
    small = TrainingSize(n_events=100_000, n_products=5000)

    assert small.first_trial_seconds == small.trial_seconds
    assert SIZE.first_trial_seconds > SIZE.trial_seconds


def test_trials_of_large_shops_take_no_longer_with_more_products():
    def trial_seconds(n_events, n_products):
        return TrainingSize(n_events=n_events, n_products=n_products).trial_seconds

    assert trial_seconds(200_000, 20_000) == trial_seconds(200_000, 40_000)
    assert trial_seconds(100_000, 20_000) < trial_seconds(100_000, 40_000)


def test_a_training_is_planned_with_all_trials_if_there_is_time_for_one():
    seconds = SIZE.read_seconds + MARGIN * (SIZE.first_trial_seconds + AFTER_TRIALS)
    watch = Watch()
    enough, too_short = (TrainingClock(budget_seconds=seconds + extra, now=watch) for extra in (0.1, -0.1))
    unbounded = TrainingClock(budget_seconds=math.inf, now=watch)
    watch.seconds = SIZE.read_seconds

    assert enough.plan(SIZE, trials=6) == 6
    assert too_short.plan(SIZE, trials=6) == 0
    assert unbounded.plan(SIZE, trials=6) == 6
    assert unbounded.total == pytest.approx(SIZE.seconds(trials=6))
    assert enough.total == pytest.approx(seconds + 0.1)
    assert too_short.total == pytest.approx(SIZE.read_seconds + SIZE.learn_seconds)


def test_a_slow_reading_announces_a_slow_training():
    watch = Watch()
    clock = TrainingClock(budget_seconds=math.inf, now=watch)
    watch.seconds = 3 * SIZE.read_seconds

    clock.plan(SIZE, trials=0)

    assert clock.total == pytest.approx(3 * SIZE.seconds(trials=0))


def test_what_follows_the_trials_is_expected_to_be_as_slow_as_the_last_trial():
    watch = Watch()
    after_first = 2 * MARGIN * (SIZE.trial_seconds + AFTER_TRIALS)
    budget = 2 * SIZE.first_trial_seconds + after_first + 0.1
    clock = TrainingClock(budget_seconds=budget, now=watch)
    clock.plan(SIZE, trials=4)

    watch.seconds += 2 * SIZE.first_trial_seconds
    assert clock.allows_another()
    assert clock.total == pytest.approx(min(watch.seconds + 2 * (3 * SIZE.trial_seconds + AFTER_TRIALS), budget))
    watch.seconds += 2 * SIZE.trial_seconds
    assert not clock.allows_another()


@pytest.mark.parametrize(
    ("seconds", "text"), [(3.0, "a few seconds"), (44.0, "40 seconds"), (95.0, "2 minutes"), (290.0, "5 minutes")]
)
def test_durations_are_rounded(seconds, text):
    assert rounded(seconds) == text
