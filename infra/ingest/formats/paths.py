"""Read values of nested records by path: `a.b`, `a[0].b`, `a[key=b].c`, and `a[].b` for every element of a list."""

from collections.abc import Iterable, Mapping
from typing import Any


def value_at(record: Mapping[str, Any], path: str) -> Any:
    """Return the value at a path, None if there is none; a key that is the whole path comes first."""
    return None


def paths_of(record: Mapping[str, Any]) -> set[str]:
    """Return all paths of a record, of inner nodes and of leaves, with `[]` for lists: the columns of a JSON file."""
    return set()


def texts_of(value: Any, separator: str | None = None) -> list[str]:
    """Return the texts in a cell: split by a separator (`\\,` is none), or the elements of a list or an object at any depth."""
    return []


class RecordReader:
    """Return our fields of a record, as one dict for each element of the list that the paths name, or one in all.

    `fields` are our fields and their paths (`format.columns_of`). A field of MULTIPLE gets the list of all its values; any
    other the first that is neither None, "" nor []. A field without a value is left out.
    """

    def __init__(self, fields: Mapping[str, tuple[str, ...]]) -> None:
        self._fields = fields

    def __call__(self, record: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [{}]


def list_of(paths: Iterable[str]) -> str | None:
    """Return the one list that paths expand, None without one; raise ValueError if they expand two."""
    return None
