"""The events that tuning holds out, and the part of a shop that trials learn from."""

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from domain.evaluation.splitting import MIN_CUSTOMERS, GroundTruth, Split, by_day, for_tuning, ground_truth_of
from domain.ranking.packed_history import MAX_HISTORY_EVENTS
from domain.training.training_data import TrainingData

MAX_CUSTOMERS = 5000
MAX_WHOLE_EVENTS = 100_000
"""Up to this many events, trials learn from the whole shop."""
MAX_TRIAL_EVENTS = 2_000_000
MAX_TRIAL_PRODUCTS = 10_000
"""In larger shops, trials learn neighbours of the products with most customers only: they decide the measure."""
MAX_SEEDS = 200_000
"""How many events the histories of the compared customers have together."""


class HeldOut(Struct, frozen=True, kw_only=True):
    """The train part of a shop, the held-out events, and the ground truth of the customers sampled for trials.

    Trials learn from `trial_data`, which is `data` itself in small shops.
    """

    data: TrainingData
    trial_data: TrainingData
    split: Split
    sampled: GroundTruth
    has_times: bool

    @property
    def is_sample(self) -> bool:
        return self.trial_data is not self.data


def hold_out(data: TrainingData, *, seed: int) -> HeldOut | None:
    """Split the events of a shop for tuning; return None if too few customers could be compared."""
    split = for_tuning(data.log, seed=seed)
    if split is None:
        return None
    ground_truth = ground_truth_of(split, seen="exclude")
    train = data.with_log(split.train)
    sampled = ground_truth.sample(min(MAX_CUSTOMERS, _n_within_budget(train, ground_truth)), rng=np.random.default_rng(seed))
    return HeldOut(
        data=train,
        trial_data=_trial_data(train, sampled, rng=np.random.default_rng(seed)),
        split=split,
        sampled=sampled,
        has_times=by_day(data.log) is not None,
    )


def _n_within_budget(data: TrainingData, ground_truth: GroundTruth) -> int:
    """Return how many customers of usual length of history have MAX_SEEDS events together, at least MIN_CUSTOMERS."""
    n_events = np.bincount(data.log.customers, minlength=len(data.log.customer_ids))[ground_truth.customers]
    return max(MIN_CUSTOMERS, int(MAX_SEEDS / n_events.clip(max=MAX_HISTORY_EVENTS).mean()))


def _trial_data(data: TrainingData, sampled: GroundTruth, *, rng: np.random.Generator) -> TrainingData:
    """Return what trials learn neighbours from: everything, or in large shops the best-selling products.

    Beyond MAX_TRIAL_EVENTS events, random customers are left out, but none of those who are compared.
    """
    log = data.log
    if len(log.products) <= MAX_WHOLE_EVENTS:
        return data
    if len(log.products) > MAX_TRIAL_EVENTS:
        share = MAX_TRIAL_EVENTS / len(log.products)
        kept = rng.random(len(log.customer_ids)) < share
        kept[sampled.customers] = True
        log = log.only(kept[log.customers])
    return replace(data.with_log(log), max_products=MAX_TRIAL_PRODUCTS)
