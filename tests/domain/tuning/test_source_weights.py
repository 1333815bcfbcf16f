"""The fit of the source weights to held-out events."""

import numpy as np
import pytest

from domain.evaluation.splitting import ground_truth_of, last_of_each, some_of_each
from domain.ranking.model import SourceWeights
from domain.ranking.own_scores import weights_by_source
from domain.ranking.product_scores import PRODUCT_SOURCES
from domain.records.recommendations import SOURCES, ListRequest
from domain.tuning.source_weights import (
    EVERYTHING,
    UNIT_SOURCES,
    WEIGHT_GRID,
    CandidateContributions,
    fit_seen_again,
    fit_source_weights,
)
from tests.domain.event_logs import event_log, two_group_log
from tests.domain.shop import product
from tests.domain.trained_shops import TWO_CATEGORIES, replay_of

N_FITTED = len(SOURCES) - len(UNIT_SOURCES)


def contributions_of(split, *, seen, products=TWO_CATEGORIES, **config):
    replay, model = replay_of(split.train, products, **config)
    return CandidateContributions(replay, model, ground_truth_of(split, seen=seen), seen=seen)


def split_two_group_log():
    return some_of_each(two_group_log(), rng=np.random.default_rng(0))


def test_contributions_of_sources_without_neighbours_lie_between_0_and_1():
    categories = [f"a/{index % 3}" if index % 4 else "a" for index in range(12)]
    products = [product(index, category=category, price=1.0 + index) for index, category in enumerate(categories)]

    contributions = contributions_of(split_two_group_log(), seen="exclude", products=products)

    values = contributions.values[:, :, 3 : len(SOURCES)]
    assert SOURCES[3:] == PRODUCT_SOURCES
    assert values.min() >= 0
    assert values.max() == pytest.approx(1.0)


def test_contributions_add_up_to_the_served_scores():
    split = split_two_group_log()
    ground_truth = ground_truth_of(split, seen="exclude")
    replay, model = replay_of(split.train, source_weights=EVERYTHING, variety=0.0)

    contributions = CandidateContributions(replay, model, ground_truth, seen="exclude")

    for row, customer in enumerate(ground_truth.customers.tolist()):
        served = replay.list_for(customer, model=model, request=ListRequest(seen="exclude"))
        totals = sorted(contributions.values[row].sum(axis=1).tolist(), reverse=True)[: len(served.values)]
        assert totals == pytest.approx(served.values.tolist(), rel=1e-5)


def test_a_source_that_predicts_nothing_gets_the_weight_0():
    contributions = contributions_of(split_two_group_log(), seen="exclude")

    source_weights = fit_source_weights(contributions, first=SourceWeights())

    assert (source_weights.new, source_weights.price_fit, source_weights.bought_together) == (0.0, 0.0, 1.0)
    assert contributions.ndcg(source_weights) >= 0.99 * contributions.ndcg(SourceWeights())


def test_fitting_ends_after_three_rounds_even_if_the_weights_still_change():
    class AlternatingScores:
        """Prefer large weights in the first and third round, small ones in the second."""

        n_calls = 0

        def ndcg(self, weights):
            round_number = self.n_calls // (N_FITTED * len(WEIGHT_GRID))
            self.n_calls += 1
            total = sum(weights_by_source(weights).values())
            return 1 / (1 + total) if round_number % 2 else 1 + total

    contributions = AlternatingScores()

    source_weights = fit_source_weights(contributions, first=SourceWeights())

    assert contributions.n_calls == 3 * N_FITTED * len(WEIGHT_GRID)
    assert source_weights == SourceWeights(**dict.fromkeys(SOURCES, max(WEIGHT_GRID)) | dict.fromkeys(UNIT_SOURCES, 1.0))


@pytest.mark.parametrize("customers_return", [True, False])
def test_products_of_the_history_get_a_score_only_if_customers_return_to_them(customers_return):
    first = [(f"c{number}", number % 12, "view", 3) for number in range(60)]
    last = [(f"c{number}", (number + 4 * (not customers_return)) % 12, "view", 0) for number in range(60)]
    split = last_of_each(event_log(*first, *last))
    contributions = contributions_of(split, seen="include", seen_again=1.0)

    seen_again, newest_share = fit_seen_again(contributions, SourceWeights(), has_times=True)

    assert (seen_again > 0) == customers_return
    # Their only product is that of their newest step.
    assert (newest_share == 1.0) == customers_return


@pytest.mark.parametrize("has_times", [True, False])
def test_what_customers_turned_to_last_counts_less_if_they_return_to_what_was_before_it(has_times):
    # Everyone comes back from the product that all look at.
    visits = [(f"c{one}", 11 if step == 1 else one % 11, "view", 3 - step) for one in range(60) for step in range(3)]
    split = last_of_each(event_log(*visits))
    contributions = contributions_of(split, seen="include", seen_again=1.0)

    assert (fit_seen_again(contributions, SourceWeights(), has_times=has_times)[1] < 1.0) == has_times


def test_the_score_of_a_product_of_the_history_for_itself_has_its_own_column():
    split = last_of_each(event_log(("a", 0, "view", 1), ("a", 1, "view", 0)))

    contributions = contributions_of(split, seen="include", seen_again=1.0)

    assert contributions.values[0, :, len(SOURCES)].max() == 1.0
