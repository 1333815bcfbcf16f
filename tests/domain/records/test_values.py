"""Single fields: ids, money and instants."""

import re
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.records.values import (
    CUSTOMER_ID_PATTERN,
    EPOCH,
    ID_PATTERN,
    PUBLISHED_PATTERNS,
    CustomerId,
    Id,
    check_instant,
    check_money,
    from_microseconds,
    from_units,
    readable_message,
    to_microseconds,
    to_units,
)
from tests.ids import NOT_IDS, REAL_IDS, ids

BLANKS = tuple(map(chr, (0x20, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)))


@pytest.mark.parametrize(
    "text", [*REAL_IDS, "c-1", "A.b_9", "...", "../x", "x" * 128, "😀" * 128, "e\u0301", "é", "商品　1", "/"]
)
def test_an_id_is_any_printable_text_and_stays_as_it_is(text):
    assert msgspec.convert(text, Id) == msgspec.convert(text, CustomerId) == text


@given(ids())
def test_letters_marks_numbers_punctuation_and_symbols_of_all_scripts_are_characters_of_ids(text):
    assert msgspec.convert(text, Id) == text


@pytest.mark.parametrize("text", NOT_IDS.values(), ids=NOT_IDS)
def test_other_ids_are_refused(text):
    for kind in (Id, CustomerId):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(text, kind)


@pytest.mark.parametrize("blank", BLANKS, ids=lambda blank: f"{ord(blank):04x}")
def test_a_blank_stands_between_words_only(blank):
    assert msgspec.convert(f"a{blank}b", Id)
    for text in (f"a{blank}", f"{blank}a", f"a{blank} b"):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(text, Id)


@given(st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp"]))
def test_control_characters_invisible_ones_and_lone_surrogates_are_refused(character):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(f"a{character}b", Id)


@pytest.mark.parametrize("name", ["process-browsing", "process-purchase"])
def test_customer_ids_are_not_names_of_paths(name):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(name, CustomerId)
    assert msgspec.convert(name, Id) == name


@given(ids())
def test_the_published_pattern_accepts_every_id(text):
    assert re.search(PUBLISHED_PATTERNS[ID_PATTERN], text)


@pytest.mark.parametrize("text", ["", ".", "..", "a\n", "a  b", " a", "a\u200bb", "a\u2028b", "a\x00b"])
def test_the_published_pattern_refuses_what_is_no_id(text):
    assert not re.search(PUBLISHED_PATTERNS[ID_PATTERN], text)


@pytest.mark.parametrize("kind", [Id, CustomerId])
def test_a_message_with_a_pattern_is_replaced_by_a_readable_one(kind):
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.convert("a  b", kind)

    pattern = CUSTOMER_ID_PATTERN if kind is CustomerId else ID_PATTERN
    assert str(refused.value) == f"Expected `str` matching regex {pattern!r}"
    assert readable_message(str(refused.value)).startswith("Expected printable text without invisible characters, ")
    assert ("`process-browsing`" in readable_message(str(refused.value))) == (kind is CustomerId)
    assert readable_message("another message") == "another message"


@pytest.mark.parametrize("microseconds", [0, 1, 1_700_000_000_123_456, to_microseconds(datetime.max.replace(tzinfo=UTC))])
def test_instants_are_whole_microseconds_of_any_year(microseconds):
    assert to_microseconds(from_microseconds(microseconds)) == microseconds


@pytest.mark.parametrize(("amount", "units"), [(0.0, 0), (19.99, 199_900), (0.0001, 1), (1e9, 10**13)])
def test_money_is_stored_as_ten_thousandths(amount, units):
    assert to_units(amount) == units
    assert from_units(units) == amount


def test_money_has_at_most_4_decimals():
    check_money(None)
    check_money(9.9999)
    with pytest.raises(ValueError, match="Expected at most 4 decimals"):
        check_money(9.99999)


def test_instants_are_of_1970_or_later():
    check_instant(None)
    check_instant(EPOCH)
    with pytest.raises(ValueError, match="Expected an instant of 1970 or later"):
        check_instant(EPOCH - timedelta(microseconds=1))
