"""Read prices as exports write them."""

import math
import re
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

from infra.ingest.values.currencies import currency_code

DecimalMark = Literal[".", ","]

_NOT_MONEY = "Expected an amount of money"
_NEGATIVE = "Expected 0 or more"

_AMOUNT = re.compile(
    r"(?P<before>[^0-9]*?)(?P<number>(?:(?<!\w)[.,])?[0-9](?:[0-9., ']*[0-9])?)(?:[.,](?:-{1,2})?)?(?P<after>[^0-9]*)"
)
"""A number with something before and after it; "12,-" is a round price, and the dot of "Rs.500" is no decimal mark."""

_PLAIN = re.compile(r"\d{1,12}(?:\.\d{1,2})?", re.ASCII)
"""What most prices look like, which need no closer look."""

_SCIENTIFIC = re.compile(r"\d+(?:\.\d+)?[eE][+-]?\d{1,3}", re.ASCII)
_GROUPED = re.compile(r"\d{1,3}(?P<mark>[., '])\d{3}(?:(?P=mark)\d{3})*|\d{1,2}(?:,\d{2})+,\d{3}", re.ASCII)
"""Thousands, and hundred thousands as India writes them."""

_PLAIN_SIGNS = str.maketrans(
    {
        **dict.fromkeys(("\N{MINUS SIGN}", "\N{EN DASH}", "\N{EM DASH}"), "-"),
        **dict.fromkeys(("\N{RIGHT SINGLE QUOTATION MARK}", "\N{MODIFIER LETTER APOSTROPHE}"), "'"),
    }
)
_WITHOUT_SIGNS = str.maketrans("", "", "+-")
_CACHED_TEXTS = 65_536


class MoneyReader:
    """Return an amount, rounded to 4 decimals, and the currency code that the value names, or None.

    Signs and ISO codes may stand before or after the number. Raise ValueError, without the value, for what is negative
    (also in parentheses), not finite, or no amount. `mark` is the decimal mark of the column. It decides only where a value
    has one mark with three digits after it and one to three before, such as 1,299 and 1.299. Where it is a dot, 1,299 are
    thousands and 1.299 has decimals; where it is a comma, the reverse. `own` is the shop's currency, for signs that several
    currencies share.
    """

    def __init__(self, mark: DecimalMark, *, own: str | None = None) -> None:
        self._mark: DecimalMark = mark
        self._own = own
        self._of_text = lru_cache(maxsize=_CACHED_TEXTS)(self._text)

    def __call__(self, value: Any) -> tuple[float, str | None]:
        if isinstance(value, str):
            return self._of_text(value)
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            return _checked(value), None
        raise ValueError(_NOT_MONEY)

    def _text(self, text: str) -> tuple[float, str | None]:
        if _PLAIN.fullmatch(text):
            return float(text), None
        number, currency = _split(text)
        return _checked(_to_float(number, self._mark)), currency_code(currency, own=self._own) if currency else None


def decimal_mark(values: Iterable[Any]) -> DecimalMark:
    """Return the decimal mark of a column: a comma if more of its values show one than a dot, else a dot.

    A value shows its mark if it has both marks (the last one), or one mark that cannot stand before thousands.
    """
    commas = dots = 0
    for value in values:
        if isinstance(value, str):
            shown = _mark_shown(value)
            commas += shown == ","
            dots += shown == "."
    return "," if commas > dots else "."


def _mark_shown(text: str) -> DecimalMark | None:
    try:
        number, _ = _split(text)
    except ValueError:
        return None
    if number.count(",") > 1 or number.count(".") > 1:
        # Only thousands are repeated.
        return "." if number.count(",") > 1 else ","
    if "," in number and "." in number:
        return "," if number.rindex(",") > number.rindex(".") else "."
    if _is_ambiguous(number) or _SCIENTIFIC.fullmatch(number):
        return None
    return "," if "," in number else "." if "." in number else None


def _is_ambiguous(number: str) -> bool:
    """Return whether a number may be thousands or have three decimals; a number that begins with 0 has decimals."""
    return re.fullmatch(r"[1-9]\d{0,2}[.,]\d{3}", number, re.ASCII) is not None


def _split(text: str) -> tuple[str, str]:
    """Return the number and the currency of a text, without blanks around them."""
    text = " ".join(text.translate(_PLAIN_SIGNS).split())
    if _SCIENTIFIC.fullmatch(text):
        return text, ""
    in_parentheses = text.startswith("(") and text.endswith(")")
    match = _AMOUNT.fullmatch(text[1:-1] if in_parentheses else text)
    if match is None:
        raise ValueError(_NOT_MONEY)
    number, before, after = match["number"], match["before"].strip(), match["after"].strip()
    if (in_parentheses or "-" in before or "-" in after) and number.strip("0., '"):
        raise ValueError(_NEGATIVE)
    return number, f"{before} {after}".translate(_WITHOUT_SIGNS).strip()


def _to_float(number: str, mark: DecimalMark) -> float:
    if _SCIENTIFIC.fullmatch(number):
        return float(number)
    whole, decimals = _parts(number, mark)
    if not decimals.isdecimal() or not (whole.isdecimal() or _GROUPED.fullmatch(whole)):
        raise ValueError(_NOT_MONEY)
    return float("".join(filter(str.isdecimal, whole)) + "." + decimals)


def _parts(number: str, mark: DecimalMark) -> tuple[str, str]:
    """Return the whole part, perhaps with marks of thousands, and the decimals."""
    if _is_ambiguous(number):
        whole, found, decimals = number.rpartition(mark)
        return (whole, decimals) if found else (number, "0")
    last = max(number.rfind("."), number.rfind(","))
    if last < 0 or number.count(number[last]) > 1:
        return number, "0"
    return number[:last] or "0", number[last + 1 :]


def _checked(amount: float | Decimal) -> float:
    try:
        number = float(amount)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError("Expected a finite number")
    if number < 0:
        raise ValueError(_NEGATIVE)
    return round(number, 4)
