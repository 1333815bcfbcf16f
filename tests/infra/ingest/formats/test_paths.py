"""Values of nested records, and one line of ours for each product of an event."""

import pytest

from infra.ingest.formats import columns_of, find
from infra.ingest.formats.paths import RecordReader, list_of, paths_of, texts_of, value_at
from infra.ingest.formats.variants import variant_ids
from tests.infra.ingest.formats.exports import (
    GA4_EVENT,
    GOOGLE_RETAIL_EVENT,
    GOOGLE_RETAIL_PRODUCT,
    SEGMENT_ORDER,
    SEGMENT_VIEW,
    WOOCOMMERCE_API_ORDER,
)

RECORD = {
    "id": "a",
    "info": {"price": 5, "names": ["x", "y"]},
    "params": [{"key": "one", "value": 1}, {"key": "two", "value": 2}, "three"],
    "flat.key": "f",
    "single": {"uri": "u"},
}


def lines_of(kind, *records, nulls=()):
    columns = set().union(*map(paths_of, records))
    reader = RecordReader(columns_of(find(columns, kind), columns), nulls)
    return [line for record in records for line in reader(record)]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("id", "a"),
        ("info.price", 5),
        ("info.names", ["x", "y"]),
        ("info.names[1]", "y"),
        ("info.names[2]", None),
        ("params[key=two].value", 2),
        ("params[key=four].value", None),
        ("id[key=one].value", None),
        ("single[0].uri", "u"),
        ("single[1].uri", None),
        ("flat.key", "f"),
        ("id.price", None),
        ("nothing.at.all", None),
    ],
)
def test_a_path_leads_to_a_value_or_to_none(path, value):
    assert value_at(RECORD, path) == value


def test_all_paths_of_a_record_are_its_columns():
    assert paths_of({"a": {"b": 1, "c": [{"d": 2}, {"e": 3}]}, "f": ["g"]}) == {
        *("a", "a.b", "a.c", "a.c[].d", "a.c[].e", "f"),
    }


def test_records_of_any_depth_have_a_bounded_number_of_paths():
    deep = {}
    for _ in range(50):
        deep = {"a": deep}
    assert len(paths_of(deep)) == 8
    assert paths_of({"list": [{f"k{number}": 1} for number in range(100)]}) == {
        "list",
        *(f"list[].k{number}" for number in range(10)),
    }


def test_each_product_of_an_order_is_a_line_with_the_fields_of_the_order():
    assert lines_of("events", GOOGLE_RETAIL_EVENT) == [
        {
            "customer_id": "u-1",
            "anonymous_id": "v-1",
            "event_type": "purchase-complete",
            "occurred_at": "2026-02-17T11:55:00Z",
            "order_id": "T-1",
            "currency": "USD",
            "product_id": product_id,
            "quantity": quantity,
        }
        for product_id, quantity in [("GR-1", 2), ("GR-2", 1)]
    ]


def test_an_event_without_a_list_of_products_is_one_line():
    view, first, second = lines_of("events", SEGMENT_VIEW, SEGMENT_ORDER)
    assert (view["product_id"], view["unit_price"], view["email"]) == ("dice", 9.5, "canary@example.com")
    assert (first["product_id"], first["quantity"], first["order_id"]) == ("dice", 3, "SO-1")
    assert (second["product_id"], "quantity" in second) == ("board-S", False)
    assert lines_of("events", GOOGLE_RETAIL_EVENT, GOOGLE_RETAIL_EVENT | {"productDetails": []})[-1] == {
        "customer_id": "u-1",
        "anonymous_id": "v-1",
        "event_type": "purchase-complete",
        "occurred_at": "2026-02-17T11:55:00Z",
        "order_id": "T-1",
        "currency": "USD",
    }


def test_values_that_mean_nothing_in_a_format_are_passed_over():
    bell, lock = lines_of("events", GA4_EVENT, nulls=("(not set)",))
    assert (bell["product_id"], bell["order_id"], bell["currency"]) == ("BK-1", "GA-1", "EUR")
    assert lock["product_id"] == "Lock"
    assert "customer_id" not in bell


def test_an_empty_value_gives_way_to_the_next_path():
    kettle, cup = lines_of("orders", WOOCOMMERCE_API_ORDER)
    assert (kettle["product_id"], cup["product_id"]) == ("KET-1", 22)
    assert (kettle["email"], kettle["customer_id"]) == ("canary@example.com", 0)
    assert kettle["occurred_at"] == "2026-03-04T09:15:00"


def test_fields_of_several_values_take_all_of_them_and_others_the_first():
    (product,) = lines_of("products", GOOGLE_RETAIL_PRODUCT)
    assert product["category"] == [["Office", "Office > Paper"]]
    assert (product["brand"], product["image_url"]) == ("Papierhaus", "https://shop.example.com/1.jpg")
    reader = RecordReader({"tags": ("items[].tag", "tags", "none"), "product_id": ("items[].id",)})
    assert reader({"tags": ["a"], "items": [{"id": 1, "tag": "b"}, {"id": 2}]}) == [
        {"tags": ["b", ["a"]], "product_id": 1},
        {"tags": [["a"]], "product_id": 2},
    ]


def test_a_list_may_have_one_element_as_in_xml_or_plain_ids():
    reader = RecordReader({"product_id": ("items[].id", "items[]")})
    assert reader({"items": {"id": "one"}}) == [{"product_id": "one"}]
    assert reader({"items": ["one", "two"]}) == [{"product_id": "one"}, {"product_id": "two"}]
    assert reader({"items": "broken"}) == [{}]


def test_only_one_list_can_be_expanded():
    assert list_of(["a", "b.c[].d", "b.c[].e"]) == "b.c"
    assert list_of(["a"]) is None
    with pytest.raises(ValueError, match=r"^Expected paths of one list, not of a and b$"):
        RecordReader({"x": ("a[].x",), "y": ("b[].y",)})


@pytest.mark.parametrize(
    ("value", "separator", "texts"),
    [
        ("a, b,,c ", ",", ["a", "b", "c"]),
        (r"Food\, drink, Sale", ",", ["Food, drink", "Sale"]),
        ("a, b", None, ["a, b"]),
        (["a|b", "", None, 5], "|", ["a", "b", "5"]),
        ({"topics": ["home", "light"], "hidden": True}, None, ["home", "light"]),
        (None, ",", []),
    ],
)
def test_the_texts_of_a_cell_are_split_or_gathered(value, separator, texts):
    assert texts_of(value, separator) == texts


def test_the_variants_that_a_product_names_are_found():
    assert variant_ids("sku=A-S,size=S,color=Red|sku=A-M,size=M|size=L,sku=A-L|sku=A-S") == ("A-S", "A-M", "A-L")
    assert variant_ids("") == ()
