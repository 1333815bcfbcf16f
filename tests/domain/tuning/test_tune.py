"""What a shop is tuned to, and by which measure."""

import numpy as np
import pytest
from msgspec.structs import replace
from scipy import sparse

from domain.evaluation.replay import Rehearsal, ranked
from domain.evaluation.splitting import by_day, last_of_each, relevant, some_of_each
from domain.ranking.hyperparameters import FOREVER, Recipe
from domain.ranking.inputs import HISTORY_LENGTH
from domain.ranking.model import Blend, Choice, Tuning
from domain.records.customers import SEGMENTS
from domain.training.neighbours import Views, views
from domain.training.train import train_model
from domain.tuning import pattern_search as search
from domain.tuning.neighbours import Foreseen, Histories
from domain.tuning.popularity import SMOOTHINGS, fitted_trends
from domain.tuning.source_weights import EVERYTHING, SOURCES, CandidateParts, fitted_blend, fitted_seen_again
from domain.tuning.tune import default_trials, is_due, tune
from tests.domain.event_logs import log_of, tastes
from tests.domain.shop import NOW_US, product

PRODUCTS = [product(number, category=f"c{number // 6}") for number in range(12)]


def tuned(log, *, trials, seed=0, stop_after=None, products=PRODUCTS):
    return tune(
        log, products, assigned={}, trials=trials, seed=seed, on_trial=lambda done: stop_after is None or done < stop_after
    )


def rehearsal_of(log, products=PRODUCTS, **changed):
    trained = train_model(log, products, assigned={}, model_id="m", trained_at=NOW_US)
    rehearsal = Rehearsal(log, products, trained, assigned={})
    return rehearsal, replace(trained.model, **changed)


def test_a_shop_is_tuned_on_its_own_hidden_events():
    choice = tuned(tastes(), trials=3)

    assert choice.tuning.trials == 3
    assert choice.tuning.n_customers == 60
    assert choice.tuning.n_events == 240
    assert choice.recipe.history_days == FOREVER
    assert choice.tuning.ndcg > 0.5
    assert choice.tuning.ndcg >= choice.tuning.ndcg_of_default_blend


def noise(seed, n_customers=40):
    """Make a shop of customers who take anything."""
    rng = np.random.default_rng(seed)
    chosen = [(f"c{number}", int(index)) for number in range(n_customers) for index in rng.permutation(12)[:5]]
    return log_of(*((customer, index, "view", 0.0) for customer, index in chosen))


@pytest.mark.parametrize("seed", [2, 7])
def test_the_documented_blend_serves_where_what_was_fitted_scores_less(seed, monkeypatch):
    # Of any weights that of least, so that the fitted blend is a bad one.
    monkeypatch.setattr(search, "LEAST_GAIN", 0.0)

    choice = tuned(noise(seed), trials=1)

    assert (choice.blend, choice.variety) == (Blend(), Choice().variety)
    assert choice.tuning.ndcg == choice.tuning.ndcg_of_default_blend > 0


def trends_fitted(log, segments):
    split = last_of_each(log)
    to_find = relevant(split, seen="drop")
    codes = np.array([SEGMENTS.index(segments[customer]) for customer in log.customer_ids], dtype=np.int8)
    return fitted_trends(split.shown, Recipe(), to_find, codes, n_products=60, has_times=False)


def test_a_segments_trend_counts_where_its_customers_have_a_taste_of_their_own():
    rng = np.random.default_rng(2)
    segments = {f"c{number}": SEGMENTS[number % 2] for number in range(80)}
    events = [
        (f"c{number}", int(index) + 30 * (number % 2), "view", float(days))
        for number in range(80)
        for days, index in enumerate(rng.permutation(30)[:6])
    ]

    assert trends_fitted(log_of(*events), segments).segment_smoothing <= 200


def test_where_all_customers_are_of_one_segment_nothing_is_known_of_smoothing():
    log = tastes()

    assert trends_fitted(log, dict.fromkeys(log.customer_ids, "Regular")).segment_smoothing == max(SMOOTHINGS)


def test_every_source_that_needs_no_neighbours_lies_between_0_and_1():
    categories = [f"a/{number % 3}" if number % 4 else "a" for number in range(12)]
    products = [product(number, category=category, price=1.0 + number) for number, category in enumerate(categories)]
    split = some_of_each(tastes(), rng=np.random.default_rng(0))
    rehearsal, model = rehearsal_of(split.shown, products, seen_again=None)

    values = CandidateParts(rehearsal, model, relevant(split, seen="drop")).values[:, :, 3 : len(SOURCES)]

    assert values.min() >= 0
    assert values.max() == pytest.approx(1.0)


def test_times_are_tuned_where_they_are_real():
    log = tastes(n_customers=200, days=30)

    choice = tuned(log, trials=2)

    assert by_day(log) is not None
    assert choice.recipe.trend_days < FOREVER


def test_the_same_events_seed_and_trials_choose_the_same():
    assert tuned(tastes(), trials=4) == tuned(tastes(), trials=4)


def test_a_search_that_is_stopped_is_a_search_of_fewer_trials():
    assert tuned(tastes(), trials=10, stop_after=2) == tuned(tastes(), trials=2)


def test_a_search_ends_when_there_is_nothing_left_to_try():
    assert tuned(tastes(n_customers=30), trials=1000).tuning.trials < 200


@pytest.mark.parametrize(("log", "trials"), [(tastes(), 0), (tastes(n_customers=10), 5), (log_of(), 5)])
def test_the_defaults_serve_where_nothing_is_tried(log, trials):
    assert tuned(log, trials=trials) == Choice()


@pytest.mark.parametrize(("n_events", "trials"), [(499, 0), (500, 24), (100_001, 12), (1_000_001, 6)])
def test_the_number_of_trials_follows_the_size_of_the_data(n_events, trials):
    log = log_of(("a", 0, "view", 0)).only(np.zeros(n_events, dtype=np.int64))

    assert default_trials(log) == trials


def test_tuning_is_due_at_first_and_when_the_events_have_doubled():
    log = tastes()

    assert is_due(Tuning(), log)
    assert not is_due(Tuning(n_events=121), log)
    assert is_due(Tuning(n_events=120), log)


def test_histories_are_weighed_as_serving_weighs_them():
    log = log_of(("a", 0, "view", 30), ("a", 0, "cart", 0), ("a", 1, "view", 0), ("a", 2, "view", 0), ("b", 0, "view", 0))
    split = last_of_each(log_of(*[("a", 0, "view", 30), ("a", 0, "cart", 0), ("a", 1, "view", 0), ("a", 2, "view", 0)]))
    histories = Histories(split.shown, relevant(split, seen="drop"), n_products=3)

    weights = histories.seeds(Recipe(history_days=30.0)).toarray()

    assert weights == pytest.approx(np.array([[1.0, (1 / 3.5) ** 0.5, 0.0]]))
    assert log.newest == split.shown.newest


def test_only_the_newest_events_make_a_history():
    log = log_of(
        *(("a", product, "view", product) for product in range(HISTORY_LENGTH + 20)), ("a", HISTORY_LENGTH + 20, "view", 0)
    )
    split = last_of_each(log)
    histories = Histories(split.shown, relevant(split, seen="drop"), n_products=HISTORY_LENGTH + 21)

    seeds = histories.seeds(Recipe(history_days=FOREVER))

    assert sorted(seeds.nonzero()[1].tolist()) == [*range(HISTORY_LENGTH)]


def test_neighbours_alone_foresee_by_what_was_not_seen():
    split = last_of_each(log_of(("a", 0, "view", 2), ("a", 1, "view", 1), ("a", 2, "view", 0)))
    histories = Histories(split.shown, relevant(split, seen="drop"), n_products=4)
    near = sparse.csr_array(np.array([[0, 5.0, 1.0, 2.0], [0] * 4, [0] * 4, [0] * 4]))
    nothing = sparse.csr_array((4, 4))

    foreseen = Foreseen(
        histories, Views(together=near, ridge=nothing, succession=nothing, regressed=nothing), learned_by=Recipe()
    )

    assert foreseen.ndcg(Recipe(ridge_share=0.0)) == pytest.approx(1 / np.log2(3))
    assert foreseen.ndcg(Recipe(ridge_share=1.0)) == 0.0


def test_parts_add_up_to_the_scores_that_are_served():
    split = some_of_each(tastes(), rng=np.random.default_rng(0))
    to_find = relevant(split, seen="drop")
    rehearsal, model = rehearsal_of(split.shown, blend=EVERYTHING, seen_again=None, variety=0.0)

    parts = CandidateParts(rehearsal, model, to_find)

    for row, customer in enumerate(to_find.customers.tolist()):
        served = rehearsal.list_for(customer, model=model)
        totals = sorted(parts.values[row].sum(axis=1).tolist(), reverse=True)[: len(served.items)]
        assert totals == pytest.approx([item.score for item in served.items], rel=1e-5)


def test_a_source_that_foresees_nothing_gets_no_weight():
    split = some_of_each(tastes(), rng=np.random.default_rng(0))
    rehearsal, model = rehearsal_of(split.shown, seen_again=None)
    parts = CandidateParts(rehearsal, model, relevant(split, seen="drop"))

    blend = fitted_blend(parts, first=Blend())

    assert (blend.new, blend.price_fit, blend.bought_together) == (0.0, 0.0, 1.0)
    assert parts.blended_ndcg(blend) >= 0.99 * parts.blended_ndcg(Blend())


def purchases(*, rebuy):
    """Let 60 customers buy one product a week: always the same, or the same twice and then each time another."""
    return log_of(
        *(
            (
                f"c{number}",
                (number + (0 if rebuy or week < 2 else week)) % 12,
                "purchase",
                7.0 * (7 - week),
                10 * number + week,
            )
            for number in range(60)
            for week in range(8)
        )
    )


@pytest.mark.parametrize("rebuy", [True, False])
def test_what_was_bought_comes_back_where_customers_rebuy(rebuy):
    choice = tuned(purchases(rebuy=rebuy), trials=1)

    assert (choice.rebuy_rate <= 0.5) == rebuy


def test_the_documented_rate_of_rebuying_serves_where_hardly_anyone_buys():
    assert tuned(tastes(n_customers=200, days=30), trials=1).rebuy_rate == Choice().rebuy_rate


@pytest.mark.parametrize("returns", [True, False])
def test_what_was_seen_is_shown_again_where_customers_come_back_to_it(returns):
    first = [(f"c{number}", number % 12, "view", 3) for number in range(60)]
    then = [(f"c{number}", (number + 4 * (not returns)) % 12, "view", 0) for number in range(60)]
    log = log_of(*first, *then)
    split = last_of_each(log)
    rehearsal, model = rehearsal_of(split.shown, seen_again=1.0)
    parts = CandidateParts(rehearsal, model, relevant(split, seen="keep"))

    weight = fitted_seen_again(parts, model.blend)

    assert (weight > 0) == returns


def test_a_seed_that_speaks_for_itself_is_a_part_of_its_own():
    log = log_of(("a", 0, "view", 1), ("a", 1, "view", 0))
    split = last_of_each(log)
    rehearsal, model = rehearsal_of(split.shown, seen_again=1.0)

    parts = CandidateParts(rehearsal, model, relevant(split, seen="keep"))

    assert parts.values[0, :, len(SOURCES)].max() == 1.0


def test_regressions_are_taken_over_where_they_would_be_the_same():
    log, recipe = tastes(), Recipe()
    known = (recipe, views(log, recipe, n_products=12))

    taken = views(log, replace(recipe, seed_exponent=0.3), n_products=12, known=known)

    assert taken.regressed is known[1].regressed
    assert views(log, replace(recipe, ridge=1.0), n_products=12, known=known).regressed is not known[1].regressed


def test_a_ranking_leaves_out_what_it_is_told_to():
    rehearsal, _ = rehearsal_of(tastes())
    made = rehearsal.list_for(0)
    first = made.items[0].product.product_index

    assert first not in ranked(made, without=[first], k=3)
    assert len(ranked(made, without=(), k=3)) == 3
