"""What a shop is tuned to, and by which measure."""

import numpy as np
import pytest
from msgspec.structs import replace
from scipy import sparse

from domain.evaluation.replay import Replay, top_product_indexes
from domain.evaluation.splitting import by_day, ground_truth_of, last_of_each, some_of_each
from domain.ranking.hyperparameters import FOREVER, Hyperparameters
from domain.ranking.inputs import MAX_HISTORY_EVENTS
from domain.ranking.model import SourceWeights, TunedConfig, Tuning
from domain.records.customers import SEGMENTS
from domain.training.neighbours import NeighbourModels, learn_neighbours
from domain.training.train import train_model
from domain.tuning import pattern_search as search
from domain.tuning.neighbours import CustomerHistories, NeighbourObjective
from domain.tuning.popularity import SMOOTHINGS, fit_popularity
from domain.tuning.source_weights import EVERYTHING, SOURCES, CandidateContributions, fit_seen_again, fit_source_weights
from domain.tuning.tune import default_trials, is_due, tune
from tests.domain.event_logs import log_of, tastes
from tests.domain.shop import NOW_US, product

PRODUCTS = [product(number, category=f"c{number // 6}") for number in range(12)]


def tuned(log, *, trials, seed=0, stop_after=None, products=PRODUCTS):
    return tune(
        log, products, assigned={}, trials=trials, seed=seed, on_trial=lambda done: stop_after is None or done < stop_after
    )


def replay_of(log, products=PRODUCTS, **changed):
    trained = train_model(log, products, assigned={}, model_id="m", trained_at=NOW_US)
    replay = Replay(log, products, trained, assigned={})
    return replay, replace(trained.model, **changed)


def test_a_shop_is_tuned_on_its_own_hidden_events():
    choice = tuned(tastes(), trials=3)

    assert choice.tuning.trials == 3
    assert choice.tuning.n_customers == 60
    assert choice.tuning.n_events == 240
    assert choice.hyperparameters.history_days == FOREVER
    assert choice.tuning.ndcg > 0.5
    assert choice.tuning.ndcg >= choice.tuning.ndcg_of_default_weights


def noise(seed, n_customers=40):
    """Make a shop of customers who take anything."""
    rng = np.random.default_rng(seed)
    chosen = [(f"c{number}", int(index)) for number in range(n_customers) for index in rng.permutation(12)[:5]]
    return log_of(*((customer, index, "view", 0.0) for customer, index in chosen))


@pytest.mark.parametrize("seed", [2, 7])
def test_the_documented_blend_serves_where_what_was_fitted_scores_less(seed, monkeypatch):
    # Of any weights that of least, so that the fitted blend is a bad one.
    monkeypatch.setattr(search, "MIN_GAIN", 0.0)

    choice = tuned(noise(seed), trials=1)

    assert (choice.source_weights, choice.variety) == (SourceWeights(), TunedConfig().variety)
    assert choice.tuning.ndcg == choice.tuning.ndcg_of_default_weights > 0


def trends_fitted(log, segments):
    split = last_of_each(log)
    ground_truth = ground_truth_of(split, seen="drop")
    codes = np.array([SEGMENTS.index(segments[customer]) for customer in log.customer_ids], dtype=np.int8)
    return fit_popularity(split.train, Hyperparameters(), ground_truth, codes, n_products=60, has_times=False)


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
    replay, model = replay_of(split.train, products, seen_again=None)

    values = CandidateContributions(replay, model, ground_truth_of(split, seen="drop")).values[:, :, 3 : len(SOURCES)]

    assert values.min() >= 0
    assert values.max() == pytest.approx(1.0)


def test_times_are_tuned_where_they_are_real():
    log = tastes(n_customers=200, days=30)

    choice = tuned(log, trials=2)

    assert by_day(log) is not None
    assert choice.hyperparameters.trend_days < FOREVER


def test_the_same_events_seed_and_trials_choose_the_same():
    assert tuned(tastes(), trials=4) == tuned(tastes(), trials=4)


def test_a_search_that_is_stopped_is_a_search_of_fewer_trials():
    assert tuned(tastes(), trials=10, stop_after=2) == tuned(tastes(), trials=2)


def test_a_search_ends_when_there_is_nothing_left_to_try():
    assert tuned(tastes(n_customers=30), trials=1000).tuning.trials < 200


@pytest.mark.parametrize(("log", "trials"), [(tastes(), 0), (tastes(n_customers=10), 5), (log_of(), 5)])
def test_the_defaults_serve_where_nothing_is_tried(log, trials):
    assert tuned(log, trials=trials) == TunedConfig()


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
    histories = CustomerHistories(split.train, ground_truth_of(split, seen="drop"), n_products=3)

    weights = histories.seeds(Hyperparameters(history_days=30.0)).toarray()

    assert weights == pytest.approx(np.array([[1.0, (1 / 3.5) ** 0.5, 0.0]]))
    assert log.newest == split.train.newest


def test_only_the_newest_events_make_a_history():
    log = log_of(
        *(("a", product, "view", product) for product in range(MAX_HISTORY_EVENTS + 20)),
        ("a", MAX_HISTORY_EVENTS + 20, "view", 0),
    )
    split = last_of_each(log)
    histories = CustomerHistories(split.train, ground_truth_of(split, seen="drop"), n_products=MAX_HISTORY_EVENTS + 21)

    seeds = histories.seeds(Hyperparameters(history_days=FOREVER))

    assert sorted(seeds.nonzero()[1].tolist()) == [*range(MAX_HISTORY_EVENTS)]


def test_neighbours_alone_foresee_by_what_was_not_seen():
    split = last_of_each(log_of(("a", 0, "view", 2), ("a", 1, "view", 1), ("a", 2, "view", 0)))
    histories = CustomerHistories(split.train, ground_truth_of(split, seen="drop"), n_products=4)
    near = sparse.csr_array(np.array([[0, 5.0, 1.0, 2.0], [0] * 4, [0] * 4, [0] * 4]))
    nothing = sparse.csr_array((4, 4))

    objective = NeighbourObjective(
        histories,
        NeighbourModels(together=near, ridge=nothing, transitions=nothing, regressed=nothing),
        learned_by=Hyperparameters(),
    )

    assert objective.ndcg(Hyperparameters(ridge_share=0.0)) == pytest.approx(1 / np.log2(3))
    assert objective.ndcg(Hyperparameters(ridge_share=1.0)) == 0.0


def test_parts_add_up_to_the_scores_that_are_served():
    split = some_of_each(tastes(), rng=np.random.default_rng(0))
    ground_truth = ground_truth_of(split, seen="drop")
    replay, model = replay_of(split.train, source_weights=EVERYTHING, seen_again=None, variety=0.0)

    parts = CandidateContributions(replay, model, ground_truth)

    for row, customer in enumerate(ground_truth.customers.tolist()):
        served = replay.list_for(customer, model=model)
        totals = sorted(parts.values[row].sum(axis=1).tolist(), reverse=True)[: len(served.items)]
        assert totals == pytest.approx([item.score for item in served.items], rel=1e-5)


def test_a_source_that_foresees_nothing_gets_no_weight():
    split = some_of_each(tastes(), rng=np.random.default_rng(0))
    replay, model = replay_of(split.train, seen_again=None)
    parts = CandidateContributions(replay, model, ground_truth_of(split, seen="drop"))

    source_weights = fit_source_weights(parts, first=SourceWeights())

    assert (source_weights.new, source_weights.price_fit, source_weights.bought_together) == (0.0, 0.0, 1.0)
    assert parts.ndcg_of_weights(source_weights) >= 0.99 * parts.ndcg_of_weights(SourceWeights())


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
    assert tuned(tastes(n_customers=200, days=30), trials=1).rebuy_rate == TunedConfig().rebuy_rate


@pytest.mark.parametrize("returns", [True, False])
def test_what_was_seen_is_shown_again_where_customers_come_back_to_it(returns):
    first = [(f"c{number}", number % 12, "view", 3) for number in range(60)]
    then = [(f"c{number}", (number + 4 * (not returns)) % 12, "view", 0) for number in range(60)]
    log = log_of(*first, *then)
    split = last_of_each(log)
    replay, model = replay_of(split.train, seen_again=1.0)
    parts = CandidateContributions(replay, model, ground_truth_of(split, seen="keep"))

    weight = fit_seen_again(parts, model.source_weights)

    assert (weight > 0) == returns


def test_a_seed_that_speaks_for_itself_is_a_part_of_its_own():
    log = log_of(("a", 0, "view", 1), ("a", 1, "view", 0))
    split = last_of_each(log)
    replay, model = replay_of(split.train, seen_again=1.0)

    parts = CandidateContributions(replay, model, ground_truth_of(split, seen="keep"))

    assert parts.values[0, :, len(SOURCES)].max() == 1.0


def test_regressions_are_taken_over_where_they_would_be_the_same():
    log, hyperparameters = tastes(), Hyperparameters()
    known = (hyperparameters, learn_neighbours(log, hyperparameters, n_products=12))

    taken = learn_neighbours(log, replace(hyperparameters, seed_exponent=0.3), n_products=12, known=known)

    assert taken.regressed is known[1].regressed
    assert (
        learn_neighbours(log, replace(hyperparameters, ridge=1.0), n_products=12, known=known).regressed
        is not known[1].regressed
    )


def test_a_ranking_leaves_out_what_it_is_told_to():
    replay, _ = replay_of(tastes())
    made = replay.list_for(0)
    first = made.items[0].product.product_index

    assert first not in top_product_indexes(made, without=[first], k=3)
    assert len(top_product_indexes(made, without=(), k=3)) == 3
