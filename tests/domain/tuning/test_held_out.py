"""The part of a shop that trials learn from."""

import pytest

from domain.tuning import held_out as module
from domain.tuning.held_out import hold_out
from domain.tuning.tune import tune
from tests.domain.event_logs import training_data, two_group_log
from tests.domain.trained_shops import TWO_CATEGORIES

LOG = two_group_log(n_customers=200, days=30)


@pytest.fixture
def large_shop(monkeypatch):
    """A shop that counts as large, as all bounds are lowered."""
    monkeypatch.setattr(module, "MAX_WHOLE_EVENTS", 100)
    monkeypatch.setattr(module, "MAX_TRIAL_PRODUCTS", 8)
    return training_data(LOG, TWO_CATEGORIES)


def test_trials_learn_from_the_whole_of_a_small_shop():
    held_out = hold_out(training_data(LOG, TWO_CATEGORIES), seed=0)

    assert held_out.trial_data is held_out.data
    assert not held_out.is_sample


def test_trials_learn_neighbours_of_the_products_with_most_customers_in_a_large_shop(large_shop):
    held_out = hold_out(large_shop, seed=0)

    assert held_out.is_sample
    assert held_out.trial_data.learned.sum() == 8
    assert held_out.data.learned.all()
    assert len(held_out.trial_data.log.products) == len(held_out.data.log.products)


def test_trials_leave_out_customers_beyond_a_number_of_events_but_none_who_are_compared(large_shop, monkeypatch):
    monkeypatch.setattr(module, "MAX_TRIAL_EVENTS", 300)
    monkeypatch.setattr(module, "MAX_SEEDS", 120)

    held_out = hold_out(large_shop, seed=0)

    kept = set(held_out.trial_data.log.customers.tolist())
    assert 30 <= len(held_out.sampled.customers) < 200
    assert set(held_out.sampled.customers.tolist()) <= kept
    assert len(kept) < len(set(held_out.data.log.customers.tolist()))


def test_a_large_shop_is_tuned_on_its_sample_and_gives_the_same_config_again(large_shop):
    first, second = (tune(large_shop, trials=4, seed=0, on_trial=lambda _: True) for _ in range(2))

    assert first == second
    assert first.tuning.trials == 4
    assert first.tuning.ndcg > 0.5
