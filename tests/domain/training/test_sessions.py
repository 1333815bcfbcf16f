"""Sessions end after half an hour without an event."""

from domain.training.sessions import session_matrix, session_numbers
from tests.domain.event_logs import event_log

MINUTE = 1 / (24 * 60)


def test_a_session_ends_with_a_break_of_more_than_half_an_hour_and_with_its_customer():
    log = event_log(
        ("b", 3, "view", 0),
        ("a", 2, "view", 0),
        ("a", 1, "view", 31 * MINUTE),
        ("a", 0, "view", 61 * MINUTE),
    )

    order, sessions = session_numbers(log)

    # Customers have the numbers of their first events: b is 0.
    assert log.products[order].tolist() == [3, 0, 1, 2]
    assert sessions.tolist() == [0, 1, 1, 2]


def test_a_session_has_each_product_once():
    log = event_log(("a", 0, "view", 0), ("a", 0, "view", 0), ("a", 2, "view", 0))

    assert session_matrix(log, n_products=3).toarray().tolist() == [[1.0, 0.0, 1.0]]


def test_a_log_without_events_has_no_sessions():
    assert session_matrix(event_log(), n_products=2).shape == (0, 2)
