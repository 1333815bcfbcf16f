"""The composition of a model and its lists."""

from domain.ranking.packing import unpack
from domain.records.customers import SEGMENTS
from tests.domain.event_logs import event_log
from tests.domain.shop import product
from tests.domain.trained_shops import train


def test_neighbours_bought_together_are_separated_from_those_viewed_together():
    log = event_log(("a", 0, "purchase", 0, 1), ("a", 1, "purchase", 0, 1), ("a", 2, "view", 0), ("a", 3, "cart", 0))

    trained = train(log, [product(index, category=f"c{index}") for index in range(4)])

    lists = {entry.product_index: entry for entry in trained.neighbours}
    assert unpack(lists[0].bought_together)["product_index"].tolist() == [1]
    assert sorted(unpack(lists[0].viewed_together)["product_index"].tolist()) == [2, 3]
    assert sorted(unpack(lists[2].viewed_together)["product_index"].tolist()) == [0, 1, 3]
    assert lists[2].bought_together == b""


def test_segment_events_counts_the_events_of_the_customers_of_a_segment():
    log = event_log(("a", 0, "view", 0), ("b", 0, "view", 0), ("b", 0, "view", 1))

    segment_events = train(log, [product(0)], {"a": "Premium"}).model.segment_events

    assert segment_events == {"Premium": 1, "Regular": 2, "Budget": 0}
    assert tuple(segment_events) == SEGMENTS


def test_a_shop_without_events_and_products_gets_a_model():
    trained = train(event_log(), [])

    assert trained.neighbours == []
    assert trained.model.popular.products == ()
    assert trained.model.segment_events == {"Premium": 0, "Regular": 0, "Budget": 0}


def test_the_same_events_give_the_same_model():
    log = event_log(("a", 0, "purchase", 0, 1), ("a", 1, "view", 0), ("b", 1, "purchase", 3, 2))
    products = [product(0, category="x"), product(1, category="x")]

    assert train(log, products) == train(log, products)


def test_a_product_index_without_a_product_has_no_lists():
    trained = train(event_log(("a", 0, "view", 0), ("a", 2, "view", 0)), [product(0), product(2)])

    assert [entry.product_index for entry in trained.neighbours] == [0, 2]
