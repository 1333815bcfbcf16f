"""Read whole numbers, and ids that a program wrote as numbers."""

import re
from collections.abc import Iterable
from typing import Any

from infra.ingest.values.customers import is_no_customer

_WHOLE = re.compile(r"[+-]?(?:\d{1,18}|\d{1,3}(?:,\d{3}){1,5})(?:[.,]0*)?", re.ASCII)
_FLOAT_ID = re.compile(r"(\d+)\.0", re.ASCII)
_ROUNDED_ID = re.compile(r"\d[.,]\d+E\+\d+", re.ASCII)
_MAX_EXACT = 2**53
_NOT_WHOLE = "Expected a whole number"


def quantity(value: Any) -> int:
    """Return a whole number; a negative one is a return. Raise ValueError for parts of one."""
    if isinstance(value, str):
        text = value.strip().replace("\N{MINUS SIGN}", "-")
        if _WHOLE.fullmatch(text) is None:
            raise ValueError(_NOT_WHOLE)
        whole = text if re.fullmatch(r"[+-]?\d{1,3}(?:,\d{3})+", text, re.ASCII) else re.split("[.,](?=0*$)", text)[0]
        return int(whole.replace(",", ""))
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _MAX_EXACT and value % 1 == 0:
        return int(value)
    raise ValueError(_NOT_WHOLE)


def are_float_ids(values: Iterable[Any]) -> bool:
    """Return whether all ids of a column were written as 12.0, as data frames do where one is missing."""
    has_ids = False
    for value in values:
        if is_no_customer(value):
            continue
        if not isinstance(value, str) or _FLOAT_ID.fullmatch(value.strip()) is None:
            return False
        has_ids = True
    return has_ids


def text_id(value: Any, *, is_float: bool = False) -> str:
    """Return an id as text without blanks at its ends: of a number its digits, with `is_float` also of a text such as 12.0.

    Raise ValueError for what is no id, and for ids that a spreadsheet rounded (4.00638E+12), as several become one.
    """
    if isinstance(value, str):
        text = value.strip()
        if _ROUNDED_ID.fullmatch(text):
            raise ValueError("Expected an id that no spreadsheet has rounded")
        # Spreadsheets and Shopify write an apostrophe before digits that are to stay text.
        if text.startswith("'") and text[1:].isdecimal():
            return text[1:]
        return text[:-2] if is_float and _FLOAT_ID.fullmatch(text) else text
    is_exact = isinstance(value, float) and abs(value) <= _MAX_EXACT and value % 1 == 0
    if is_exact or (isinstance(value, int) and not isinstance(value, bool)):
        return str(int(value))
    raise ValueError("Expected an id as text or as a whole number")
