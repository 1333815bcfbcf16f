"""Lines of one product, or of one customer, become one record."""

import pytest
from msgspec import UNSET

from domain.records.customers import CustomerChange
from domain.records.products import MAX_ALIASES, ProductChange
from infra.ingest.lines import RowRefused
from infra.ingest.products import HINT, customer_of, product_of


def product(*lines):
    return product_of([{"product_id": "p"} | line for line in lines])


def test_the_first_value_that_is_not_empty_counts():
    assert product({"name": None, "brand": "A"}, {"name": "Lamp", "brand": "B"}) == ProductChange(
        product_id="p", name="Lamp", brand="A"
    )


def test_a_field_whose_cells_are_all_empty_is_cleared_and_an_absent_one_kept():
    assert product({"name": None}, {"name": None}) == ProductChange(product_id="p", name=None)


def test_the_lowest_price_counts_with_its_currency():
    lines = {"price": (5.0, "USD")}, {"price": None}, {"price": (3.0, "EUR")}, {"price": (4.0, None)}

    assert product(*lines) == ProductChange(product_id="p", price=3.0, currency="EUR")
    assert product({"price": (5.0, None), "currency": "CHF"}) == ProductChange(product_id="p", price=5.0, currency="CHF")
    assert product({"price": None}) == ProductChange(product_id="p", price=None)


def test_a_product_is_in_stock_if_any_of_its_lines_is():
    assert product({"in_stock": False}, {"in_stock": None}, {"in_stock": True}).in_stock is True
    assert product({"in_stock": False}, {"in_stock": None}).in_stock is False
    assert product({"in_stock": None}).in_stock is None


def test_what_is_not_published_is_withdrawn_unless_another_column_says():
    assert product({"published": False}) == ProductChange(product_id="p", withdrawn=True)
    assert product({"published": True}) == ProductChange(product_id="p", withdrawn=False)
    assert product({"published": None}) == ProductChange(product_id="p")
    assert product({"published": True, "withdrawn": True}) == ProductChange(product_id="p", withdrawn=True)
    assert product({"published": False, "withdrawn": None}) == ProductChange(product_id="p", withdrawn=True)


def test_tags_and_other_ids_of_all_lines_are_joined():
    lines = {"tags": ["a", "b"], "aliases": ["1", "p"]}, {"tags": None}, {"tags": ["b", "c"], "aliases": ["2", "1"]}

    assert product(*lines) == ProductChange(product_id="p", tags=("a", "b", "c"), aliases=("1", "2"))
    assert product({"aliases": ["p"]}) == ProductChange(product_id="p")


def test_the_number_of_other_ids_is_bounded():
    found = product({"aliases": [f"a-{number}" for number in range(MAX_ALIASES + 5)]})

    assert isinstance(found, ProductChange)
    assert len(found.aliases) == MAX_ALIASES


def test_what_another_product_says_of_it_is_part_of_it():
    assert product({"variant_of": "parent", HINT: True}, {"name": "Lamp", "variant_of": None}) == ProductChange(
        product_id="p", name="Lamp", variant_of="parent"
    )


def test_a_value_that_a_record_cannot_have_is_refused_without_the_value():
    refused = product({"name": "canary" * 50})

    assert isinstance(refused, RowRefused)
    assert (refused.field, "canary" in refused.reason) == ("name", False)
    segment = customer_of([{"customer_id": "c-1", "segment": "canary"}])
    assert (segment.field, segment.reason) == ("segment", "Expected one of the documented values")


def test_the_lines_of_a_customer_are_one():
    lines = [{"customer_id": "c-1", "first_name": None}, {"customer_id": "c-1", "first_name": "Canary", "is_guest": True}]

    assert customer_of(lines) == CustomerChange(customer_id="c-1", first_name="Canary", is_guest=True)


def test_the_attributes_of_all_lines_count_and_of_each_the_first_value():
    lines = (
        {"attributes": {"colour": "red", "size": None}},
        {"attributes": None},
        {"attributes": {"size": 42, "colour": "blue"}},
    )

    assert product(*lines).attributes == {"colour": "red", "size": 42}
    assert product({"attributes": {"size": None}}, {}).attributes == {"size": None}
    assert product({"attributes": None}).attributes is None


def test_more_attributes_than_a_product_may_have_are_refused():
    refused = product({"attributes": {f"a-{n}": n for n in range(51)}})

    assert isinstance(refused, RowRefused)
    assert refused.field == "attributes"


@pytest.mark.parametrize(
    ("cells", "expected"), [((False, True), False), ((None, False), False), ((True, None), True), ((None,), UNSET)]
)
def test_an_objection_to_profiling_in_any_line_counts_and_an_empty_cell_withdraws_none(cells, expected):
    found = customer_of([{"customer_id": "c-1", "profiling": cell} for cell in cells])

    assert found.profiling is expected
