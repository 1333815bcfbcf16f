"""Choose how lists are made from the best neighbours: source weights, and all that lists are served with."""

import numpy as np
from msgspec.structs import replace

from domain.evaluation.replay import Replay
from domain.evaluation.splitting import MIN_CUSTOMERS, GroundTruth, ground_truth_of
from domain.ranking.freshness import NEW_DAYS
from domain.ranking.hyperparameters import FOREVER
from domain.ranking.model import Model, SourceWeights, TunedConfig, Tuning
from domain.ranking.own_scores import own_names, without_own
from domain.records.values import DAY, to_microseconds
from domain.training.repurchase import NEVER, rebuy_days, repurchase_by_category
from domain.training.train import train_model
from domain.tuning.held_out import HeldOut
from domain.tuning.neighbour_count import fit_n_neighbours
from domain.tuning.neighbours import Trial
from domain.tuning.newcomers import fit_newcomers
from domain.tuning.pattern_search import best_of, first_of_best, is_surely_better
from domain.tuning.popularity import fit_popularity
from domain.tuning.ranker import Ranker, fit_ranker
from domain.tuning.served_lists import (
    MAX_REPLAYED_CUSTOMERS,
    VARIETY_GRID,
    served_ndcg,
    served_ndcg_of_each,
)
from domain.tuning.source_weights import (
    CandidateContributions,
    fit_own_weights,
    fit_seen_again,
    fit_source_weights,
)

MAX_RANKER_CUSTOMERS = 2000

INTEREST_DAYS = (3.0, 30.0, FOREVER)
TRIAL_PLACES = (1, 0, 2)
REBUY_RATES = (NEVER, 0.5, 0.25, 0.1, 0.05)


def fit_lists(
    held_out: HeldOut, best: Trial, with_seen: GroundTruth, *, tuning: Tuning, rng: np.random.Generator
) -> TunedConfig:
    """Choose all settings except those of neighbours, by lists with the best neighbours.

    Source weights rank what is new to a customer, so they are fitted to that; `with_seen` has known products too, and
    decides everything that follows, by the lists as they are served. The weights of own sources come last: everything else
    is chosen without them, as if they did not exist.
    """
    data, default = held_out.data, without_own(SourceWeights())
    unseen = held_out.sampled.sample(MAX_REPLAYED_CUSTOMERS, rng=rng)
    known = None if held_out.is_sample else best.models
    hyperparameters, known = fit_n_neighbours(data, best.hyperparameters, held_out.sampled, known=known)
    hyperparameters = fit_popularity(data, hyperparameters, unseen, has_times=held_out.has_times)
    trained = train_model(
        data,
        config=TunedConfig(hyperparameters=hyperparameters, source_weights=default),
        known=known,
        model_id="tuned",
        trained_at=data.log.newest,
    )
    replay = Replay(data, trained)
    model = max(
        (_fit_weights(replay, days, unseen) for days in (INTEREST_DAYS if held_out.has_times else (FOREVER,))),
        key=lambda fitted: fitted[0],
    )[1]
    model = _fit_seen_again(replay, model, with_seen, has_times=held_out.has_times)
    tried = [model.with_config(variety=variety) for variety in VARIETY_GRID]
    # The documented weights come last: they are taken only if they serve better than everything that was fitted.
    by_default = trained.model.with_config(source_weights=default)
    tried.append(_fit_seen_again(replay, by_default, with_seen, has_times=held_out.has_times))
    scores = [served_ndcg(replay, one, with_seen) for one in tried]
    chosen, ndcg = best_of(tried, scores)
    served = chosen
    if held_out.has_times:
        served = _fit_rebuy_rate(replay, served, held_out, rng=rng)
    served = served.with_config(trial_places=_fit_trial_places(replay, served, with_seen))
    served, ranker = _with_ranker(replay, served, held_out, with_seen, rng=rng)
    if own_names():
        served = _fit_own(replay, served, unseen, with_seen)
    if served != chosen:
        ndcg = served_ndcg(replay, served, with_seen)
    measured = replace(
        tuning,
        n_customers=len(with_seen.customers),
        ndcg=ndcg,
        ndcg_of_default_weights=scores[-1],
        ranker_customers=ranker.n_customers,
        ranker_gain=ranker.gain if served.config.shapes else 0.0,
    )
    served = fit_newcomers(replay, served, held_out, seed=tuning.seed)
    return replace(served.config, tuning=measured)


def _fit_weights(replay: Replay, interest_days: float, ground_truth: GroundTruth) -> tuple[float, Model]:
    """Fit the source weights for one half-life of interests; return their score and the model with them."""
    hyperparameters = replace(replay.model.config.hyperparameters, interest_days=interest_days)
    model = replay.model.with_config(hyperparameters=hyperparameters)
    contributions = CandidateContributions(replay, model, ground_truth, seen="exclude")
    weights = fit_source_weights(contributions, first=model.config.source_weights)
    return contributions.ndcg(weights), model.with_config(source_weights=weights)


def _fit_seen_again(replay: Replay, model: Model, with_seen: GroundTruth, *, has_times: bool) -> Model:
    """Return `model` with the fitted score that a known product gets for itself, and keeps if it is of the newest step."""
    as_they_are = model.with_config(seen_again=1.0, newest_share=1.0)
    contributions = CandidateContributions(replay, as_they_are, with_seen, seen="include")
    seen_again, share = fit_seen_again(contributions, model.config.source_weights, has_times=has_times)
    return model.with_config(seen_again=seen_again, newest_share=share)


def _with_ranker(
    replay: Replay, model: Model, held_out: HeldOut, with_seen: GroundTruth, *, rng: np.random.Generator
) -> tuple[Model, Ranker]:
    """Return `model` with a learned ranker, if one is better and the lists as they are served do not suffer."""
    unseen = held_out.sampled.sample(MAX_RANKER_CUSTOMERS, rng=rng)
    ranker = fit_ranker(replay, model, unseen, rng=rng)
    if not ranker.shapes:
        return model, ranker
    ranked = model.with_config(shapes=ranker.shapes, source_weights=ranker.source_weights)
    ranked = _fit_seen_again(replay, ranked, with_seen, has_times=held_out.has_times)
    before, after = (served_ndcg_of_each(replay, one, with_seen) for one in (model, ranked))
    return (model if is_surely_better(before, after, n_errors=1.0) else ranked), ranker


def _fit_own(replay: Replay, model: Model, unseen: GroundTruth, with_seen: GroundTruth) -> Model:
    """Fit the weights of own sources; return `model` as it was unless the served lists are better."""
    contributions = CandidateContributions(replay, model, unseen, seen="exclude")
    fitted = model.with_config(source_weights=fit_own_weights(contributions, first=model.config.source_weights))
    tried = [model, fitted]
    return best_of(tried, [served_ndcg(replay, one, with_seen) for one in tried])[0]


def _fit_rebuy_rate(replay: Replay, model: Model, held_out: HeldOut, *, rng: np.random.Generator) -> Model:
    """Return `model` with the best rate from which a category counts as rebought, and the intervals of these categories.

    The best rate is the one whose served lists predict held-out purchases best.

    Of rates that score about the same the highest is taken. The rate of `model` stays if no list would differ, or if too
    few customers bought.
    """
    data, test = held_out.data, held_out.split.test
    purchases = replace(held_out.split, test=test.only(test.is_purchase))
    ground_truth = ground_truth_of(purchases, seen="include").sample(MAX_REPLAYED_CUSTOMERS, rng=rng)
    repurchases = repurchase_by_category(data.purchases, data.products, newest=data.log.newest)
    days = [rebuy_days(repurchases, min_rate=rate) for rate in REBUY_RATES]
    if len(ground_truth.customers) < MIN_CUSTOMERS or not days[-1]:
        return model
    models = [
        replace(model.with_config(rebuy_rate=rate), rebuy_days=own) for rate, own in zip(REBUY_RATES, days, strict=True)
    ]
    scores: list[float] = []
    for position, own in enumerate(days):
        # Rates with the same categories give the same lists.
        same = days.index(own)
        scores.append(scores[same] if same < position else served_ndcg(replay, models[position], ground_truth))
    return first_of_best(models, scores)


def _fit_trial_places(replay: Replay, model: Model, ground_truth: GroundTruth) -> int:
    """Choose how many of ten places are for new products, by the served lists; one unless that costs hits."""
    since = to_microseconds(replay.now) - NEW_DAYS * DAY
    if not any(product.created_at > since for product in replay.data.products):
        return model.config.trial_places
    models = [model.with_config(trial_places=n) for n in TRIAL_PLACES]
    return first_of_best(TRIAL_PLACES, [served_ndcg(replay, one, ground_truth) for one in models])
