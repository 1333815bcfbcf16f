"""Lines are sorted on disk: into events, orders, and records."""

import pytest

from domain.records.imports import OrderReturn
from infra.ingest import staging
from infra.ingest.lines import EventLine
from infra.ingest.staging import Staging
from tests.conftest import NOW


@pytest.fixture
def staged():
    with Staging.open() as opened:
        yield opened


def view(**values):
    return EventLine(**({"customer_id": "c-1", "product_id": "p", "event_type": "view", "occurred_at": 1} | values))


def add(staged, *lines, file=0):
    for number, line in enumerate(lines, start=2):
        staged.add_line((file, number), line)


def test_equal_lines_of_one_file_are_different_and_those_of_another_file_the_same(staged):
    add(staged, view(), view())
    add(staged, view(), view(), view(), file=1)

    events = [(derived_id, place) for _, derived_id, place in staged.events()]
    assert [place for _, place in events] == [(0, 2), (0, 3), (1, 2), (1, 3), (1, 4)]
    ids = [derived_id for derived_id, _ in events]
    assert ids[2:4] == [None, None]
    assert len({ids[0], ids[1], ids[4]}) == 3
    assert staged.n_lines == 5


def test_an_id_depends_on_the_meaning_alone(staged):
    same = view(dwell_seconds=5.0), view(anonymous_id="a"), view(unit_price=3.0)
    other = view(customer_id="c-2"), view(product_id="q"), view(event_type="cart"), view(occurred_at=2), view(event_id="e-1")
    add(staged, view(), *other, view(quantity=-1))
    for number, line in enumerate(same, start=1):
        add(staged, line, file=number)

    ids = [derived_id for _, derived_id, _ in staged.events() if derived_id]
    assert len(ids) == len(set(ids)) == 1 + 5 + 1


def test_ids_of_one_customer_begin_alike(staged):
    add(staged, view(), view(product_id="q"), view(customer_id="c-2"))

    beginnings = [derived_id[:8] for _, derived_id, _ in staged.events()]
    assert len(beginnings) == 3
    assert len(set(beginnings)) == 2


def test_the_lines_of_an_order_come_together_by_their_places(staged):
    add(staged, view(order_id="o-1"), view(order_id="o-2"), view())
    add(staged, view(order_id="o-1", product_id="q"), file=1)

    orders = [([line.product_id for line in lines], places, is_too_long) for lines, places, is_too_long in staged.orders()]
    assert orders == [(["p", "q"], [(0, 2), (1, 2)], False), (["p"], [(0, 3)], False)]
    assert len(list(staged.events())) == 1


def test_events_that_take_an_order_back_are_apart_from_it(staged):
    back = view(order_id="o-1", event_type="return")
    add(staged, view(order_id="o-1"), back, back, view(order_id="o-1", event_type="return", occurred_at=9))

    assert sorted(len(lines) for lines, _, _ in staged.orders()) == [1, 1, 2]


def test_an_order_that_is_too_long_comes_in_parts_that_say_so(staged, monkeypatch):
    monkeypatch.setattr(staging, "MAX_ORDER_LINES", 2)
    add(staged, *[view(order_id="o-1")] * 4, *[view(order_id="o-2")] * 2)

    assert [(len(lines), is_too_long) for lines, _, is_too_long in staged.orders()] == [(3, True), (1, True), (2, False)]


def test_records_come_together_and_their_number_of_lines_is_bounded(staged, monkeypatch):
    monkeypatch.setattr(staging, "MAX_RECORD_LINES", 2)
    monkeypatch.setattr(staging, "CHUNK_LINES", 2)
    for number, key in enumerate("abaa"):
        staged.add_record((0, number), key, {"n": number})

    assert list(staged.records()) == [
        ([{"n": 0}, {"n": 2}], [(0, 0), (0, 2), (0, 3)]),
        ([{"n": 1}], [(0, 1)]),
    ]
    assert staged.record_keys() == {"a", "b"}


def test_returns_are_put_off_and_come_oldest_first(staged):
    new = OrderReturn(customer_id="c-1", return_id="r-1", order_id="o-1", occurred_at=NOW)
    old = OrderReturn(customer_id="c-1", return_id="r-2", order_id="o-1")
    for returned in (new, old):
        staged.add_return(returned, [(0, 2)])

    assert [(returned.return_id, places) for returned, places in staged.returns()] == [("r-2", [(0, 2)]), ("r-1", [(0, 2)])]
