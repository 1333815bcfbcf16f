"""Odd files of shops: what is understood, and what is refused because storing it would be a silent guess.

They run in this process, one command each, and look at the database.
"""

import sqlite3
import tempfile
from contextlib import closing

import pytest

from domain.errors import ConfigurationError
from infra.cli import run
from infra.ingest.staging import Staging

EVENTS = "customer_id,product_id,event_type,occurred_at\n"


@pytest.fixture
def importing(tmp_path, monkeypatch, capsys):
    """Return a function that imports a text and returns the exit code and what was said."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'shop.db'}")

    def import_text(kind, content, *options, before=()):
        path = tmp_path / "export"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        creating = ["--create-products"] if kind in {"events", "orders"} else []
        code = run(["import", kind, *map(str, before), str(path), *creating, *options, "--no-train"])
        said = capsys.readouterr()
        return code, said.out + said.err

    return import_text


@pytest.fixture
def rows(tmp_path):
    def select(statement):
        with closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
            return sorted(connection.execute(statement), key=str)

    return select


VIEWS = "SELECT customer_id, product_id, event_type FROM browsing_history"
PRODUCTS = "SELECT product_id, name FROM product_catalog"
PRICES = "SELECT product_id, price / 10000.0 FROM product_catalog"


@pytest.mark.parametrize(
    ("kind", "text", "hint"),
    [
        ("events", "customer_id,product_id,occurred_at,action\nk,p,2026-03-04,purchase\n", "action=event_type"),
        ("events", "customer_id,product_id,event_type,ts\nk,p,view,1772619300\n", "ts=occurred_at"),
        ("events", "customer_id,product_id,event_type,bought\nk,p,view,04.03.2026 10:15\n", "bought=occurred_at"),
        ("orders", "order_id,customer_id,product_id,qty,occurred_at\nn,k,p,3,2026-03-04\n", "qty=quantity"),
        (
            "events",
            '{"customer_id": "k", "product_id": "p", "occurred_at": 1772619300, "m": {"do": "buy"}}',
            "m.do=event_type",
        ),
        ("events", '{"customer_id": "k", "product_id": "p", "event_type": "view", "ts": 1772619300}', "ts=occurred_at"),
        ("orders", "order_id,customer_id,product_id,Menge,occurred_at\nn,k,p,3,2026-03-04\n", "Menge=quantity"),
    ],
)
def test_a_column_that_says_when_what_or_how_many_is_not_overlooked(importing, kind, text, hint, tmp_path):
    code, said = importing(kind, text)
    assert code == 4
    assert f'--map "{hint}"' in said
    assert importing(kind, text, "--map", hint)[0] == 0


@pytest.mark.parametrize(
    "text",
    [
        "customer_id,product_id,occurred_at,device\nk,p,2026-03-04,mobile\n",
        "customer_id,product_id,occurred_at,ean\nk,p,2026-03-04,4006381333931\n",
        "customer_id,product_id,occurred_at,qty,note\nk,p,2026-03-04,many,\n",
    ],
)
def test_columns_of_other_meaning_may_stay_unused(importing, rows, text):
    assert importing("events", text)[0] == 0
    assert rows(VIEWS) == [("k", "p", "view")]


def test_two_columns_of_one_name_are_refused_until_one_is_named(importing, rows):
    text = "customer_id,Customer ID,product_id,event_type,occurred_at\nk,m,p,view,2026-03-04\n"
    code, said = importing("events", text)
    assert (code, "customer_id and Customer ID" in said) == (4, True)
    assert importing("events", text, "--map", "Customer ID=customer_id")[0] == 0
    assert rows(VIEWS) == [("m", "p", "view")]


def test_a_column_that_is_there_twice_is_refused(importing):
    code, said = importing("events", "customer_id,product_id,occurred_at,occurred_at\nk,p,2026-03-04,2026-03-05\n")
    assert (code, "occurred_at twice" in said) == (4, True)


@pytest.mark.parametrize(
    "text",
    [
        "canary@example.com,p1,view\nk,p2,view\n",
        "Canary,p1,2026-03-04\nk,p2,2026-03-04\n",
        "Canary,17,3\nk,p2,2\n",
        '"Canary": "x" {,a\nk,p2\n',
    ],
)
def test_a_first_line_of_data_is_not_repeated(importing, text):
    code, said = importing("events", text)
    assert (code, "looks like data" in said) == (4, True)


def test_a_line_of_totals_is_no_product(importing, rows):
    code, said = importing("products", "product_id,name,price\np1,Tent,99.90\np2,Stove,29\nTotal:,,128.90\n")
    assert (code, "line of totals (line 4)" in said) == (3, True)
    assert rows(PRODUCTS) == [("p1", "Tent"), ("p2", "Stove")]


def test_failed_formulas_are_empty_cells(importing, rows):
    text = "product_id,name,price\np1,#REF!,#N/A\n#N/A,Stove,29\np2,Tent,99\n"
    code, said = importing("products", text)
    assert (code, "product_id: Required (line 3)" in said) == (3, True)
    assert rows(PRICES) == [("p1", None), ("p2", 99.0)]


@pytest.mark.parametrize(
    ("column", "value", "field"),
    [("published", "perhaps", "published"), ("tags", "a\x01b", "tags"), ("category", "a\x01b", "category")],
)
def test_a_cell_that_cannot_be_read_refuses_its_line_with_its_field(importing, rows, column, value, field):
    code, said = importing("products", f"product_id,{column}\np1,{value}\np2,yes\np3,yes\n")
    assert (code, f"1 x {field}: Expected" in said) == (3, True)
    assert [product for product, _ in rows(PRODUCTS)] == ["p2", "p3"]


def test_numbers_of_orders_and_events_are_not_shown(importing):
    text = "order_id,customer_id,product_id,event_id,occurred_at\no-1,c-1,p,e-1,2026-03-04\n"
    assert importing("orders", text)[0] == 0


@pytest.mark.parametrize(
    "content",
    [
        "sep=;\n" + EVENTS.replace(",", ";") + "k;p/1;view;2026-03-04 10:00\n",
        "Events of my shop\n\n" + EVENTS + "k,p/1,view,2026-03-04\n",
        EVENTS + "k,p/1,view,3/14/2026 12:05 AM\n",
        EVENTS + "k,p/1,view,1772619300.5\n",
        "\ufeff" + EVENTS + '"k","p/1","view","2026-03-04T10:00:00+02:00"',
        (EVENTS.replace(",", "\t") + "k\tp/1\tview\t2026-03-04\n").encode("utf-16"),
        (EVENTS.rstrip() + ",é\r\nk,p/1,view,2026-03-04,ü\r").encode("cp1252"),
        "event_type,occurred_at,note,PRODUCT ID,Customer-Id\nview,2026-03-04,,p/1,k\n",
        '[{"customer_id": "k", "product_id": "p/1", "event_type": "view_item", "occurred_at": 1772619300}]',
        '{"data": [{"customer_id": "k", "product_id": "p/1", "occurred_at": "2026-03-04"}], "total": 1}',
    ],
    ids=["sep", "titles", "am-pm", "epoch", "bom", "utf-16", "cp1252", "reordered", "json", "envelope"],
)
def test_a_view_is_understood_however_it_is_written(importing, rows, content):
    code, said = importing("events", content)
    assert code == 0, said
    assert rows(VIEWS) == [("k", "p/1", "view")]


@pytest.mark.parametrize("product_id", ["=HYPERLINK(1)", "a#1", "a/b?c", "😀", "it's", "007", "@x", "+1"])
def test_ids_are_kept_as_they_are(importing, rows, product_id):
    assert importing("events", f"{EVENTS}k,{product_id},view,2026-03-04\n")[0] == 0
    assert rows(VIEWS) == [("k", product_id, "view")]


def test_what_goes_back_reduces_its_order(importing, rows):
    text = (
        "order_id,customer_id,product_id,quantity,unit_price,occurred_at,status\n"
        "A,k,p1,3,5,2026-03-04,paid\nA,k,p1,-1,5,2026-03-05,paid\nA,k,p2,1,5,2026-03-04,paid\n"
        "B,k,p2,-1,5,2026-03-06,paid\nC,m,p2,1,5,2026-03-06,cancelled\n"
    )
    assert importing("orders", text)[0] == 0
    assert rows("SELECT order_id, product_id, quantity FROM purchase_history") == [("A", "p1", 2)]


def test_a_folder_for_temporary_files_that_cannot_be_written_is_one_sentence(importing, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    code, said = importing("events", EVENTS + "k,p,view,2026-03-04\n")
    assert (code, "TMPDIR" in said.splitlines()[-1]) == (1, True)


def test_a_fault_of_the_temporary_database_is_one_sentence():
    with pytest.raises(ConfigurationError, match="TMPDIR"), Staging.open():
        raise sqlite3.OperationalError("disk I/O error")


ORDERS = "order_id,customer_id,product_id,quantity,occurred_at\n"
LINES = "SELECT order_id, product_id, quantity FROM purchase_history"


@pytest.mark.parametrize(
    ("first", "second", "stored"),
    [
        ("A,k,p1,2,2026-03-04\n", "A,k,p2,1,2026-03-04\n", [("A", "p1", 2), ("A", "p2", 1)]),
        ("A,k,p1,2,2026-03-04\nA,k,p2,1,2026-03-04\n", "A,k,p1,2,2026-03-04\n", [("A", "p1", 2), ("A", "p2", 1)]),
        ("A,k,p1,2,2026-03-04\n", "A,k,p1,5,2026-03-04\n", [("A", "p1", 5)]),
        ("A,k,p1,5,2026-03-04\nB,k,p1,-1,2026-03-05\n", "B,k,p1,-1,2026-03-05\n", [("A", "p1", 4)]),
        ("A,k,p1,5,2026-03-04\n", "A,k,p1,-1,2026-03-04\n", [("A", "p1", 4)]),
    ],
    ids=["split", "overlapping", "corrected", "the-same-return", "returned"],
)
def test_orders_of_several_files_count_once(importing, rows, tmp_path, first, second, stored):
    (tmp_path / "first.csv").write_text(ORDERS + first)
    code, said = importing("orders", ORDERS + second, before=[tmp_path / "first.csv"])
    assert code == 0, said
    assert rows(LINES) == stored


def test_a_file_under_two_names_is_refused(importing, tmp_path):
    (tmp_path / "link.csv").symlink_to(tmp_path / "export")
    code, said = importing("orders", f"{ORDERS}A,k,p1,2,2026-03-04\n", before=[tmp_path / "link.csv"])
    assert (code, "named twice" in said) == (1, True)


@pytest.mark.parametrize("kind", ["products", "customers"])
@pytest.mark.parametrize(("header", "others"), [(ORDERS, "orders"), (EVENTS, "events")])
def test_lines_of_events_are_no_catalogue_and_no_list_of_customers(importing, kind, header, others):
    code, said = importing(kind, header + "A,k,p1,2,2026-03-04\n"[: 99 if others == "orders" else -1])
    assert (code, f"import {others}" in said) == (4, True)


def test_quantities_have_the_marks_of_the_amounts(importing, rows):
    text = "order_id;customer_id;product_id;quantity;unit_price\nA;k;p1;2,000;5,00\nB;k;p1;2.000;5,00\nC;k;p1;3;5,00\n"
    assert importing("orders", text)[0] == 0
    assert rows(LINES) == [("A", "p1", 2), ("B", "p1", 2000), ("C", "p1", 3)]


def test_an_event_can_only_be_mapped_to_what_is_known(importing):
    code, said = importing("events", EVENTS + "k,p,Kauf,2026-03-04\n", "--event-map", "Kauf=buy")
    assert (code, "buy is none of view, cart" in said) == (1, True)


def test_a_refused_order_is_counted_once(importing):
    text = ORDERS + "A,k,p1,0.5,2026-03-04\nB,k,p1,1,2026-03-04\n"
    code, said = importing("orders", text)
    assert (code, "1 refused" in said, "0 x" in said) == (3, True, False)


def test_records_with_order_ids_and_without_event_types_are_orders(importing, rows):
    record = '{"customer_id": "k", "product_id": "p1", "order_id": "A", "quantity": 2, "occurred_at": 1772619300}'
    assert importing("events", record)[0] == 0
    assert rows(LINES) == [("A", "p1", 2)]
