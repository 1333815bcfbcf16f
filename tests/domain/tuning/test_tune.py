"""The choice of a config by trials on held-out events."""

import numpy as np
import pytest
from msgspec.structs import replace

from domain.evaluation.replay import Replay
from domain.evaluation.splitting import by_day, ground_truth_of
from domain.ranking.hyperparameters import FOREVER
from domain.ranking.model import SourceWeights, TunedConfig, Tuning
from domain.training.repurchase import NEVER
from domain.training.train import train_model
from domain.tuning import pattern_search
from domain.tuning.held_out import hold_out
from domain.tuning.served_lists import served_ndcg
from domain.tuning.tune import default_trials, expected_trials, tune
from tests.domain.event_logs import event_log, training_data, two_group_log
from tests.domain.trained_shops import TWO_CATEGORIES


def tuned_config(log, *, trials, stop_after=None, in_use=TunedConfig()):  # noqa: B008 - frozen
    return tune(
        training_data(log, TWO_CATEGORIES),
        trials=trials,
        seed=0,
        on_trial=lambda n_finished: stop_after is None or n_finished < stop_after,
        in_use=in_use,
    )


def test_tuning_scores_trials_on_held_out_events():
    config = tuned_config(two_group_log(), trials=3)

    assert config.tuning.trials == 3
    assert config.tuning.n_customers == 60
    assert config.tuning.n_events == 240
    assert config.hyperparameters.history_days == FOREVER
    assert config.tuning.ndcg > 0.5
    assert config.tuning.ndcg >= config.tuning.ndcg_of_default_weights


def random_log(seed):
    """Return a log of 40 customers who view 5 random products each."""
    rng = np.random.default_rng(seed)
    return event_log(*((f"c{number}", int(index), "view", 0.0) for number in range(40) for index in rng.permutation(12)[:5]))


@pytest.mark.parametrize("seed", [2, 9])
def test_default_source_weights_are_used_if_the_fitted_ones_score_less(seed, monkeypatch):
    # With a minimal gain of 0 the smallest weights are taken whatever they score, so the fitted weights are bad.
    monkeypatch.setattr(pattern_search, "MIN_GAIN", 0.0)

    config = tuned_config(random_log(seed), trials=1)

    assert (config.source_weights, config.variety) == (SourceWeights(), TunedConfig().variety)
    assert config.tuning.ndcg == config.tuning.ndcg_of_default_weights > 0


def test_a_tuning_that_scores_worse_than_the_config_in_use_is_not_taken():
    log = random_log(1)
    by_many_trials, by_one = tuned_config(log, trials=24), tuned_config(log, trials=1)

    kept = tuned_config(log, trials=1, in_use=by_many_trials)

    measured = replace(by_many_trials.tuning, rejected_ndcg=by_one.tuning.ndcg)
    # The score that decides says nothing of newcomers, for whom the new tuning counts.
    of_newcomers = {
        "newcomer_weights": by_one.newcomer_weights,
        "newcomer_popularity": by_one.newcomer_popularity,
        # What was measured, whatever the variety of the config in use is.
        "newcomer_variety": by_one.variety_for(has_history=False),
    }
    assert kept == replace(by_many_trials, tuning=measured, **of_newcomers)
    assert tuned_config(log, trials=24, in_use=by_one) == by_many_trials


def test_a_config_in_use_stays_if_nothing_can_be_held_out():
    in_use = tuned_config(two_group_log(), trials=1)

    assert tuned_config(event_log(), trials=5, in_use=in_use) == in_use


def test_half_lives_are_tuned_if_events_have_times():
    log = two_group_log(n_customers=200, days=30)

    config = tuned_config(log, trials=2)

    assert by_day(log) is not None
    assert config.hyperparameters.trend_days < FOREVER


def test_the_same_events_seed_and_trials_give_the_same_config():
    assert tuned_config(two_group_log(), trials=4) == tuned_config(two_group_log(), trials=4)


def test_tuning_that_is_stopped_early_gives_the_config_of_fewer_trials():
    assert tuned_config(two_group_log(), trials=10, stop_after=2) == tuned_config(two_group_log(), trials=2)


def test_tuning_ends_when_there_is_nothing_left_to_try():
    assert tuned_config(two_group_log(n_customers=30), trials=1000).tuning.trials < 200


@pytest.mark.parametrize(
    ("log", "trials"),
    [(two_group_log(), 0), (two_group_log(n_customers=10), 5), (event_log(), 5)],
    ids=["no trials", "too few customers", "no events"],
)
def test_the_defaults_are_used_if_nothing_can_be_tuned(log, trials):
    assert tuned_config(log, trials=trials) == TunedConfig()


@pytest.mark.parametrize(("n_events", "trials"), [(499, 0), (500, 24), (100_001, 12), (1_000_001, 6)])
def test_the_number_of_trials_depends_on_the_number_of_events(n_events, trials):
    assert default_trials(n_events) == trials


def test_tuning_is_due_at_first_and_when_the_events_have_doubled():
    assert expected_trials(1000, Tuning()) == 24
    assert expected_trials(1000, Tuning(n_events=501)) == 0
    assert expected_trials(1000, Tuning(n_events=500)) == 24


def weekly_purchases(*, n_same):
    """Let 60 customers buy one product a week for 8 weeks: the same one in the first `n_same`, then another each week.

    On the last day each also views another product. A visitor of every day lets the earlier purchases be due the day before.
    """
    return event_log(
        *((f"c{number}", (number + 1) % 12, "view", 0.1) for number in range(60)),
        *(("visitor", 0, "view", 1.0 + day) for day in range(49)),
        *(
            (
                f"c{number}",
                (number + (0 if week < n_same else week)) % 12,
                "purchase",
                7.0 * (7 - week) + (week < 7),
                10 * number + week,
            )
            for number in range(60)
            for week in range(8)
        ),
    )


@pytest.mark.parametrize(("n_same", "customers_rebuy"), [(8, True), (2, False)])
def test_bought_products_return_only_if_customers_rebuy(n_same, customers_rebuy):
    config = tuned_config(weekly_purchases(n_same=n_same), trials=1)

    assert config.tuning.trials == 1
    assert (config.rebuy_rate <= 0.5) == customers_rebuy


def test_the_score_of_a_tuning_is_that_of_lists_with_the_chosen_rebuy_rate():
    # Customers bought the same every week, but nobody did in the held-out one.
    data = training_data(weekly_purchases(n_same=7), TWO_CATEGORIES)
    config = tuned_config(data.log, trials=1)
    held_out = hold_out(data, seed=0)

    trained = train_model(held_out.data, config=config, model_id="again", trained_at=0)
    ndcg = served_ndcg(Replay(held_out.data, trained), trained.model, ground_truth_of(held_out.split, seen="include"))

    assert config.rebuy_rate == NEVER
    assert config.tuning.ndcg == pytest.approx(ndcg)


def test_the_default_rebuy_rate_is_kept_without_enough_purchases():
    config = tuned_config(two_group_log(n_customers=200, days=30), trials=1)

    assert config.rebuy_rate == TunedConfig().rebuy_rate


def with_newcomers(n_newcomers):
    """Return a log in which regulars follow their group, and newcomers of the last days view what most others did."""
    regulars = [
        (f"c{customer}", (customer * 5 + visit) % 6 + 6 * (customer % 2), "view", 30.0 - visit)
        for customer in range(60)
        for visit in range(5)
    ]
    # Product 3 is viewed by everyone at some time; products 0-11 are otherwise viewed evenly.
    favourite = [(f"d{customer}", 3, "view", 10.0) for customer in range(40)]
    newcomers = [(f"n{customer}", 3, "view", 0.5) for customer in range(n_newcomers)]
    returning = [(f"c{customer}", (customer * 5 + 5) % 6 + 6 * (customer % 2), "view", 0.2) for customer in range(60)]
    return event_log(*regulars, *favourite, *newcomers, *returning)
