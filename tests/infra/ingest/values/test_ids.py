"""Ids and quantities, as programs and spreadsheets write them."""

import pytest

from infra.ingest.values.customers import is_no_customer
from infra.ingest.values.numbers import are_float_ids, quantity, text_id


@pytest.mark.parametrize(
    "value",
    [
        *(None, "", "  ", "NULL", "null", "NA", "N/A", "#N/A", "NaN", float("nan"), "None", "undefined", "guest", "Guest"),
        *("ANONYMOUS", "Guest  user", "0", 0, "0.0", "-", "\\N", "-1", "00000000-0000-0000-0000-000000000000"),
    ],
)
def test_what_systems_write_for_nobody_is_no_customer(value):
    assert is_no_customer(value)


@pytest.mark.parametrize("value", ["k-17", "00", "Nan Goldin", 17, "10", "guest-17", "nobody@example.com"])
def test_everything_else_is_a_customer(value):
    assert not is_no_customer(value)


def test_a_user_may_name_further_nulls():
    assert is_no_customer("Laufkunde", {"laufkunde"})


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("12", 12),
        (" 12 ", 12),
        ("12.0", 12),
        ("12.0000", 12),
        ("12,00", 12),
        ("1,000", 1000),
        ("-1,000", -1000),
        ("1,000.00", 1000),
        ("+3", 3),
        ("-3", -3),
        ("\N{MINUS SIGN}3", -3),
        ("0", 0),
        (12, 12),
        (12.0, 12),
        (-3, -3),
    ],
)
def test_a_quantity_is_a_whole_number_below_zero_for_a_return(value, number):
    assert quantity(value) == number


@pytest.mark.parametrize(
    "value", ["", "two", "1.5", "1,5", "1e3", "NaN", 1.5, True, None, float("nan"), float("inf"), "12,34"]
)
def test_what_is_no_whole_number_is_refused(value):
    with pytest.raises(ValueError, match=r"^Expected a whole number$"):
        quantity(value)


def test_ids_that_a_data_frame_wrote_as_floats_are_told_from_those_that_have_a_dot():
    assert are_float_ids(iter(["17850.0", "", "NA", None, "13047.0"]))
    assert not are_float_ids(["17850.0", "13047"])
    assert not are_float_ids(["17850.0", 5])
    assert not are_float_ids(["", None])
    assert (text_id("17850.0", is_float=True), text_id("17850.0")) == ("17850", "17850.0")
    assert text_id("A-1", is_float=True) == "A-1"


def test_ids_are_kept_as_they_are_but_for_what_programs_add():
    assert text_id("  SKU 12/3 ") == "SKU 12/3"
    assert text_id("007") == "007"
    assert text_id("'0012345678905") == "0012345678905"
    assert text_id("'tis") == "'tis"
    assert text_id(85123) == "85123"
    assert text_id(85123.0) == "85123"


@pytest.mark.parametrize("value", [True, None, 1.5, float("nan"), float("inf"), 1e17, ["a"], "4.00638E+12", "4,00638E+12"])
def test_what_is_no_id_is_refused(value):
    with pytest.raises(ValueError, match=r"^Expected an id"):
        text_id(value)
