"""Shops of odd shapes are tuned and trained, and serve lists; warnings of numpy are errors in all tests."""

import numpy as np
import pytest
from msgspec.structs import replace

from domain.evaluation.replay import Replay
from domain.ranking.model import TunedConfig
from domain.training.train import train_model
from domain.tuning.tune import tune
from tests.domain.event_logs import event_log, training_data, two_group_log
from tests.domain.shop import product
from tests.domain.trained_shops import TWO_CATEGORIES

WITH_TIMES = two_group_log(n_customers=40, days=30)
AT_ONE_INSTANT = two_group_log(n_customers=40)
PRICED = [replace(one, price=1.0 + one.product_index) for one in TWO_CATEGORIES]
N_OF_THE_GIANT = 20_000


def one_segment():
    return training_data(WITH_TIMES, PRICED, dict.fromkeys(WITH_TIMES.customer_ids, "Premium"))


def two_customers():
    rows = [(f"c{number % 2}", number % 7, "purchase", float(number % 30), number, 5.0) for number in range(600)]
    return training_data(event_log(*rows), PRICED)


def giant_customer():
    """Return the shop with 20,000 events of the first customer, over all products and half a year."""
    rng = np.random.default_rng(0)
    few = WITH_TIMES
    log = replace(
        few,
        customers=np.append(few.customers, np.zeros(N_OF_THE_GIANT, dtype=np.int64)),
        products=np.append(few.products, rng.integers(11, size=N_OF_THE_GIANT)),
        event_types=np.append(few.event_types, rng.integers(4, size=N_OF_THE_GIANT, dtype=np.int8)),
        occurred_at=np.append(few.occurred_at, few.newest - rng.integers(180 * 86_400, size=N_OF_THE_GIANT) * 1_000_000),
        orders=np.append(few.orders, np.arange(1, N_OF_THE_GIANT + 1)),
        spent=np.append(few.spent, np.ones(N_OF_THE_GIANT)),
    )
    return training_data(log, PRICED)


def one_product():
    return training_data(replace(WITH_TIMES, products=np.zeros_like(WITH_TIMES.products)), TWO_CATEGORIES)


SHOPS = {
    "no times": lambda: training_data(AT_ONE_INSTANT, TWO_CATEGORIES),
    "one segment": one_segment,
    "no catalogue": lambda: training_data(WITH_TIMES),
    "one category": lambda: training_data(WITH_TIMES, [product(index, category="all") for index in range(12)]),
    "two customers": two_customers,
    "one giant customer": giant_customer,
    "all events about one product": one_product,
}


def tuned(data):
    return tune(data, trials=2, seed=0, on_trial=lambda _: True)


@pytest.mark.parametrize("shape", SHOPS)
def test_a_shop_of_an_odd_shape_is_tuned_and_serves_lists_to_everyone(shape):
    data = SHOPS[shape]()

    config = tuned(data)

    trained = train_model(data, config=config, model_id="m", trained_at=data.log.newest)
    replay = Replay(data, trained)
    for customer in (0, 1, len(data.log.customer_ids) - 1):
        for seen in ("few", "include"):
            listed = replay.ranking(customer, model=trained.model, seen=seen, k=10)
            assert listed, (customer, seen)
            assert len(listed) == len(set(listed))


@pytest.mark.parametrize("shape", ["two customers", "all events about one product"])
def test_where_nothing_can_be_compared_the_defaults_are_used(shape):
    assert tuned(SHOPS[shape]()) == TunedConfig()


def test_without_times_what_follows_what_has_no_share():
    hyperparameters = tuned(SHOPS["no times"]()).hyperparameters

    assert (hyperparameters.succession_share, hyperparameters.momentum_exponent) == (0.0, 0.0)


def test_of_a_shop_without_anything_available_nothing_is_learned_and_nothing_listed():
    data = training_data(WITH_TIMES, [replace(one, available=False) for one in TWO_CATEGORIES])

    config = tuned(data)

    replay = Replay(data, train_model(data, config=config, model_id="m", trained_at=data.log.newest))
    assert config == TunedConfig()
    assert replay.ranking(0, model=replay.model, seen="include", k=10) == []
