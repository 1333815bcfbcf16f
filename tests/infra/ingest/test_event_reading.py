"""The lines of events and orders: every field, its empty values, and what is refused."""

import json

import pytest

from infra.ingest import NotUnderstood, cells
from tests.infra.ingest.lines_of import Read


def line_of(header, cells, kind="events", **options):
    """Return the only line of a table, or why it is refused."""
    [line] = Read(kind, f"customer_id,product_id,{header}\nc-1,p,{cells}\n", **options).lines
    return line


def test_all_fields_of_a_line():
    header = (
        "email,event_type,occurred_at,order_id,quantity,unit_price,currency,event_id,dwell_seconds,refunded_quantity,total"
    )
    line = line_of(header, "canary@example.com,buy,2026-01-02,o-1,3,1.5,usd,e-1,7.5,-1,4.5")

    assert (line.customer_id, line.email, line.product_id, line.event_type) == ("c-1", "canary@example.com", "p", "purchase")
    assert (line.occurred_at, line.order_id, line.quantity) == (1_767_312_000_000_000, "o-1", 3)
    assert (line.unit_price, line.currency, line.event_id, line.dwell_seconds) == (1.5, "USD", "e-1", 7.5)
    assert (line.refunded_quantity, line.total, line.refused) == (1, 4.5, False)


@pytest.mark.parametrize("empty", ["", " ", "NULL", "null", "NaN", r"\N", "<NA>", "nichts"])
def test_empty_cells_have_the_default(empty):
    header = "event_type,occurred_at,order_id,quantity,unit_price,currency,event_id,dwell_seconds,total"
    line = line_of(header, ",".join([empty] * 9), nulls=("Nichts",))

    assert (line.event_type, line.occurred_at, line.order_id, line.quantity, line.unit_price) == (
        "view",
        None,
        None,
        1,
        None,
    )
    assert (line.currency, line.event_id, line.dwell_seconds, line.total) == (None, None, None, None)


@pytest.mark.parametrize("nobody", ["", "0", "guest", "NA", "n/a", "None", "-1", "Kasse"])
def test_nobody_is_no_customer(nobody):
    text = f"customer_id,email,product_id\n{nobody},{nobody},p\nc-1,,p\n"

    [line, _] = Read("events", text, nulls=("kasse",)).lines

    assert (line.customer_id, line.email) == (None, None)


def test_the_currency_of_a_price_is_that_of_the_line_unless_a_column_says_another():
    assert line_of("order_id,unit_price", "o,$5", currency="EUR").currency == "USD"
    assert line_of("order_id,unit_price", "o,$5", currency="CAD").currency == "CAD"
    assert line_of("order_id,unit_price,currency", "o,$5,CHF", currency="EUR").currency == "CHF"


def test_constants_are_the_values_of_all_lines():
    line = line_of("order_id", "o", constants={"currency": "€", "unit_price": "3,50", "event_type": "cart"})

    assert (line.currency, line.unit_price, line.event_type, line.order_id) == ("EUR", 3.5, "cart", None)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("quantity", "1.5", "Expected a whole number"),
        ("quantity", "12345678", None),
        ("dwell_seconds", "long", "Expected a number of seconds"),
        ("dwell_seconds", "90000", "Expected 0 to 86,400 seconds"),
        ("dwell_seconds", "-1", "Expected 0 to 86,400 seconds"),
        ("dwell_seconds", "inf", "Expected 0 to 86,400 seconds"),
        ("email", "nobody at home", None),
        ("refunded_quantity", "some", "Expected a whole number"),
        ("refunded_amount", "-a", None),
        ("total", "1000000000000", None),
        ("currency", "shells", None),
        ("occurred_at", "1833-01-01", "Expected an instant of 1970 or later"),
    ],
)
def test_a_value_that_a_field_cannot_have_refuses_the_line(field, value, reason):
    refused = line_of(f"event_type,order_id,{field}", f"purchase,o,{value}")

    assert refused[0] == field
    assert reason in {None, refused[1]}
    assert value not in refused[1]


def test_events_older_than_the_retention_are_refused():
    assert line_of("occurred_at", "2026-11-22", retention_days=2).product_id == "p"
    assert line_of("occurred_at", "2026-11-20", retention_days=2) == ("occurred_at", "Older than the retention")


def test_a_line_needs_a_product_unless_it_takes_an_order_back():
    text = "customer_id,product_id,event_type,order_id\nc,,view,\nc,,refund,o\nc,,refund,\nc,,purchase,o\n"

    kinds = [line if isinstance(line, tuple) else line.event_type for line in Read("events", text).lines]

    assert kinds == [("product_id", "Required"), "return", ("product_id", "Required"), ("product_id", "Required")]


def test_the_status_of_an_order_says_whether_it_went_back():
    header = "order_id,status,cancelled_at"
    cells = ["paid,", "REFUNDED,", ",", "NULL,", "paid,2026-01-02", "voided,"]
    text = f"customer_id,product_id,{header}\n" + "".join(f"c,p,o-{n},{cell}\n" for n, cell in enumerate(cells))

    assert [line.goes_back for line in Read("orders", text).lines] == [False, True, False, False, True, True]


def test_an_unknown_status_is_counted():
    read = Read("orders", "customer_id,product_id,order_id,status\nc,p,o, odd \nc,p,o,odd\n")

    assert [line.goes_back for line in read.lines] == [False, False]
    assert read.report.unknown_statuses == {"odd": 2}


def test_names_that_mean_nothing_are_counted_in_tables_and_in_records():
    table = Read("events", "customer_id,product_id,event_type\nc,p,scroll\nc,p,view\n")
    records = Read("events", json.dumps({"customer_id": "c", "product_id": "p", "event_type": "scroll"}) + "\n{}\n")

    assert [line.event_type for line in table.lines] == ["view"]
    assert records.lines == [("product_id", "Required")]
    assert table.report.ignored_names == records.report.ignored_names == {"scroll": 1}


def test_of_several_columns_the_first_with_a_value_counts():
    text = "customer_id,email,product_id\nc,,p\n"
    mapped = Read("events", "anyone,mail,SKU,Name\n,canary@example.com,,Lamp\n", format="own", mapping={
        "anyone": "customer_id", "mail": "email", "SKU": "product_id",
    })  # fmt: skip

    assert Read("events", text).lines[0].email is None
    assert mapped.lines == [("product_id", "Required")]


def test_records_have_typed_values_and_a_line_for_each_element_of_their_list():
    record = {
        "order_id": 7, "customer_id": 12, "when": 1767312000, "items": [
            {"sku": 1.0, "n": 2, "price": 1.5}, {"sku": "q", "n": None, "price": {"no": "number"}},
        ],
    }  # fmt: skip
    mapping = {"when": "occurred_at", "items[].sku": "product_id", "items[].n": "quantity", "items[].price": "unit_price"}

    text = json.dumps(record) + "\n"
    [refused] = Read("orders", text, mapping=mapping).lines
    assert refused[0] == "unit_price"

    record["items"][1]["price"] = None
    first, second = Read("orders", json.dumps(record) + "\n", mapping=mapping).lines
    assert (first.order_id, first.customer_id, first.occurred_at) == ("7", "12", 1_767_312_000_000_000)
    assert (first.product_id, first.quantity, first.unit_price) == ("1", 2, 1.5)
    assert (second.product_id, second.quantity, second.unit_price) == ("q", 1, None)


def test_wrong_constants_are_not_understood():
    text = "customer_id,product_id\nc,p\n"

    def reason(**constants):
        with pytest.raises(NotUnderstood) as caught:
            Read("events", text, constants=constants).lines  # noqa: B018
        return str(caught.value)

    assert reason(quantity="many") == "--set quantity: Expected a whole number."
    assert reason(event_type="scroll") == (
        "--set event_type: Expected one of view, cart, wishlist, remove_from_cart, remove_from_wishlist, purchase, return."
    )


def test_the_order_of_a_refused_row_is_known_if_it_can_be_read():
    def order_of(text, kind="orders"):
        read = Read(kind, text)
        return read.reader().order_id_of(read.rows[0])

    header = "order_id,customer_id,product_id,quantity\n"
    assert order_of(f"{header}o-1,c,p,many\n") == "o-1"
    assert order_of(f"{header},c,p,many\n") is None
    assert order_of(f"{header}o\x01,c,p,many\n") is None
    assert order_of("{bad\n" + json.dumps({"order_id": 1, "customer_id": 2, "product_id": 3}) + "\n" * 2) is None
    assert order_of("customer_id,product_id,quantity\nc,p,many\n", "events") is None


def test_the_memory_of_texts_is_bounded(monkeypatch):
    monkeypatch.setattr(cells, "MAX_REMEMBERED", 2)
    memo = cells.Memo("field", int, empty=None, nulls=frozenset({""}))

    assert [memo[text] for text in ("1", "2", "3", "1", "")] == [1, 2, 3, 1, None]
    assert len(memo) <= 2


def test_a_row_that_cannot_be_read_says_why():
    good = '{"customer_id": 1, "product_id": 2}'

    assert Read("events", f"{good}\n{good[:-1]}\n{good}\n").lines[1] == (None, "Not a JSON object")
