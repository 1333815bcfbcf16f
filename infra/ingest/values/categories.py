"""Read categories."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Literal


def category_separator(values: Iterable[Any]) -> Literal["."] | None:
    """Return "." if a column writes levels as in `electronics.smartphone`, else None."""


def category_path(text: str, separator: str | None, roots: Collection[str] = ()) -> str:
    """Return a category in our form: levels joined by "/"; "" if it has none."""


def main_category(paths: Sequence[str]) -> tuple[str | None, tuple[str, ...]]:
    """Return the first deepest path, and the last levels of the others as tags."""
