"""Choose the config of a model by trials on held-out events of the shop."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from msgspec.structs import replace

from domain.evaluation.replay import Replay
from domain.evaluation.splitting import GroundTruth, ground_truth_of
from domain.ranking.hyperparameters import FOREVER, Hyperparameters
from domain.ranking.model import SourceWeights, TunedConfig, Tuning
from domain.ranking.own_scores import without_own
from domain.training.train import train_model
from domain.training.training_data import TrainingData
from domain.tuning.held_out import HeldOut, hold_out
from domain.tuning.histories import CustomerHistories
from domain.tuning.lists import fit_lists
from domain.tuning.neighbours import (
    ALL,
    ALL_WITH_TIMES,
    SHARES,
    SHARES_WITH_TIMES,
    Trial,
    run_trial,
    search_grids,
)
from domain.tuning.pattern_search import PatternSearch
from domain.tuning.served_lists import MAX_REPLAYED_CUSTOMERS, served_ndcg

Trials = int | Literal["auto"]
"""The number of trials, or the number that suits the data."""
MIN_EVENTS = 500

DEFAULTS = TunedConfig()
WITHOUT_TIMES = {"history_days": FOREVER, "succession_share": 0.0, "momentum_exponent": 0.0}
"""Hyperparameters that cannot be tuned where events have no real times."""


def default_trials(n_events: int) -> int:
    """Return the number of trials for the size of the data: 24 up to 100,000 events, 12 up to a million, then 6.

    Below 500 events there are none, because their result would be chance.
    """
    if n_events < MIN_EVENTS:
        return 0
    return 24 if n_events <= 100_000 else 12 if n_events <= 1_000_000 else 6


def expected_trials(n_events: int, tuning: Tuning) -> int:
    """Return the number of trials of a tuning that is due; 0 until a shop has twice the events of its last tuning."""
    return default_trials(n_events) if n_events >= 2 * tuning.n_events else 0


def tune(
    data: TrainingData, *, trials: int, seed: int, on_trial: Callable[[int], bool], in_use: TunedConfig = DEFAULTS
) -> TunedConfig:
    """Choose everything that tuning can choose; return the config in use if there is nothing to try or to compare.

    A tuned config in use also stays, with its score on the same held-out events, if that is higher. A trial learns
    neighbours by one set of hyperparameters and scores them alone; the first trial uses the defaults. The best neighbours
    are then combined with the other sources. `on_trial` receives the number of finished trials and ends the search by
    returning False. The same data, trials, seed and config in use give the same config.
    """
    held_out = hold_out(data, seed=seed) if trials else None
    if held_out is None:
        return in_use
    best, done = _search(held_out, trials=trials, seed=seed, on_trial=on_trial)
    rng = np.random.default_rng(seed)
    with_seen = ground_truth_of(held_out.split, seen="include").sample(MAX_REPLAYED_CUSTOMERS, rng=rng)
    tuning = Tuning(seed=seed, trials=done, n_events=len(data.log.products))
    tuned = fit_lists(held_out, best, with_seen, tuning=tuning, rng=rng)
    if not tuned.tuning.ndcg:
        # No list predicts anything, for example because nothing is in stock: the trials say nothing.
        return in_use
    return _better_of(tuned, in_use, held_out, with_seen) if in_use.tuning.trials else tuned


def _search(held_out: HeldOut, *, trials: int, seed: int, on_trial: Callable[[int], bool]) -> tuple[Trial, int]:
    """Try hyperparameters one after the other; return the best trial and the number of trials."""
    data, is_sample = held_out.trial_data, held_out.is_sample
    histories = CustomerHistories(data, held_out.sampled)
    if held_out.has_times:
        first, every, shares = Hyperparameters(), ALL_WITH_TIMES, SHARES_WITH_TIMES
    else:
        first, every, shares = replace(Hyperparameters(), **WITHOUT_TIMES), ALL, SHARES
    best = run_trial(first, histories, choices=every)
    every = best.worth_repeating(every)
    search = PatternSearch(
        best.hyperparameters,
        best.score,
        grids=search_grids(data, has_times=held_out.has_times, has_factors=best.hyperparameters.factor_share > 0),
        rng=np.random.default_rng(seed),
    )
    done = 1
    while on_trial(done) and done < trials and (proposal := search.proposal()) is not None:
        # In large shops, to try all half-lives and factors again would take longer than to learn the neighbours.
        trial = run_trial(proposal, histories, choices=shares if is_sample else every, known=best.models)
        if search.learn(trial.hyperparameters, trial.score):
            best = trial
        done += 1
    return best, done


def _better_of(tuned: TunedConfig, in_use: TunedConfig, held_out: HeldOut, with_seen: GroundTruth) -> TunedConfig:
    """Return `tuned`, or the config in use if it scores higher on the same held-out events."""
    data = held_out.data
    trained = train_model(data, config=in_use, model_id="in_use", trained_at=data.log.newest)
    replay = Replay(data, trained)
    ndcg = served_ndcg(replay, trained.model, with_seen)
    if ndcg <= tuned.tuning.ndcg:
        return tuned
    default = without_own(SourceWeights())
    by_default = replace(trained.model, config=TunedConfig(hyperparameters=in_use.hyperparameters, source_weights=default))
    measured = replace(
        in_use.tuning,
        n_events=tuned.tuning.n_events,
        n_customers=tuned.tuning.n_customers,
        ndcg=ndcg,
        ndcg_of_default_weights=served_ndcg(replay, by_default, with_seen),
        rejected_ndcg=tuned.tuning.ndcg,
    )
    # The score says nothing of newcomers, whose lists were fitted to the same held-out events.
    return replace(
        in_use,
        newcomer_weights=tuned.newcomer_weights,
        newcomer_popularity=tuned.newcomer_popularity,
        newcomer_variety=tuned.variety_for(has_history=False),
        tuning=measured,
    )
