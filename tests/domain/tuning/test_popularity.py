"""The fit of popularity to held-out events."""

import numpy as np

from domain.evaluation.splitting import ground_truth_of, last_of_each
from domain.ranking.hyperparameters import Hyperparameters
from domain.records.customers import SEGMENTS
from domain.tuning.popularity import SMOOTHINGS, fit_popularity
from tests.domain.event_logs import event_log, training_data, two_group_log
from tests.domain.shop import product


def fitted_smoothing(log, segments):
    split = last_of_each(log)
    ground_truth = ground_truth_of(split, seen="exclude")
    data = training_data(split.train, [product(index) for index in range(60)], segments)
    return fit_popularity(data, Hyperparameters(), ground_truth, has_times=False).segment_smoothing


def test_segments_that_view_different_products_are_smoothed_little():
    rng = np.random.default_rng(2)
    segments = {f"c{number}": SEGMENTS[number % 2] for number in range(80)}
    log = event_log(
        *(
            (f"c{number}", int(index) + 30 * (number % 2), "view", float(days))
            for number in range(80)
            for days, index in enumerate(rng.permutation(30)[:6])
        )
    )

    assert fitted_smoothing(log, segments) <= 200


def test_a_single_segment_is_smoothed_most():
    log = two_group_log()

    assert fitted_smoothing(log, dict.fromkeys(log.customer_ids, "Regular")) == max(SMOOTHINGS)
