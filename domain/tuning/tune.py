"""What suits this shop: choices tried on events of its own that are hidden for the while."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from domain.evaluation.baselines import hits_of
from domain.evaluation.metrics import ndcg_at_k
from domain.evaluation.replay import Rehearsal, ranked
from domain.evaluation.splitting import LEAST_CUSTOMERS, Relevant, Seen, Split, by_day, for_tuning, relevant
from domain.ranking.hyperparameters import FOREVER, Recipe
from domain.ranking.model import Blend, Choice, Model, Tuning
from domain.records.customers import Segment
from domain.records.products import Product
from domain.training.event_log import EventLog
from domain.training.neighbours import Views, mixed, views
from domain.training.repurchase import NEVER, rebuy_days, rebuying
from domain.training.ridge import MOST_DENSE
from domain.training.train import segments_in, size_of, train_model
from domain.tuning.neighbours import Foreseen, Histories, K
from domain.tuning.pattern_search import PatternSearch, best_of, first_of_best
from domain.tuning.popularity import fitted_trends
from domain.tuning.source_weights import CandidateParts, fitted_blend, fitted_seen_again

MOST_CUSTOMERS = 5000
MOST_REHEARSED = 1000
LEAST_EVENTS = 500
MOST_WIDE = 20_000

HISTORY_DAYS = (1.0, 3.0, 7.0, 15.0, 30.0, 60.0, 120.0, FOREVER)
RIDGE_SHARES = (0.0, 0.25, 0.5, 0.7, 0.85, 1.0)
SUCCESSION_SHARES = (0.0, 0.1, 0.2, 0.35, 0.5)
INTEREST_DAYS = (3.0, 30.0, FOREVER)
MOMENTUM_DAYS = (3.0, 7.0, 14.0, 30.0)
MOMENTUM_EXPONENTS = (0.0, 0.25, 0.5, 0.75)
REPEAT_EXPONENTS = (0.25, 0.5, 1.0)
VARIETIES = (0.0, 0.25, 0.5, 1.0)
REBUY_RATES = (NEVER, 0.5, 0.25, 0.1, 0.05)


class Hidden(Struct, frozen=True, kw_only=True):
    """What choices are tried on: the split, the customers sampled for it, and what they turned to."""

    split: Split
    sampled: Relevant
    has_times: bool


class Trial(Struct, frozen=True, kw_only=True):
    """A recipe with the mix that suits its views best, and what that scores."""

    recipe: Recipe
    score: float
    views: Views


def default_trials(log: EventLog) -> int:
    """Give the number of trials that suits the size of the data: 24 up to 100,000 events, 12 up to a million, then 6.

    None below 500 events: what so few would say is chance.
    """
    n_events = len(log.products)
    if n_events < LEAST_EVENTS:
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
) -> Choice:
    """Choose everything that a model is made by; the defaults where nothing can be held out or no trial is wanted.

    A trial learns neighbours by one recipe and scores what they foresee alone. The first tries the defaults; when the trials
    are over, the best neighbours are blended with the other sources. `on_trial` is told how many are done, and stops the
    search by returning False. The same log, products, trials and seed choose the same.
    """
    hidden = _hidden(log, seed=seed) if trials else None
    if hidden is None:
        return Choice()
    shown, n_products = hidden.split.shown, size_of(products)
    histories = Histories(shown, hidden.sampled, n_products=n_products)
    best = _tried(Recipe(), hidden, histories, n_products=n_products)
    grids = _grids(shown, has_times=hidden.has_times, n_products=n_products)
    search = PatternSearch(best.recipe, best.score, grids=grids, rng=np.random.default_rng(seed))
    done = 1
    while on_trial(done) and done < trials and (recipe := search.proposal()) is not None:
        trial = _tried(recipe, hidden, histories, n_products=n_products, known=best)
        if search.learn(trial.recipe, trial.score):
            best = trial
        done += 1
    return _blended(hidden, products, assigned=assigned, best=best, n_events=len(log.products), trials=done, seed=seed)


def _tried(recipe: Recipe, hidden: Hidden, histories: Histories, *, n_products: int, known: Trial | None = None) -> Trial:
    before = known and (known.recipe, known.views)
    seen = views(hidden.split.shown, recipe, n_products=n_products, known=before)
    score, found = _best_mix(Foreseen(histories, seen, learned_by=recipe), recipe, has_times=hidden.has_times)
    return Trial(recipe=found, score=score, views=seen)


def _hidden(log: EventLog, *, seed: int) -> Hidden | None:
    split = for_tuning(log, seed=seed)
    if split is None:
        return None
    to_find = relevant(split, seen="drop")
    return Hidden(
        split=split,
        sampled=to_find.sample(MOST_CUSTOMERS, rng=np.random.default_rng(seed)),
        has_times=by_day(log) is not None,
    )


def _grids(log: EventLog, *, has_times: bool, n_products: int) -> dict[str, Sequence[float]]:
    """Say what can be chosen; what cannot matter here has one choice."""
    widths = [50, 100, 200, 300] if n_products <= MOST_WIDE else [50, 100]
    return {
        "activity_exponent": (0.0, 0.25, 0.5, 0.75, 1.0),
        "seed_exponent": (0.1, 0.3, 0.5, 0.7),
        "candidate_exponent": (0.2, 0.3, 0.4, 0.5, 0.6),
        "ridge": (0.25, 1.0, 4.0, 16.0, 64.0),
        "n_candidates": [*widths, n_products] if 300 < n_products <= MOST_DENSE else widths,
        "memory_days": (15.0, 30.0, 60.0, 120.0, FOREVER) if has_times else (FOREVER,),
        "event_exponent": (0.0, 0.5, 1.0) if len(np.unique(log.event_types)) > 1 else (1.0,),
    }


def _best_mix(foreseen: Foreseen, recipe: Recipe, *, has_times: bool) -> tuple[float, Recipe]:
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
    found = recipe if has_times else replace(recipe, history_days=FOREVER, succession_share=0.0, momentum_exponent=0.0)
    for name, choices in (("ridge_share", RIDGE_SHARES), *(in_time if has_times else ())):
        recipes = [_allowed(replace(found, **{name: choice})) for choice in choices]
        found, score = best_of(recipes, [foreseen.ndcg(one) for one in recipes])
    return score, found


def _allowed(recipe: Recipe) -> Recipe:
    """Keep the shares below 1 in all: what ridge leaves is shared by the others."""
    return replace(recipe, ridge_share=min(recipe.ridge_share, 1.0 - recipe.succession_share))


def _blended(
    hidden: Hidden,
    products: Sequence[Product],
    *,
    assigned: Mapping[str, Segment],
    best: Trial,
    n_events: int,
    trials: int,
    seed: int,
) -> Choice:
    """Fit everything that is not about neighbours, by lists made of the best neighbours."""
    shown, n_products = hidden.split.shown, size_of(products)
    rng = np.random.default_rng(seed)
    sampled = hidden.sampled.sample(MOST_REHEARSED, rng=rng)
    segments = segments_in(shown, assigned=assigned)
    recipe = fitted_trends(shown, best.recipe, sampled, segments, n_products=n_products, has_times=hidden.has_times)
    learned = views(shown, recipe, n_products=n_products, known=(best.recipe, best.views))
    near = mixed(learned, ridge_share=recipe.ridge_share, succession_share=recipe.succession_share)
    trained = train_model(
        shown,
        products,
        assigned=assigned,
        model_id="tuned",
        trained_at=shown.newest,
        choice=Choice(recipe=recipe),
        near=near,
    )
    rehearsal = Rehearsal(shown, products, trained, assigned=assigned)
    unseen = replace(trained.model, seen_again=None)
    fitted = [_fitted(rehearsal, replace(unseen, recipe=one), sampled) for one in _by_interest(recipe, hidden)]
    recipe, blend = max(fitted, key=lambda fit: fit[0])[1:]
    tried = [replace(unseen, recipe=recipe, blend=blend, variety=variety) for variety in VARIETIES]
    # The documented defaults last: they are taken where they serve better than all that was fitted.
    tried.append(replace(unseen, blend=Blend()))
    scores = [_served_ndcg(rehearsal, one, sampled) for one in tried]
    served, ndcg = best_of(tried, scores)
    to_find_again = relevant(hidden.split, seen="keep").sample(MOST_REHEARSED, rng=rng)
    again = CandidateParts(rehearsal, replace(served, seen_again=1.0), to_find_again)
    served = replace(served, seen_again=fitted_seen_again(again, served.blend))
    return Choice(
        recipe=served.recipe,
        blend=served.blend,
        seen_again=served.seen_again or 0.0,
        rebuy_rate=_rebuy_rate(rehearsal, served, hidden, products, rng=rng) if hidden.has_times else served.rebuy_rate,
        variety=served.variety,
        tuning=Tuning(
            seed=seed,
            trials=trials,
            n_events=n_events,
            n_customers=len(sampled.customers),
            ndcg=ndcg,
            ndcg_of_default_blend=scores[-1],
        ),
    )


def _by_interest(recipe: Recipe, hidden: Hidden) -> list[Recipe]:
    """List how fast an interest in a category may fade."""
    return [replace(recipe, interest_days=days) for days in (INTEREST_DAYS if hidden.has_times else (FOREVER,))]


def _fitted(rehearsal: Rehearsal, model: Model, to_find: Relevant) -> tuple[float, Recipe, Blend]:
    parts = CandidateParts(rehearsal, model, to_find)
    blend = fitted_blend(parts, first=model.blend)
    return parts.blended_ndcg(blend), model.recipe, blend


def _rebuy_rate(
    rehearsal: Rehearsal, model: Model, hidden: Hidden, products: Sequence[Product], *, rng: np.random.Generator
) -> float:
    """Choose the rate from which on rebuying pays: that at which served lists foresee the held-out purchases.

    Of rates that reach about the same the highest; the one of `model` where no list would be another, or too few bought.
    """
    shown, held_out = hidden.split.shown, hidden.split.held_out
    bought = replace(hidden.split, held_out=held_out.only(held_out.is_purchase))
    to_find = relevant(bought, seen="keep").sample(MOST_REHEARSED, rng=rng)
    found = rebuying(shown.only(shown.is_purchase), products, newest=shown.newest)
    days = [rebuy_days(found, least_rate=rate) for rate in REBUY_RATES]
    if len(to_find.customers) < LEAST_CUSTOMERS or not days[-1]:
        return model.rebuy_rate
    scores = [_served_ndcg(rehearsal, replace(model, rebuy_days=own), to_find, seen="keep") for own in days]
    return first_of_best(REBUY_RATES, scores)


def _served_ndcg(rehearsal: Rehearsal, model: Model, to_find: Relevant, *, seen: Seen = "drop") -> float:
    rankings = {
        customer: ranked(
            rehearsal.list_for(customer, model=model), without=rehearsal.seen(customer) if seen == "drop" else (), k=K
        )
        for customer in to_find.customers.tolist()
    }
    return float(ndcg_at_k(*hits_of(rankings, to_find, k=K)).mean())
