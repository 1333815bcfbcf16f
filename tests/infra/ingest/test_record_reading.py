"""The fields of products and customers in a row."""

import json
from datetime import UTC, datetime

import pytest

from infra.ingest.record_reading import short_text
from tests.infra.ingest.lines_of import Read


def product_of(text, **options):
    """Return the only product of a text without its id, or why it is refused."""
    [product] = Read("products", text, **options).lines
    if isinstance(product, dict):
        del product["product_id"]
    return product


def cell(field, value, **options):
    return product_of(json.dumps({"product_id": "p", field: value}) + "\n", **options)


@pytest.mark.parametrize(
    ("field", "value", "read"),
    [
        ("name", " Lamp \n  red", "Lamp red"),
        ("name", 7, "7"),
        ("brand", ["Lumo", "Other"], "Lumo"),
        ("currency", "€", "EUR"),
        ("withdrawn", "no", False),
        ("url", "https://shop.example/p", "https://shop.example/p"),
        ("image_url", ["a.jpg", "b.jpg"], "a.jpg"),
        ("created_at", "2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("created_at", "now", datetime(2026, 11, 23, 10, tzinfo=UTC)),
        ("variant_of", " parent ", "parent"),
        ("in_stock", "sold out", False),
        ("in_stock", 3, True),
        ("in_stock", "", None),
        ("name", None, None),
        ("aliases", "a|b||a", ["a", "b", "a"]),
        ("price", "12,50 €", (12.5, "EUR")),
        ("published", "yes", True),
        ("published", "", None),
        ("tags", ["red", "", "red"], ["red"]),
    ],
)
def test_the_value_of_each_field(field, value, read):
    assert cell(field, value) == {field: read}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", {"en": "Lamp"}),
        ("currency", "shells"),
        ("withdrawn", "perhaps"),
        ("created_at", "1969-12-31"),
        ("created_at", "2099-01-01"),
        ("created_at", "soon"),
        ("variant_of", "p\x01"),
        ("in_stock", "who knows"),
        ("aliases", "a|b\x01"),
        ("price", "-5"),
        ("sale_price", "cheap"),
        ("category", "a/" + "x" * 300),
    ],
)
def test_a_value_that_a_field_cannot_have_refuses_the_row_with_its_field(field, value):
    refused = cell(field, value)

    assert refused[0] == field
    assert str(value) not in refused[1]


def test_published_in_words_that_mean_nothing_refuses_the_row():
    assert cell("published", "perhaps")[0] == "published"


def test_an_empty_member_of_a_record_clears_and_a_missing_one_does_not():
    text = json.dumps({"product_id": "p", "name": None, "tags": [], "variant_of": "", "published": None}) + "\n"

    assert product_of(text) == {"name": None, "tags": [], "variant_of": None, "published": None}


def test_an_empty_cell_clears_the_parent():
    assert product_of("product_id,variant_of\np,\n") == {"variant_of": None}


def test_a_row_needs_the_id_of_its_product():
    assert Read("products", "product_id,name\n,x\n").lines == [("product_id", "Required")]
    assert Read("customers", "customer_id,first_name\n,x\n").lines == [("customer_id", "Required")]


@pytest.mark.parametrize(
    ("cells", "price"),
    [
        ("10,,,", (10.0, None)),
        ("10,8,,", (8.0, None)),
        (",8,,", (8.0, None)),
        ("10,12,,", (10.0, None)),
        ("10,8,2026-11-01,2026-12-01", (8.0, None)),
        ("10,8,2026-12-01,", (10.0, None)),
        ("10,8,,2026-11-01", (10.0, None)),
        (",,,", None),
    ],
)
def test_a_sale_price_is_the_price_while_it_holds(cells, price):
    assert product_of(f"product_id,price,sale_price,sale_from,sale_until\np,{cells}\n") == {"price": price}


def merchant(**cells):
    record = {"id": "p", "title": "Bag", "link": "l", "availability": "in stock", "price": "10 EUR"} | cells
    return product_of(json.dumps(record) + "\n")


def test_a_period_of_a_sale_is_one_cell():
    during, later = "2026-11-01T00:00Z/2026-12-01T00:00Z", "2026-12-01T00:00Z/2026-12-02T00:00Z"

    assert merchant(sale_price="8 EUR", sale_price_effective_date=during)["price"] == (8.0, "EUR")
    assert merchant(sale_price="8 EUR", sale_price_effective_date=later)["price"] == (10.0, "EUR")
    assert merchant(sale_price="8 EUR", sale_price_effective_date="in May")[0] == "sale_period"


@pytest.mark.parametrize(
    ("value", "fields"),
    [
        ("Home > Kitchen > Cups", {"category": "Home/Kitchen/Cups"}),
        ("TV/Video > LED", {"category": "TV-Video/LED"}),
        ("", {"category": None}),
        (["Sale", "Home > Cups"], {"category": "Home/Cups", "tags": ["Sale"]}),
    ],
)
def test_the_first_deepest_category_counts_and_others_are_tags(value, fields):
    assert cell("category", value) == fields


def test_a_category_of_another_system_counts_only_where_there_is_no_own():
    assert merchant(product_type="Own", google_product_category="Bags > Totes")["category"] == "Own"
    assert merchant(product_type="", google_product_category="Bags > Totes")["category"] == "Bags/Totes"
    assert merchant(google_product_category="4171")["category"] is None


def test_at_most_a_hundred_tags_are_taken():
    assert len(cell("tags", [f"t{number}" for number in range(150)])["tags"]) == 100


def shopify(**cells):
    columns = ["Handle", "Title", "Option1 Name", "Variant Price", "Variant Inventory Qty", "Variant Inventory Tracker",
               "Variant Inventory Policy"]  # fmt: skip
    record = (
        dict.fromkeys(columns, "") | {"Handle": "p", "Title": "Lamp"} | {key.replace("_", " "): cells[key] for key in cells}
    )
    product = product_of(",".join(columns) + "\n" + ",".join(record[column] for column in columns) + "\n")
    return product["in_stock"] if isinstance(product, dict) else product


def test_stock_that_is_not_tracked_or_sold_beyond_is_available():
    assert shopify(Variant_Price="5", Variant_Inventory_Tracker="shopify", Variant_Inventory_Qty="0") is False
    assert shopify(Variant_Price="5", Variant_Inventory_Tracker="", Variant_Inventory_Qty="0") is True
    policy = {"Variant_Inventory_Policy": "continue"}
    assert shopify(Variant_Price="5", Variant_Inventory_Tracker="shopify", Variant_Inventory_Qty="0", **policy) is True
    assert shopify() is None
    assert shopify(Variant_Inventory_Qty="?!", Variant_Inventory_Tracker="shopify", Variant_Price="5")[0] == "in_stock"


def test_a_product_names_its_variants():
    text = (
        "sku,attribute_set_code,product_type,product_online,categories,configurable_variations\n"
        'p,D,configurable,1,,"sku=p-1,size=S|sku=p-2,size=M"\n'
    )
    lines = Read("products", text).lines

    assert [(line["product_id"], line.get("variant_of")) for line in lines] == [("p", None), ("p-1", "p"), ("p-2", "p")]


def test_dates_that_can_be_read_in_two_ways_are_left_out():
    assert product_of("product_id,created_at\np,01/02/2026\n") == {}


def test_a_constant_is_the_value_of_every_product_unless_the_row_has_its_own():
    assert product_of("product_id,name\np,x\n", constants={"currency": "CHF", "created_at": "now"}) == {
        "name": "x", "currency": "CHF", "created_at": datetime(2026, 11, 23, 10, tzinfo=UTC),
    }  # fmt: skip


def test_texts_are_of_one_line_and_cut_at_200_characters():
    assert short_text("x" * 200) == "x" * 200
    assert short_text("x" * 198 + " yz") == "x" * 198 + "…"


def test_the_fields_of_a_customer():
    header = "customer_id,email,first_name,last_name,phone,segment,is_guest\n"
    text = header + "c-1,canary@example.com,Canary,Canary  B,+canary,premium,yes\n"

    assert Read("customers", text).lines == [{
        "customer_id": "c-1", "email": "canary@example.com", "first_name": "Canary", "last_name": "Canary B",
        "phone": "+canary", "segment": "Premium", "is_guest": True,
    }]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value"), [("email", "nobody"), ("segment", "Gold"), ("phone", "+" + "1" * 99), ("customer_id", "a\x01")]
)
def test_a_value_that_a_customer_cannot_have_refuses_the_row(field, value):
    [refused] = Read("customers", json.dumps({"customer_id": "c-1", "first_name": "Canary", field: value}) + "\n").lines

    assert refused[0] == field


def test_a_row_that_cannot_be_read_is_refused_without_a_field():
    lines = Read("products", '{"product_id": 1}\n{"product_id": 2}\n[]\n').lines

    assert lines == [{"product_id": "1"}, {"product_id": "2"}, (None, "Not a JSON object")]
