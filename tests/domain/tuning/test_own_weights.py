"""The fit of the weights of own sources, after everything else."""

import numpy as np
import pytest
from msgspec.structs import replace

from domain.ranking.extension import OwnSource
from domain.tuning import source_weights
from domain.tuning.source_weights import WEIGHT_GRID
from tests.domain.event_logs import event_log
from tests.domain.ranking.own_sources import table_source, use_own_sources
from tests.domain.tuning.test_tune import tuned_config, with_newcomers


def lucky_scores(products, inputs, *, now):
    """Return 1 for the product whose number is that of the customer modulo 12."""
    return (products == int(inputs.customer_id[1:]) % 12).astype(float)


def unlucky_scores(products, inputs, *, now):
    return 1.0 - lucky_scores(products, inputs, now=now)


LUCKY = OwnSource(name="lucky", weight=0.3, scores=lucky_scores)
SAME_FOR_ALL = OwnSource(name="same_for_all", weight=0.3, scores=lambda products, inputs, *, now: np.ones(len(products)))


def lucky_log():
    """Return a log of 60 customers who view their lucky product and 3 random others."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(60):
        others = [int(index) for index in rng.permutation(12) if index != number % 12][:3]
        rows += [(f"c{number}", index, "view", 0.0) for index in (number % 12, *others)]
    return event_log(*rows)


def joined(first, second):
    """Return a log with the events of two logs of different customers."""
    n_first = len(first.customer_ids)
    columns = {
        name: np.concatenate([getattr(first, name), getattr(second, name)])
        for name in ("products", "event_types", "occurred_at", "orders", "spent")
    }
    customers = np.concatenate([first.customers, second.customers + n_first])
    return replace(first, customer_ids=[*first.customer_ids, *second.customer_ids], customers=customers, **columns)


def without_own_weights(config):
    """Return a config without what own sources may change: their weights and the score of the lists."""
    weights = {name: replace(getattr(config, name), own={}) for name in ("source_weights", "newcomer_weights")}
    return replace(config, **weights, tuning=replace(config.tuning, ndcg=0.0))


def test_an_own_source_gets_weight_only_where_it_improves_lists(monkeypatch):
    before = tuned_config(lucky_log(), trials=1)
    use_own_sources(monkeypatch, LUCKY, SAME_FOR_ALL)

    config = tuned_config(lucky_log(), trials=1)

    assert config.source_weights.own.keys() == {"lucky", "same_for_all"}
    assert config.source_weights.own["same_for_all"] == 0.0
    assert config.source_weights.own["lucky"] in WEIGHT_GRID[1:]
    assert config.tuning.ndcg > before.tuning.ndcg


def test_nothing_else_of_the_config_depends_on_own_sources(monkeypatch):
    before = [tuned_config(log, trials=2) for log in (lucky_log(), with_newcomers(40))]
    use_own_sources(monkeypatch, table_source(p3=1.0, p4=0.5), SAME_FOR_ALL)

    after = [tuned_config(log, trials=2) for log in (lucky_log(), with_newcomers(40))]

    assert [without_own_weights(config) for config in after] == [without_own_weights(config) for config in before]


def test_newcomers_have_weights_of_own_sources_of_their_own(monkeypatch):
    # All newcomers view product 3, and it is not the most popular product.
    log = with_newcomers(40)
    popular = event_log(*((f"e{number}", 7, "view", 9.0) for number in range(80)))
    use_own_sources(monkeypatch, table_source("favourite", weight=0.3, p3=1.0), SAME_FOR_ALL)

    assert tuned_config(log, trials=1).newcomer_weights.own == {"favourite": 0.0, "same_for_all": 0.0}
    assert tuned_config(joined(log, popular), trials=1).newcomer_weights.own == {
        "favourite": pytest.approx(0.1, abs=0.1),
        "same_for_all": 0.0,
    }
    assert tuned_config(joined(log, popular), trials=1).newcomer_weights.own["favourite"] > 0


def test_own_sources_earn_nothing_from_customers_who_stand_in_for_newcomers_by_chance(monkeypatch):
    use_own_sources(monkeypatch, SAME_FOR_ALL)

    assert tuned_config(with_newcomers(20), trials=1).newcomer_weights.own == {"same_for_all": 0.0}


def test_fitted_weights_are_not_taken_if_served_lists_get_worse_by_them(monkeypatch):
    # With one weight in the grid, it is fitted whatever it scores.
    monkeypatch.setattr(source_weights, "WEIGHT_GRID", (1.5,))
    before = tuned_config(lucky_log(), trials=1)
    use_own_sources(monkeypatch, OwnSource(name="unlucky", weight=0.3, scores=unlucky_scores))

    config = tuned_config(lucky_log(), trials=1)

    assert config.source_weights.own == {"unlucky": 0.0}
    assert config.tuning == before.tuning


def test_a_config_tuned_before_a_source_was_added_is_compared_with_the_weight_of_the_source(monkeypatch):
    in_use = tuned_config(lucky_log(), trials=3)
    use_own_sources(monkeypatch, LUCKY)

    config = tuned_config(lucky_log(), trials=1, in_use=in_use)

    # Both with the weight 0.3 of the source, or with a fitted one, lists are better than without the source.
    assert config.tuning.ndcg > in_use.tuning.ndcg
    assert config.tuning.ndcg_of_default_weights == in_use.tuning.ndcg_of_default_weights
