"""Choose the config of a model by trials on held-out events of the shop."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from msgspec.structs import replace

from domain.evaluation.metrics import ndcg_at_k
from domain.evaluation.replay import Replay
from domain.evaluation.splitting import MIN_CUSTOMERS, GroundTruth, ground_truth_of, newcomers_of
from domain.ranking.freshness import NEW_DAYS
from domain.ranking.model import FOREVER, Hyperparameters, Model, SourceWeights, TunedConfig, Tuning
from domain.ranking.own_scores import own_names, without_own
from domain.records.values import DAY, to_microseconds
from domain.training.repurchase import NEVER, rebuy_days, repurchase_by_category
from domain.training.train import train_model
from domain.training.training_data import TrainingData
from domain.tuning.held_out import HeldOut, hold_out
from domain.tuning.histories import TUNING_K, CustomerHistories
from domain.tuning.neighbours import ALL, ALL_WITH_TIMES, SHARES, SHARES_WITH_TIMES, Trial, run_trial, search_grids
from domain.tuning.pattern_search import PatternSearch, best_of, first_of_best
from domain.tuning.popularity import fit_popularity
from domain.tuning.source_weights import (
    CandidateContributions,
    fit_newcomer_weights,
    fit_own_weights,
    fit_seen_again,
    fit_source_weights,
)

Trials = int | Literal["auto"]
"""The number of trials, or the number that suits the data."""
MAX_REPLAYED_CUSTOMERS = 1000
MIN_EVENTS = 500

INTEREST_DAYS = (3.0, 30.0, FOREVER)
VARIETY_GRID = (0.0, 0.25, 0.5, 1.0)
TRIAL_PLACES = (1, 0, 2)
REBUY_RATES = (NEVER, 0.5, 0.25, 0.1, 0.05)

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
    tuned = _fit_lists(held_out, best, with_seen, tuning=tuning, rng=rng)
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
    ndcg = _served_ndcg(replay, trained.model, with_seen)
    if ndcg <= tuned.tuning.ndcg:
        return tuned
    default = without_own(SourceWeights())
    by_default = replace(trained.model, config=TunedConfig(hyperparameters=in_use.hyperparameters, source_weights=default))
    measured = replace(
        in_use.tuning,
        n_events=tuned.tuning.n_events,
        n_customers=tuned.tuning.n_customers,
        ndcg=ndcg,
        ndcg_of_default_weights=_served_ndcg(replay, by_default, with_seen),
        rejected_ndcg=tuned.tuning.ndcg,
    )
    return replace(in_use, tuning=measured)


def _fit_lists(
    held_out: HeldOut, best: Trial, with_seen: GroundTruth, *, tuning: Tuning, rng: np.random.Generator
) -> TunedConfig:
    """Choose all settings except those of neighbours, by lists with the best neighbours.

    Source weights rank what is new to a customer, so they are fitted to that; `with_seen` has known products too, and
    decides everything that follows, by the lists as they are served. The weights of own sources come last: everything else
    is chosen without them, as if they did not exist.
    """
    data, default = held_out.data, without_own(SourceWeights())
    unseen = held_out.sampled.sample(MAX_REPLAYED_CUSTOMERS, rng=rng)
    hyperparameters = fit_popularity(data, best.hyperparameters, unseen, has_times=held_out.has_times)
    trained = train_model(
        data,
        config=TunedConfig(hyperparameters=hyperparameters, source_weights=default),
        known=None if held_out.is_sample else best.models,
        model_id="tuned",
        trained_at=data.log.newest,
    )
    replay = Replay(data, trained)
    model = max(
        (_fit_weights(replay, days, unseen) for days in (INTEREST_DAYS if held_out.has_times else (FOREVER,))),
        key=lambda fitted: fitted[0],
    )[1]
    model = _fit_seen_again(replay, model, with_seen, has_times=held_out.has_times)
    tried = [_with(model, variety=variety) for variety in VARIETY_GRID]
    # The documented weights come last: they are taken only if they serve better than everything that was fitted.
    by_default = _with(trained.model, source_weights=default)
    tried.append(_fit_seen_again(replay, by_default, with_seen, has_times=held_out.has_times))
    scores = [_served_ndcg(replay, one, with_seen) for one in tried]
    served, _ = best_of(tried, scores)
    newcomers = newcomers_of(held_out.split).sample(MAX_REPLAYED_CUSTOMERS, rng=np.random.default_rng(tuning.seed))
    if len(newcomers.customers) >= MIN_CUSTOMERS:
        contributions = CandidateContributions(replay, served, newcomers, seen="include")
        weights = fit_newcomer_weights(contributions)
        served = _with(served, newcomer_weights=fit_own_weights(contributions, first=weights))
    if held_out.has_times:
        served = _with(served, rebuy_rate=_fit_rebuy_rate(replay, served, held_out, rng=rng))
    served = _with(served, trial_places=_fit_trial_places(replay, served, with_seen))
    if own_names():
        served = _fit_own(replay, served, unseen, with_seen)
    measured = replace(
        tuning,
        n_customers=len(with_seen.customers),
        ndcg=_served_ndcg(replay, served, with_seen),
        ndcg_of_default_weights=scores[-1],
    )
    return replace(served.config, tuning=measured)


def _with(model: Model, **chosen: float | SourceWeights | Hyperparameters) -> Model:
    return replace(model, config=replace(model.config, **chosen))


def _fit_weights(replay: Replay, interest_days: float, ground_truth: GroundTruth) -> tuple[float, Model]:
    """Fit the source weights for one half-life of interests; return their score and the model with them."""
    hyperparameters = replace(replay.model.config.hyperparameters, interest_days=interest_days)
    model = _with(replay.model, hyperparameters=hyperparameters)
    contributions = CandidateContributions(replay, model, ground_truth, seen="exclude")
    weights = fit_source_weights(contributions, first=model.config.source_weights)
    return contributions.ndcg(weights), _with(model, source_weights=weights)


def _fit_seen_again(replay: Replay, model: Model, with_seen: GroundTruth, *, has_times: bool) -> Model:
    """Return `model` with the fitted score that a known product gets for itself, and keeps if it is of the newest step."""
    contributions = CandidateContributions(replay, _with(model, seen_again=1.0), with_seen, seen="include")
    seen_again, share = fit_seen_again(contributions, model.config.source_weights, has_times=has_times)
    return _with(model, seen_again=seen_again, newest_share=share)


def _fit_own(replay: Replay, model: Model, unseen: GroundTruth, with_seen: GroundTruth) -> Model:
    """Fit the weights of own sources; return `model` as it was unless the served lists are better."""
    contributions = CandidateContributions(replay, model, unseen, seen="exclude")
    fitted = _with(model, source_weights=fit_own_weights(contributions, first=model.config.source_weights))
    tried = [model, fitted]
    return best_of(tried, [_served_ndcg(replay, one, with_seen) for one in tried])[0]


def _fit_rebuy_rate(replay: Replay, model: Model, held_out: HeldOut, *, rng: np.random.Generator) -> float:
    """Choose the rate from which a category counts as rebought, by how well served lists predict held-out purchases.

    Of rates that score about the same the highest is taken. The rate of `model` stays if no list would differ, or if too
    few customers bought.
    """
    data, test = held_out.data, held_out.split.test
    purchases = replace(held_out.split, test=test.only(test.is_purchase))
    ground_truth = ground_truth_of(purchases, seen="include").sample(MAX_REPLAYED_CUSTOMERS, rng=rng)
    repurchases = repurchase_by_category(data.purchases, data.products, newest=data.log.newest)
    days = [rebuy_days(repurchases, min_rate=rate) for rate in REBUY_RATES]
    if len(ground_truth.customers) < MIN_CUSTOMERS or not days[-1]:
        return model.config.rebuy_rate
    scores: list[float] = []
    for position, own in enumerate(days):
        # Rates with the same categories give the same lists.
        same = days.index(own)
        rebuying = replace(model, rebuy_days=own)
        scores.append(scores[same] if same < position else _served_ndcg(replay, rebuying, ground_truth))
    return first_of_best(REBUY_RATES, scores)


def _fit_trial_places(replay: Replay, model: Model, ground_truth: GroundTruth) -> int:
    """Choose how many of ten places are for new products, by the served lists; one unless that costs hits."""
    since = to_microseconds(replay.now) - NEW_DAYS * DAY
    if not any(product.created_at > since for product in replay.data.products):
        return model.config.trial_places
    models = [_with(model, trial_places=n) for n in TRIAL_PLACES]
    return first_of_best(TRIAL_PLACES, [_served_ndcg(replay, one, ground_truth) for one in models])


def _served_ndcg(replay: Replay, model: Model, ground_truth: GroundTruth) -> float:
    customers: list[int] = ground_truth.customers.tolist()
    rankings = {customer: replay.ranking(customer, model=model, seen="few", k=TUNING_K) for customer in customers}
    return float(ndcg_at_k(*ground_truth.hits(rankings, k=TUNING_K)).mean())
