"""What is understood of the first rows of a file, and what is said where it is not."""

import json
import re

import pytest

from tests.infra.ingest.lines_of import Read, refusal_of


def understood(kind, text, **options):
    return Read(kind, text, **options).understood


def test_columns_are_found_whatever_their_case_blanks_and_marks():
    found = understood("products", "Product ID;IN-STOCK;Sale_Price;colour\np;1;2;red\n")

    assert found.sources == {"product_id": ("Product ID",), "in_stock": ("IN-STOCK",), "sale_price": ("Sale_Price",)}
    assert (found.format.name, found.kind, found.unused) == ("own", "products", ("colour",))


def test_a_mapping_outweighs_the_format_and_takes_several_columns_only_where_all_count():
    text = "product_id,name,title,a,b\np,x,y,1,2\n"
    found = understood("products", text, mapping={"Title": "name", "a": "tags", "b": "tags"})

    assert found.sources == {"product_id": ("product_id",), "name": ("title",), "tags": ("a", "b")}
    assert (
        refusal_of("products", text, mapping={"title": "name", "a": "name"}) == "--map gives name two columns: title and a."
    )


def test_a_column_of_the_format_can_be_given_another_meaning():
    found = understood("products", "product_id,name,brand\np,x,y\n", mapping={"brand": "name"})

    assert found.sources == {"product_id": ("product_id",), "name": ("brand",)}


def test_a_constant_takes_the_place_of_a_column():
    found = understood("products", "product_id,currency\np,EUR\n", constants={"currency": "USD"})

    assert "currency" not in found.sources


def test_a_constant_can_be_the_needed_field():
    assert understood("events", "customer_id\nc-1\n", constants={"product_id": "p"}).kind == "events"


@pytest.mark.parametrize(
    ("kind", "header", "of"),
    [
        ("events", "customer_id,product_id,order_id", "orders"),
        ("events", "customer_id,product_id,order_id,event_type", "events"),
        ("events", "customer_id,product_id", "events"),
        ("orders", "customer_id,product_id,order_id,event_type", "orders"),
        ("events", "timestamp,visitorid,event,itemid,transactionid", "events"),
        ("events", "event_time,order_id,product_id,category_code,user_id", "orders"),
    ],
)
def test_events_with_order_ids_and_no_types_are_lines_of_orders(kind, header, of):
    assert understood(kind, f"{header}\n{','.join('1' for _ in header.split(','))}\n").kind == of


def test_a_constant_type_keeps_events_with_order_ids_events():
    text = "customer_id,product_id,order_id\nc,p,o\n"

    assert understood("events", text, constants={"event_type": "purchase"}).kind == "events"


@pytest.mark.parametrize(
    ("kind", "text", "field", "hint"),
    [
        ("products", "produkt_id,name\np,x\n", "product_id", '--map "produkt_id=product_id"'),
        ("products", "Titel,Artikelnummer\nx,1\n", "product_id", '--map "Artikelnummer=product_id"'),
        ("products", "a,b\nx,1\n", "product_id", '--map "THEIRS=product_id"'),
        ("customers", "Name,Kundennr\nx,1\n", "customer_id", '--map "Kundennr=customer_id"'),
        ("events", "product_id,shopper,when\np,7,x\n", "customer_id", '--map "THEIRS=customer_id"'),
        ("events", "customer_id,item\n7,p\n", "product_id", '--map "item=product_id"'),
        ("orders", "customer_id,product_id,invoice\n7,p,1\n", "order_id", '--map "invoice=order_id"'),
    ],
)
def test_a_missing_column_is_named_with_the_nearest_remedy(kind, text, field, hint):
    message = refusal_of(kind, text)

    assert message.startswith(f"file.csv has no column {field}, which {kind} need. Did you mean `{hint}`? The columns are")
    assert message.endswith(f"separated by commas: {text.splitlines()[0].replace(',', ', ')}.")


def test_of_many_columns_the_first_sixty_are_named():
    header = ",".join(f"c{number}" for number in range(70))

    assert refusal_of("products", f"{header}\n{header}\n").endswith("c58, c59 ....")


def test_a_mapping_of_a_missing_column_names_the_nearest():
    text = "Artikel;Titel\n1;x\n"

    assert 'Did you mean `--map "Titel=name"`?' in refusal_of("products", text, mapping={"Titl": "name"})
    far = refusal_of("products", text, mapping={"price": "price"})
    assert (
        far == "file.csv has no column price, which --map names. The columns are, separated by semicolons: Artikel, Titel."
    )


def test_a_needed_column_that_stands_there_twice_is_refused():
    assert refusal_of("products", "product_id,name,name\np,x,y\n") == (
        "file.csv has the column name twice, and it is needed for name."
    )


def test_a_format_by_name_must_be_one_of_the_kind():
    assert refusal_of("customers", "a\n1\n", format="ga4") == "--format ga4: known for customers are gorse, own."
    assert understood("products", "product_id,title,price\np,x,1\n", format="own").format.name == "own"


def test_a_file_of_another_kind_is_told_apart():
    header = "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session"

    assert "looks like another kind of file: REES46" in refusal_of("products", f"{header}\n,,p,,,,1,,\n")
    assert understood("products", f"{header}\n,,p,,,,1,,\n", format="own").format.name == "own"


@pytest.mark.parametrize(
    ("column", "cell"),
    [("created", "2026-01-02"), ("event_date", "1767312000"), ("zeitstempel", "3 Mar 2026")],
    ids=["date", "number-under-a-name-of-time", "words"],
)
def test_a_column_with_times_is_not_left_out_silently(column, cell):
    message = refusal_of("events", f"customer_id,product_id,{column}\nc,p,{cell}\n")

    assert message == (
        f"file.csv: the column {column} has times, but no column is known to be occurred_at."
        f' Did you mean `--map "{column}=occurred_at"`? If the events are of now, use --set occurred_at=now.'
    )


@pytest.mark.parametrize(
    ("column", "cells"),
    [("number", ["1767312000"]), ("note", ["2026-01-02", "hello"]), ("note", [""]), ("event_day", ["7"])],
    ids=["a-number", "some-texts", "empty", "no-time"],
)
def test_other_columns_are_no_times(column, cells):
    text = "\n".join(f"c,p,{cell}" for cell in cells)

    assert understood("events", f"customer_id,product_id,{column}\n{text}\n").unused == (column,)


def test_the_sequence_of_dates_is_decided_by_the_column():
    def order(*cells):
        text = "\n".join(f"c,p,{cell}" for cell in cells)
        return understood("events", f"customer_id,product_id,occurred_at\n{text}\n").date_orders

    assert order("13/04/2026", "01/02/2026") == {"occurred_at": "dmy"}
    assert order("04/13/2026", "01/02/2026") == {"occurred_at": "mdy"}
    assert order("01/02/2026") == {"occurred_at": "undecidable"}
    assert order("2026-01-02") == {"occurred_at": None}


def test_an_option_decides_the_sequence_of_dates():
    text = "customer_id,product_id,occurred_at\nc,p,01/02/2026\n"

    assert understood("events", text, dates="mdy").date_orders == {"occurred_at": "mdy"}


def test_the_decimal_mark_and_the_separator_of_levels_are_decided_by_their_columns():
    found = understood("products", "product_id;price;category\np;1.299;a.b\nq;1,50;c.d\n")

    assert (found.decimal_mark, found.category_separator) == (",", ".")


def test_ids_that_are_all_numbers_with_a_zero_are_whole_numbers():
    found = understood("orders", "order_id,customer_id,product_id\n1.0,17850.0,A.0\n2.0,,B\n")

    assert found.float_ids == {"order_id", "customer_id"}


def test_anonymous_ids_stand_for_customers_where_nobody_is_named():
    header = "customer_id,anonymous_id,product_id\n"

    assert understood("events", f"{header}NA,a,p\n,b,p\n").anonymous_is_customer
    assert not understood("events", f"{header}NA,a,p\nc-1,b,p\n").anonymous_is_customer
    assert understood("events", f"{header}No one,a,p\n", nulls=("no one",)).anonymous_is_customer


def records(*lines):
    return "".join(json.dumps(line) + "\n" for line in lines)


def test_records_are_read_by_paths_which_may_be_mapped():
    text = records(
        {"number": 7, "who": {"id": "c-1"}, "what": [{"sku": "p"}, {"sku": "q"}], "at": 1767312000, "more": {"x": 1}}
    )
    mapping = {"who.id": "customer_id", "what[].sku": "product_id", "at": "occurred_at"}

    found = understood("events", text, mapping=mapping)

    assert {field: found.sources[field] for field in ("customer_id", "product_id")} == {
        "customer_id": ("who.id",), "product_id": ("what[].sku",),
    }  # fmt: skip
    assert "more.x" in found.unused
    assert found.present == {"customer_id", "product_id", "occurred_at"}


def test_two_lists_of_a_record_cannot_both_be_lines():
    text = records({"customer_id": "c-1", "a": [{"x": 1}], "b": [{"y": 2}]})

    message = refusal_of("events", text, mapping={"a[].x": "product_id", "b[].y": "quantity"})

    assert message.startswith("file.csv: ")


def test_records_of_which_none_can_be_read_are_not_understood():
    message = refusal_of("products", "[5, 6]")

    assert re.fullmatch(r"file\.csv has no rows that can be read\. Line 1: Not a JSON object\.", message)
