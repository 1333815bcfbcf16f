"""Lines become events, orders, and returns."""

import pytest

from domain.records.imports import ImportedEvent, OrderReturn, ReturnedItem
from domain.records.interactions import BrowsingEvent, Purchase
from infra.ingest.lines import EventLine, RowRefused
from infra.ingest.orders import Guest, Nothing, OrderReader

READER = OrderReader()


def line(**values):
    return EventLine(**({"customer_id": "c-1", "product_id": "p", "event_type": "purchase"} | values))


def order(*lines, reader=READER, **options):
    return reader.order([line(**({"order_id": "o-1"} | values)) for values in lines], **options)


def event(reader=READER, **values):
    return reader.event(line(**values), derived_id="d" * 32)


def returned(*lines):
    found = order(*lines)
    assert isinstance(found, ImportedEvent)
    return found.returned


def test_a_view_has_its_own_id_or_the_derived_one():
    own, derived = event(event_type="view", event_id="e-1", dwell_seconds=2.0), event(event_type="view")

    assert isinstance(own.event, BrowsingEvent)
    assert (own.event.event_id, own.is_derived_id, own.event.dwell_seconds) == ("e-1", False, 2.0)
    assert (derived.event.event_id, derived.is_derived_id, derived.event.occurred_at) == ("d" * 32, True, None)


def test_a_purchase_of_one_line_is_an_order_of_its_own():
    derived = event(quantity=2, unit_price=1.5)

    assert isinstance(derived.event, Purchase)
    assert (derived.event.order_id, derived.is_derived_id) == ("d" * 32, True)
    assert event(quantity=0) == Nothing()


def test_a_line_that_takes_back_is_a_return_of_the_newest_purchases():
    for values in ({"event_type": "return", "quantity": 2}, {"quantity": -2}):
        assert event(**values, event_id="e-1") == OrderReturn(
            customer_id="c-1", return_id="e-1", items=(ReturnedItem(product_id="p", quantity=2),)
        )
    assert event(event_type="return", product_id=None, quantity=1) == Nothing()


def test_customers_are_named_by_id_else_by_e_mail_else_nobody():
    assert (event(email="canary@x.y").event.customer_id, event(email="canary@x.y").email) == ("c-1", None)
    by_email = event(customer_id=None, email="canary@x.y")
    assert (by_email.event.customer_id, by_email.email, by_email.is_guest) == ("canary@x.y", "canary@x.y", False)
    assert event(customer_id=None) == Guest()
    back = event(customer_id=None, email="canary@x.y", quantity=-1)
    assert (back.customer_id, back.email) == (None, "canary@x.y")


def test_an_anonymous_id_that_was_kept_is_a_guest():
    found = event(customer_id=None, anonymous_id="a", event_type="view")

    assert (found.event.customer_id, found.is_guest) == ("a", True)


def test_each_order_can_be_that_of_a_guest():
    reader = OrderReader(guests="per-order")

    first, again = order({"customer_id": None}, reader=reader), order({"customer_id": None}, reader=reader)
    other = order({"customer_id": None, "order_id": "o-2"}, reader=reader)
    assert first == again
    assert first.is_guest
    assert first.event.customer_id.startswith("guest-")
    assert first.event.customer_id != other.event.customer_id
    assert event(reader, customer_id=None, event_type="view") == Guest()


def test_the_customer_of_any_line_is_that_of_the_order():
    found = order({"customer_id": None}, {"email": "canary@x.y"}, {"customer_id": None, "email": "canary@x.y"})

    assert (found.event.customer_id, found.email, len(found.event.items)) == ("c-1", None, 3)
    assert order({"customer_id": None}) == Guest()


@pytest.mark.parametrize(
    ("lines", "field"),
    [
        ([{}, {"customer_id": "c-2"}], "customer_id"),
        ([{"email": "canary-a@x.y"}, {"email": "canary-b@x.y"}], "email"),
        ([{"currency": "EUR"}, {"currency": "USD"}], "currency"),
        ([{}, {"refused": True}], "order_id"),
    ],
)
def test_lines_that_contradict_each_other_or_are_refused_refuse_the_order(lines, field):
    refused = order(*lines)

    assert isinstance(refused, RowRefused)
    assert refused.field == field


def test_an_order_that_is_too_long_is_refused():
    assert order({}, is_too_long=True).reason == "Expected at most 1000 lines in an order"


def test_the_instant_of_an_order_is_its_earliest():
    found = order({"occurred_at": 5_000_000}, {"occurred_at": None}, {"occurred_at": 2_000_000})

    assert found.event.occurred_at.timestamp() == 2


def test_lines_without_a_quantity_buy_nothing():
    assert [item.product_id for item in order({"quantity": 0}, {"product_id": "q"}).event.items] == ["q"]
    assert order({"quantity": 0}) == Nothing()


@pytest.mark.parametrize(
    ("lines", "back"),
    [
        ([{"quantity": 2}], {}),
        ([{"quantity": 2, "goes_back": True}, {"product_id": "q"}, {}], {"p": 3, "q": 1}),
        ([{"quantity": 2, "unit_price": 5.0, "refunded_amount": 12.0, "total": 12.0}], {"p": 2}),
        ([{"quantity": 2, "unit_price": 5.0, "refunded_amount": 10.0}], {"p": 2}),
        ([{"quantity": 3, "unit_price": 5.0, "refunded_amount": 10.0}], {"p": 2}),
        ([{"unit_price": 5.0, "refunded_amount": 5.0}, {"product_id": "q", "unit_price": 5.0}], {}),
        ([{"unit_price": 5.0, "refunded_amount": 4.0}, {"product_id": "q"}], {}),
        ([{"refunded_amount": 4.0}], {}),
        ([{"quantity": 3, "refunded_quantity": 2}], {"p": 2}),
        ([{"quantity": 3}, {"quantity": -1}, {"quantity": -1}], {"p": 2}),
    ],
)
def test_what_the_lines_of_an_order_say_went_back(lines, back):
    assert returned(*lines) == back


def test_the_order_is_kept_as_bought():
    found = order({"quantity": 3}, {"quantity": -1})

    assert [(item.product_id, item.quantity) for item in found.event.items] == [("p", 3)]


def test_an_order_of_only_negative_lines_is_a_return_of_what_its_id_names():
    assert order({"quantity": -2, "order_id": "C5"}) == OrderReturn(
        customer_id="c-1", return_id="C5", order_id="5", items=(ReturnedItem(product_id="p", quantity=2),)
    )
    assert order({"quantity": -2, "order_id": "R5"}).order_id is None
    assert order({"quantity": -2, "order_id": "C"}).order_id is None


def test_what_has_the_prefix_of_a_format_is_a_return():
    reader = OrderReader(return_prefix="R-")

    assert order({"order_id": "R-5", "quantity": 1}, reader=reader).order_id == "5"
    assert isinstance(order({"order_id": "5"}, reader=reader), ImportedEvent)
    assert isinstance(order({"order_id": "C5"}), ImportedEvent)


def test_events_that_take_back_an_order():
    whole = order({"event_type": "return", "product_id": None, "occurred_at": 7_000_000})
    part = order({"event_type": "return", "quantity": 2, "event_id": "e-1"})

    assert (whole.order_id, whole.items, whole.occurred_at.timestamp()) == ("o-1", (), 7)
    assert (part.order_id, part.return_id, part.items) == ("o-1", "e-1", (ReturnedItem(product_id="p", quantity=2),))
    assert whole.return_id == order({"event_type": "return", "product_id": None, "occurred_at": 7_000_000}).return_id
    assert whole.return_id != order({"event_type": "return", "product_id": None, "occurred_at": 8_000_000}).return_id
