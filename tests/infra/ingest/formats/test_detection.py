"""Each export is detected by its columns, and as nothing else."""

import pytest

from infra.ingest.formats import FORMATS, columns_of, describe, find, named, names, normalised
from infra.ingest.formats.format import matched
from infra.ingest.formats.own import FIELDS
from tests.infra.ingest.formats.exports import COLUMNS, GA4_FLAT, REES46, SHOPIFY_ORDERS, SHOPIFY_PRODUCTS_2025, UCI_RETAIL

OUR_FIELDS = {field for fields in FIELDS.values() for field in fields} | {
    *("category_otherwise", "category_levels", "sale_period", "stock_tracked", "sells_without_stock", "variants"),
}


@pytest.mark.parametrize(("name", "kind", "columns"), COLUMNS)
def test_an_export_is_detected_as_what_it_is_whatever_is_asked_for(name, kind, columns):
    found = find(columns, kind)
    assert found is not None
    assert (found.name, found.kind) == (name, kind)
    assert find(columns, None).name == name


@pytest.mark.parametrize(("name", "kind", "columns"), COLUMNS)
def test_case_blanks_and_marks_of_columns_do_not_matter(name, kind, columns):
    spelled = [column.upper().replace("_", " ").replace(" ", "-") for column in columns]
    found = find(spelled, kind)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(("name", "kind", "columns"), COLUMNS)
def test_no_other_export_has_the_signature_of_a_longer_one(name, kind, columns):
    full = {definition.name for definition in FORMATS if matched(definition, columns) >= 4}
    assert full <= {name}, kind


def test_every_format_is_detected_by_a_test():
    tried = {id(find(columns, kind)) for _, kind, columns in COLUMNS}
    assert {id(definition) for definition in FORMATS} == tried


def test_every_format_fills_fields_that_exist_and_names_its_products_or_customers():
    for definition in FORMATS:
        assert set(definition.fields) <= OUR_FIELDS, definition.name
        assert ("customer_id" if definition.kind == "customers" else "product_id") in definition.fields


def test_files_of_events_may_hold_orders_and_the_reverse():
    assert find(SHOPIFY_ORDERS, "events") == find(SHOPIFY_ORDERS, "orders")
    assert find(REES46, "orders") == find(REES46, "events")
    assert find(SHOPIFY_ORDERS, "products") is None
    assert find(["product_id", "customer_id", "order_id", "event_type"], "events").kind == "events"
    assert find(["product_id", "customer_id", "event_type"], "orders").kind == "events"


def test_unknown_columns_are_no_format():
    assert find(["Artikel", "Bezeichnung", "Preis"], "products") is None
    assert find([], None) is None


def test_a_format_is_found_by_name_in_the_generation_that_fits_best():
    assert named("shopify-products", "products", SHOPIFY_PRODUCTS_2025).fields["product_id"] == "URL handle"
    assert named("shopify-products", "products", ["Handle", "Variant Price"]).fields["product_id"] == "Handle"
    assert named("uci-retail", "events", UCI_RETAIL).return_prefix == "C"
    assert named("rees46", "orders", ["user_id"]).kind == "orders"
    assert named("shopify-products", "events", SHOPIFY_PRODUCTS_2025) is None
    assert named("no-such-format", "products", []) is None


def test_the_names_that_an_option_takes_depend_on_the_kind():
    assert names("customers") == ("gorse", "own")
    assert names("events") == names("orders")
    assert "shopify-orders" in names("events")
    assert "magento" not in names("events")


def test_the_description_has_a_line_for_each_kind_of_each_format_but_our_own():
    lines = describe().splitlines()
    assert len(lines) == len({(definition.name, definition.kind) for definition in FORMATS if definition.name != "own"})
    assert lines[0].startswith("shopify-products  products   Shopify: ")
    assert all(len(line) <= 130 for line in lines)


def test_columns_are_compared_without_case_blanks_and_marks():
    assert normalised(" E-Mail ") == normalised("email")
    assert normalised("Product_ID") == normalised("product id")
    assert normalised("g:image_link") == "imagelink"
    assert normalised("item.g:id") == "item.id"
    assert normalised("items[0].item_id") == normalised("Items[].Item ID")


def test_fields_are_found_under_the_names_of_the_file_in_the_order_of_the_format():
    columns = columns_of(find(UCI_RETAIL, "orders"), [column.upper() for column in UCI_RETAIL])
    assert columns["order_id"] == ("INVOICENO",)
    assert columns["unit_price"] == ("UNITPRICE",)
    assert "status" not in columns


def test_paths_of_later_records_are_kept_if_asked_for():
    ga4 = find(GA4_FLAT, "events")
    assert columns_of(ga4, GA4_FLAT)["product_id"] == ("item_id", "item_name")
    assert columns_of(ga4, GA4_FLAT, keep_absent=True)["product_id"] == (
        *("items[].item_id", "item_id", "items[].item_name", "item_name"),
    )
