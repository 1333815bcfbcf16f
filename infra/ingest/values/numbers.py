"""Read whole numbers, and ids that a program wrote as numbers."""

from collections.abc import Iterable
from typing import Any


def quantity(value: Any) -> int:
    """Return a whole number; a negative one is a return."""


def are_float_ids(values: Iterable[Any]) -> bool:
    """Return whether all ids of a column were written as 12.0, as data frames do where one is missing."""


def text_id(value: Any, *, is_float: bool = False) -> str:
    """Return an id as text; a number as its digits, with `is_float` also a text such as 12.0."""
