"""What suits this shop: choices tried on events of its own that are hidden for the while."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from domain.evaluation.baselines import hits_of
from domain.evaluation.metrics import ndcg_at_k
from domain.evaluation.replay import Replay, top_product_indexes
from domain.evaluation.splitting import MIN_CUSTOMERS, GroundTruth, Seen, Split, by_day, for_tuning, ground_truth_of
from domain.ranking.hyperparameters import FOREVER, Hyperparameters
from domain.ranking.model import Model, SourceWeights, TunedConfig, Tuning
from domain.records.customers import Segment
from domain.records.products import Product
from domain.training.event_log import EventLog
from domain.training.neighbours import NeighbourModels, combine, learn_neighbours
from domain.training.repurchase import NEVER, rebuy_days, repurchase_by_category
from domain.training.ridge import MAX_DENSE_PRODUCTS
from domain.training.train import segments_in, size_of, train_model
from domain.tuning.neighbours import TUNING_K, CustomerHistories, NeighbourObjective
from domain.tuning.pattern_search import PatternSearch, best_of, first_of_best
from domain.tuning.popularity import fit_popularity
from domain.tuning.source_weights import CandidateContributions, fit_seen_again, fit_source_weights

MAX_CUSTOMERS = 5000
MAX_REPLAYED_CUSTOMERS = 1000
MIN_EVENTS = 500
MAX_WIDE_PRODUCTS = 20_000

HISTORY_DAYS = (1.0, 3.0, 7.0, 15.0, 30.0, 60.0, 120.0, FOREVER)
RIDGE_SHARES = (0.0, 0.25, 0.5, 0.7, 0.85, 1.0)
SUCCESSION_SHARES = (0.0, 0.1, 0.2, 0.35, 0.5)
INTEREST_DAYS = (3.0, 30.0, FOREVER)
MOMENTUM_DAYS = (3.0, 7.0, 14.0, 30.0)
MOMENTUM_EXPONENTS = (0.0, 0.25, 0.5, 0.75)
REPEAT_EXPONENTS = (0.25, 0.5, 1.0)
VARIETY_GRID = (0.0, 0.25, 0.5, 1.0)
REBUY_RATES = (NEVER, 0.5, 0.25, 0.1, 0.05)


class Hidden(Struct, frozen=True, kw_only=True):
    """What choices are tried on: the split, the customers sampled for it, and what they turned to."""

    split: Split
    sampled: GroundTruth
    has_times: bool


class Trial(Struct, frozen=True, kw_only=True):
    """A recipe with the mix that suits its views best, and what that scores."""

    hyperparameters: Hyperparameters
    score: float
    learn_neighbours: NeighbourModels


def default_trials(log: EventLog) -> int:
    """Give the number of trials that suits the size of the data: 24 up to 100,000 events, 12 up to a million, then 6.

    None below 500 events: what so few would say is chance.
    """
    n_events = len(log.products)
    if n_events < MIN_EVENTS:
        return 0
    return 24 if n_events <= 100_000 else 12 if n_events <= 1_000_000 else 6


def is_due(tuning: Tuning, log: EventLog) -> bool:
    """Tell whether it is time to tune: never done, or the shop has twice the events that it was tuned on."""
    return len(log.products) >= 2 * tuning.n_events


def tune(
    log: EventLog,
    products: Sequence[Product],
    *,
    assigned: Mapping[str, Segment],
    trials: int,
    seed: int,
    on_trial: Callable[[int], bool],
) -> TunedConfig:
    """Choose everything that a model is made by; the defaults where nothing can be held out or no trial is wanted.

    A trial learns neighbours by one recipe and scores what they foresee alone. The first tries the defaults; when the trials
    are over, the best neighbours are blended with the other sources. `on_trial` is told how many are done, and stops the
    search by returning False. The same log, products, trials and seed choose the same.
    """
    hidden = _hidden(log, seed=seed) if trials else None
    if hidden is None:
        return TunedConfig()
    train, n_products = hidden.split.train, size_of(products)
    histories = CustomerHistories(train, hidden.sampled, n_products=n_products)
    best = _tried(Hyperparameters(), hidden, histories, n_products=n_products)
    grids = _grids(train, has_times=hidden.has_times, n_products=n_products)
    search = PatternSearch(best.hyperparameters, best.score, grids=grids, rng=np.random.default_rng(seed))
    done = 1
    while on_trial(done) and done < trials and (hyperparameters := search.proposal()) is not None:
        trial = _tried(hyperparameters, hidden, histories, n_products=n_products, known=best)
        if search.learn(trial.hyperparameters, trial.score):
            best = trial
        done += 1
    return _blended(hidden, products, assigned=assigned, best=best, n_events=len(log.products), trials=done, seed=seed)


def _tried(
    hyperparameters: Hyperparameters,
    hidden: Hidden,
    histories: CustomerHistories,
    *,
    n_products: int,
    known: Trial | None = None,
) -> Trial:
    before = known and (known.hyperparameters, known.learn_neighbours)
    seen = learn_neighbours(hidden.split.train, hyperparameters, n_products=n_products, known=before)
    score, found = _best_mix(
        NeighbourObjective(histories, seen, learned_by=hyperparameters), hyperparameters, has_times=hidden.has_times
    )
    return Trial(hyperparameters=found, score=score, learn_neighbours=seen)


def _hidden(log: EventLog, *, seed: int) -> Hidden | None:
    split = for_tuning(log, seed=seed)
    if split is None:
        return None
    ground_truth = ground_truth_of(split, seen="drop")
    return Hidden(
        split=split,
        sampled=ground_truth.sample(MAX_CUSTOMERS, rng=np.random.default_rng(seed)),
        has_times=by_day(log) is not None,
    )


def _grids(log: EventLog, *, has_times: bool, n_products: int) -> dict[str, Sequence[float]]:
    """Say what can be chosen; what cannot matter here has one choice."""
    widths = [50, 100, 200, 300] if n_products <= MAX_WIDE_PRODUCTS else [50, 100]
    return {
        "activity_exponent": (0.0, 0.25, 0.5, 0.75, 1.0),
        "seed_exponent": (0.1, 0.3, 0.5, 0.7),
        "candidate_exponent": (0.2, 0.3, 0.4, 0.5, 0.6),
        "ridge": (0.25, 1.0, 4.0, 16.0, 64.0),
        "n_candidates": [*widths, n_products] if 300 < n_products <= MAX_DENSE_PRODUCTS else widths,
        "memory_days": (15.0, 30.0, 60.0, 120.0, FOREVER) if has_times else (FOREVER,),
        "event_exponent": (0.0, 0.5, 1.0) if len(np.unique(log.event_types)) > 1 else (1.0,),
    }


def _best_mix(
    objective: NeighbourObjective, hyperparameters: Hyperparameters, *, has_times: bool
) -> tuple[float, Hyperparameters]:
    """Choose how the views are mixed and how fast a history fades, one after the other."""
    score = -np.inf
    in_time: Sequence[tuple[str, Sequence[float]]] = (
        ("repeat_exponent", REPEAT_EXPONENTS),
        ("history_days", HISTORY_DAYS),
        ("momentum_exponent", MOMENTUM_EXPONENTS),
        ("momentum_days", MOMENTUM_DAYS),
        ("succession_share", SUCCESSION_SHARES),
        ("ridge_share", RIDGE_SHARES),
    )
    found = (
        hyperparameters
        if has_times
        else replace(hyperparameters, history_days=FOREVER, succession_share=0.0, momentum_exponent=0.0)
    )
    for name, choices in (("ridge_share", RIDGE_SHARES), *(in_time if has_times else ())):
        recipes = [_allowed(replace(found, **{name: choice})) for choice in choices]
        found, score = best_of(recipes, [objective.ndcg(one) for one in recipes])
    return score, found


def _allowed(hyperparameters: Hyperparameters) -> Hyperparameters:
    """Keep the shares below 1 in all: what ridge leaves is shared by the others."""
    return replace(hyperparameters, ridge_share=min(hyperparameters.ridge_share, 1.0 - hyperparameters.succession_share))


def _blended(
    hidden: Hidden,
    products: Sequence[Product],
    *,
    assigned: Mapping[str, Segment],
    best: Trial,
    n_events: int,
    trials: int,
    seed: int,
) -> TunedConfig:
    """Fit everything that is not about neighbours, by lists made of the best neighbours."""
    train, n_products = hidden.split.train, size_of(products)
    rng = np.random.default_rng(seed)
    sampled = hidden.sampled.sample(MAX_REPLAYED_CUSTOMERS, rng=rng)
    segments = segments_in(train, assigned=assigned)
    hyperparameters = fit_popularity(
        train, best.hyperparameters, sampled, segments, n_products=n_products, has_times=hidden.has_times
    )
    learned = learn_neighbours(
        train, hyperparameters, n_products=n_products, known=(best.hyperparameters, best.learn_neighbours)
    )
    neighbours = combine(learned, ridge_share=hyperparameters.ridge_share, succession_share=hyperparameters.succession_share)
    trained = train_model(
        train,
        products,
        assigned=assigned,
        model_id="tuned",
        trained_at=train.newest,
        choice=TunedConfig(hyperparameters=hyperparameters),
        neighbours=neighbours,
    )
    replay = Replay(train, products, trained, assigned=assigned)
    unseen = replace(trained.model, seen_again=None)
    fitted = [
        _fitted(replay, replace(unseen, hyperparameters=one), sampled) for one in _by_interest(hyperparameters, hidden)
    ]
    hyperparameters, source_weights = max(fitted, key=lambda fit: fit[0])[1:]
    tried = [
        replace(unseen, hyperparameters=hyperparameters, source_weights=source_weights, variety=variety)
        for variety in VARIETY_GRID
    ]
    # The documented defaults last: they are taken where they serve better than all that was fitted.
    tried.append(replace(unseen, source_weights=SourceWeights()))
    scores = [_served_ndcg(replay, one, sampled) for one in tried]
    served, ndcg = best_of(tried, scores)
    ground_truth_with_seen = ground_truth_of(hidden.split, seen="keep").sample(MAX_REPLAYED_CUSTOMERS, rng=rng)
    again = CandidateContributions(replay, replace(served, seen_again=1.0), ground_truth_with_seen)
    served = replace(served, seen_again=fit_seen_again(again, served.source_weights))
    return TunedConfig(
        hyperparameters=served.hyperparameters,
        source_weights=served.source_weights,
        seen_again=served.seen_again or 0.0,
        rebuy_rate=_rebuy_rate(replay, served, hidden, products, rng=rng) if hidden.has_times else served.rebuy_rate,
        variety=served.variety,
        tuning=Tuning(
            seed=seed,
            trials=trials,
            n_events=n_events,
            n_customers=len(sampled.customers),
            ndcg=ndcg,
            ndcg_of_default_weights=scores[-1],
        ),
    )


def _by_interest(hyperparameters: Hyperparameters, hidden: Hidden) -> list[Hyperparameters]:
    """List how fast an interest in a category may fade."""
    return [replace(hyperparameters, interest_days=days) for days in (INTEREST_DAYS if hidden.has_times else (FOREVER,))]


def _fitted(replay: Replay, model: Model, ground_truth: GroundTruth) -> tuple[float, Hyperparameters, SourceWeights]:
    parts = CandidateContributions(replay, model, ground_truth)
    source_weights = fit_source_weights(parts, first=model.source_weights)
    return parts.ndcg_of_weights(source_weights), model.hyperparameters, source_weights


def _rebuy_rate(
    replay: Replay, model: Model, hidden: Hidden, products: Sequence[Product], *, rng: np.random.Generator
) -> float:
    """Choose the rate from which on rebuying pays: that at which served lists foresee the held-out purchases.

    Of rates that reach about the same the highest; the one of `model` where no list would be another, or too few bought.
    """
    train, test = hidden.split.train, hidden.split.test
    bought = replace(hidden.split, test=test.only(test.is_purchase))
    ground_truth = ground_truth_of(bought, seen="keep").sample(MAX_REPLAYED_CUSTOMERS, rng=rng)
    found = repurchase_by_category(train.only(train.is_purchase), products, newest=train.newest)
    days = [rebuy_days(found, least_rate=rate) for rate in REBUY_RATES]
    if len(ground_truth.customers) < MIN_CUSTOMERS or not days[-1]:
        return model.rebuy_rate
    scores = [_served_ndcg(replay, replace(model, rebuy_days=own), ground_truth, seen="keep") for own in days]
    return first_of_best(REBUY_RATES, scores)


def _served_ndcg(replay: Replay, model: Model, ground_truth: GroundTruth, *, seen: Seen = "drop") -> float:
    rankings = {
        customer: top_product_indexes(
            replay.list_for(customer, model=model), without=replay.seen(customer) if seen == "drop" else (), k=TUNING_K
        )
        for customer in ground_truth.customers.tolist()
    }
    return float(ndcg_at_k(*hits_of(rankings, ground_truth, k=TUNING_K)).mean())
