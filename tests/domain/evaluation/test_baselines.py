"""The rankings that an evaluation compares, for small shops."""

import numpy as np
import pytest
from msgspec.structs import replace

from domain.evaluation.baselines import MODELS, OPTIONAL_MODELS, RankingTask, first_unseen, ranker_of
from domain.ranking.hyperparameters import Hyperparameters
from domain.training.popularity import popularity
from tests.domain.event_logs import event_log, two_group_log
from tests.domain.ranking.own_sources import table_source, use_own_sources
from tests.domain.shop import product
from tests.domain.trained_shops import TWO_CATEGORIES, replay_of


def ranking_task(log, products=TWO_CATEGORIES, *, assigned=None, seen="exclude", k=3):
    replay, _ = replay_of(log, products, assigned)
    available = np.zeros(replay.data.n_products, dtype=np.bool_)
    available[[product.product_index for product in products if product.available]] = True
    return RankingTask(replay=replay, available=available, seen=seen, k=k)


def plain_products(n):
    return [product(index) for index in range(n)]


def test_popularity_ranks_products_by_their_number_of_events_ties_by_index():
    log = event_log(
        ("a", 0, "view", 0), ("b", 1, "view", 0), ("b", 1, "view", 0), ("b", 2, "view", 0),
        ("c", 1, "view", 0), ("c", 2, "view", 0), ("c", 3, "view", 0),
    )  # fmt: skip

    assert ranker_of("popularity", ranking_task(log, plain_products(4)))(0) == [1, 2, 3]
    assert ranker_of("popularity", ranking_task(log, plain_products(4), seen="include", k=4))(0) == [1, 2, 0, 3]


def test_recent_popularity_halves_old_events_and_does_without_momentum():
    old = [(customer, 0, "view", 22) for customer in "abc"]
    task = ranking_task(event_log(*old, ("d", 1, "view", 0), ("e", 2, "view", 14)), plain_products(4))

    # 3 x 0.5 ^ (22 / 14) = 1.01 is more than 1; momentum would reverse the order.
    assert list(ranker_of("recent_popularity", task)(4)) == [0, 1, 3]
    assert np.argmax(popularity(task.replay.data, Hyperparameters())) == 1


def test_segment_trend_ranks_by_the_popularity_in_the_segment_of_the_customer():
    log = event_log(
        *((customer, 1, "view", 0) for customer in "ab"), *((customer, 2, "view", 0) for customer in "cd"),
        ("e", 0, "view", 0), ("f", 0, "view", 0),
    )  # fmt: skip
    assigned = dict.fromkeys("abe", "Premium") | dict.fromkeys("cdf", "Budget")

    rank = ranker_of("segment_trend", ranking_task(log, plain_products(3), assigned=assigned, k=2))

    assert list(rank(4)) == [1, 2]
    assert list(rank(5)) == [2, 1]


@pytest.mark.parametrize(("seen", "expected"), [("exclude", {0: [1], 1: []}), ("include", {0: [1], 1: [0, 1]})])
def test_item_knn_ranks_products_by_their_cosines_to_all_products_of_the_customer(seen, expected):
    log = event_log(
        ("a", 0, "view", 0), ("b", 0, "view", 0), ("b", 1, "view", 0), ("c", 0, "view", 0), ("c", 1, "view", 0),
        ("d", 2, "view", 0), ("d", 3, "view", 0),
    )  # fmt: skip

    rank = ranker_of("item_knn", ranking_task(log, plain_products(4), seen=seen))

    assert {customer: list(rank(customer)) for customer in expected} == expected


def test_neighbours_rank_by_co_occurrence_alone_and_content_by_category():
    # Product 11 occurs with product 0 but has another category; product 7 is the most popular one and occurs alone.
    together = [(f"c{number}", index, "view", 0) for number in range(10) for index in (0, 11)]
    alone = [(f"d{number}", 7, "view", 0) for number in range(30)]
    task = ranking_task(event_log(*together, *alone, ("a", 0, "view", 0), ("b", 7, "view", 0)))
    a, b = 40, 41

    # Where neighbours end, the most popular products follow.
    assert ranker_of("neighbours", task)(a) == [11, 7, 1]
    assert ranker_of("neighbours", task)(b) == [0, 11, 1]
    assert ranker_of("content", task)(a) == [1, 2, 3]
    # Interest in a category counts more for its popular products.
    assert ranker_of("content", task)(b) == [11, 6, 8]


def test_served_is_the_list_of_the_trained_model():
    task = ranking_task(two_group_log(), k=5)

    served = ranker_of("served", task)(3)

    assert len(served) == 5
    assert served == task.replay.ranking(3, model=task.replay.model, seen="exclude", k=5)


def test_buy_again_has_what_is_due_before_the_served_list():
    # a buys product 0 every ten days; the last time was ten days ago.
    weekly = [("a", 0, "purchase", days, days) for days in (40, 30, 20, 10)]
    others = [(f"c{number}", 1 + number % 5, "purchase", 5, 100 + number) for number in range(20)]
    task = ranking_task(event_log(*weekly, *others, ("b", 1, "view", 0)), plain_products(6), seen="include", k=4)

    due = task.replay.buy_again(0, k=4, now=task.replay.now)
    ranking = list(ranker_of("buy_again", task)(0))

    assert due == [0]
    assert ranking[0] == 0
    assert ranking == list(dict.fromkeys([0, *ranker_of("served", task)(0)]))[:4]


def test_the_name_of_an_own_source_ranks_by_it_alone_for_customers_with_and_without_history(monkeypatch):
    log = event_log(*((f"c{number}", number % 3, "view", 0) for number in range(9)), ("newcomer", 2, "view", 0))
    task = ranking_task(log.only(log.customers < 9), plain_products(5), k=4)
    use_own_sources(monkeypatch, table_source("first", p4=0.5, p2=1.0), table_source("second", p3=1.0))

    assert list(ranker_of("first", task)(9)) == [2, 4, 0, 1]
    assert list(ranker_of("first", task)(0)) == [2, 4, 1, 3]
    assert ranker_of("second", task)(9)[0] == 3


def test_models_other_than_served_do_not_count_own_sources(monkeypatch):
    log = two_group_log()
    task = ranking_task(log.only(log.customers > 0), k=5)
    # The first customer has no history.
    before = {name: [list(ranker_of(name, task)(customer)) for customer in range(6)] for name in MODELS}
    use_own_sources(monkeypatch, table_source(weight=5.0, p11=1.0, p5=0.5))

    after = {name: [list(ranker_of(name, task)(customer)) for customer in range(6)] for name in MODELS}

    assert after.pop("served") != before.pop("served")
    assert after == before


@pytest.mark.parametrize("name", [*MODELS, *OPTIONAL_MODELS])
def test_no_model_ranks_unavailable_or_excluded_products(name):
    products = [replace(product, available=product.product_index not in (4, 9)) for product in TWO_CATEGORIES]
    task = ranking_task(two_group_log(), products, k=12)

    for customer in range(12):
        ranking = list(ranker_of(name, task)(customer))
        assert ranking
        assert {4, 9}.isdisjoint(ranking)
        assert task.replay.seen(customer).isdisjoint(ranking)
        assert len(ranking) == len(set(ranking))


def test_first_unseen_keeps_the_order():
    assert first_unseen([5, 3, 9, 1], {3, 7}, k=2) == [5, 9]
    assert first_unseen([5], {5}, k=2) == []
