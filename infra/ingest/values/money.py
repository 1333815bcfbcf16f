"""Read prices as exports write them."""

from collections.abc import Iterable
from typing import Any, Literal

DecimalMark = Literal[".", ","]


def decimal_mark(values: Iterable[Any]) -> DecimalMark:
    """Return the decimal mark of a column: a comma if its values show one, else a dot."""


class MoneyReader:
    """Return an amount, rounded to 4 decimals, and the currency code that the value names, or None."""

    def __init__(self, mark: DecimalMark, *, own: str | None = None) -> None: ...

    def __call__(self, value: Any) -> tuple[float, str | None]: ...


def currency_code(text: str, *, own: str | None = None) -> str:
    """Return the ISO 4217 code of a code in any case or of a symbol."""
