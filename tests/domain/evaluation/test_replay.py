"""Lists of a shop in memory."""

import pytest
from msgspec.structs import replace

from domain.ranking.packed_history import MAX_HISTORY_EVENTS
from tests.domain.event_logs import event_log, two_group_log
from tests.domain.shop import product
from tests.domain.trained_shops import replay_of


@pytest.mark.parametrize(("seen", "n_seen"), [("exclude", 0), ("few", 2), ("include", 4)])
def test_a_ranking_has_none_two_or_all_products_of_the_history(seen, n_seen):
    replay, model = replay_of(two_group_log(), seen_again=2.5)

    ranking = replay.ranking(0, model=model, seen=seen, k=10)

    assert len(replay.seen(0) & set(ranking)) == n_seen


def test_products_of_events_too_old_for_the_history_are_excluded_as_well():
    products = [product(index) for index in range(MAX_HISTORY_EVENTS + 20)]
    log = event_log(*(("a", index, "view", index) for index in range(MAX_HISTORY_EVENTS + 10)))
    replay, model = replay_of(log, products)

    assert set(replay.ranking(0, model=model, seen="exclude", k=20)) == {
        *range(MAX_HISTORY_EVENTS + 10, MAX_HISTORY_EVENTS + 20)
    }


def test_without_histories_every_customer_gets_the_list_of_a_newcomer():
    log = two_group_log()
    replay, model = replay_of(replace(log, customer_ids=[*log.customer_ids, "new"]))
    newcomer, as_new = len(log.customer_ids), replay.without_histories()

    lists = {tuple(as_new.ranking(customer, model=model, seen="exclude", k=10)) for customer in (0, 1, newcomer)}

    assert lists == {tuple(replay.ranking(newcomer, model=model, seen="exclude", k=10))}
    assert (as_new.seen(0), len(replay.seen(0))) == (set(), 4)
