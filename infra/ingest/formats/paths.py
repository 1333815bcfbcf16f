"""Read values of nested records by path: `a.b`, `a[0].b`, `a[key=b].c`, and `a[].b` for every element of a list."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from infra.ingest.formats.format import MULTIPLE

Step = Callable[[Any], Any]

_MAX_DEPTH = 8
_SELECTOR = re.compile(r"(?P<key>[^\[\]]*)\[(?:(?P<index>\d+)|(?P<name>[^=\]]+)=(?P<value>[^\]]*))\]")
_UNESCAPED = r"(?<!\\)"


def value_at(record: Mapping[str, Any], path: str) -> Any:
    """Return the value at a path, None if there is none; a key that is the whole path comes first."""
    if path in record:
        return record[path]
    value: Any = record
    for step in _steps(path):
        value = step(value)
        if value is None:
            return None
    return value


def paths_of(record: Mapping[str, Any]) -> set[str]:
    """Return all paths of a record, of inner nodes and of leaves, with `[]` for lists: the columns of a JSON file."""
    return set(_paths(record, "", _MAX_DEPTH))


def texts_of(value: Any, separator: str | None = None) -> list[str]:
    r"""Return the texts in a cell: split by a separator (`\,` is none), or the elements of a list or an object at any depth.

    Blanks at the ends, empty texts, and values that are true or false are left out.
    """
    if isinstance(value, str):
        texts = re.split(_UNESCAPED + re.escape(separator), value) if separator else [value]
        return [text for part in texts if (text := part.replace(f"\\{separator}", separator or "").strip())]
    if isinstance(value, Mapping):
        return texts_of(list(value.values()), separator)
    if isinstance(value, list | tuple):
        return [text for element in value for text in texts_of(element, separator)]
    return [] if value is None or isinstance(value, bool) else [str(value)]


class RecordReader:
    """Return our fields of a record, as one dict for each element of the list that the paths name, or one in all.

    `fields` are our fields and their paths (`format.columns_of`). A field of MULTIPLE gets the list of all its values; any
    other the first that is neither None, "", {} nor []. A field without a value is left out. A record in which the list is
    missing or empty is one line. `nulls` are texts in small letters that mean "nothing". Raise ValueError if the paths
    expand two lists.
    """

    def __init__(self, fields: Mapping[str, tuple[str, ...]], nulls: Collection[str] = ()) -> None:
        self._nulls = frozenset(nulls)
        self._list = list_of(path for paths in fields.values() for path in paths)
        prefix = None if self._list is None else f"{self._list}[]"
        self._of_record = [
            (field, [path for path in paths if not _is_below(path, prefix)]) for field, paths in fields.items()
        ]
        self._of_element = [
            (field, [_below(path, prefix) for path in paths if _is_below(path, prefix)]) for field, paths in fields.items()
        ]

    def __call__(self, record: Mapping[str, Any]) -> list[dict[str, Any]]:
        shared = _values(record, self._of_record, self._nulls)
        elements = None if self._list is None else value_at(record, self._list)
        if isinstance(elements, Mapping):
            elements = [elements]
        if not isinstance(elements, list) or not elements:
            return [shared]
        return [self._merged(shared, _values(_as_mapping(element), self._of_element, self._nulls)) for element in elements]

    def _merged(self, shared: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
        """Put the values of an element before those of its record."""
        line = {**shared, **own}
        for field in MULTIPLE & shared.keys() & own.keys():
            line[field] = own[field] + shared[field]
        return line


def list_of(paths: Iterable[str]) -> str | None:
    """Return the one list that paths expand, None without one; raise ValueError if they expand two."""
    lists = {path.partition("[]")[0] for path in paths if "[]" in path}
    if len(lists) > 1:
        raise ValueError(f"Expected paths of one list, not of {' and '.join(sorted(lists))}")
    return lists.pop() if lists else None


def _is_below(path: str, prefix: str | None) -> bool:
    return prefix is not None and path.startswith(prefix)


def _below(path: str, prefix: str | None) -> str:
    return path.removeprefix(prefix or "").removeprefix(".")


def _as_mapping(element: Any) -> Mapping[str, Any]:
    """Return an element of a list; a list of plain ids has the path "" for its elements."""
    return element if isinstance(element, Mapping) else {"": element}


def _values(record: Mapping[str, Any], fields: list[tuple[str, list[str]]], nulls: frozenset[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field, paths in fields:
        if field in MULTIPLE:
            values = [value for path in paths if not _is_empty(value := value_at(record, path), nulls)]
            if values:
                found[field] = values
            continue
        for path in paths:
            value = value_at(record, path)
            if not _is_empty(value, nulls):
                found[field] = value
                break
    return found


def _is_empty(value: Any, nulls: frozenset[str]) -> bool:
    if isinstance(value, str):
        return not value or (bool(nulls) and value.lower() in nulls)
    return value is None or (not value and isinstance(value, list | dict))


@lru_cache(maxsize=1024)
def _steps(path: str) -> tuple[Step, ...]:
    return tuple(_step(part) for part in re.split(r"\.(?![^\[]*\])", path))


def _step(part: str) -> Step:
    """Return a function from a node to the node that one part of a path names in it, None if it has none."""
    if match := _SELECTOR.fullmatch(part):
        key, index, name, wanted = match["key"], match["index"], match["name"], match["value"]
        if index:
            return lambda node: _element(_child(node, key), int(index))
        return lambda node: _with(_child(node, key), name, wanted)
    return lambda node: _child(node, part)


def _child(node: Any, key: str) -> Any:
    return node.get(key) if isinstance(node, Mapping) else None


def _element(node: Any, index: int) -> Any:
    """Return an element of a list; of a value that is no list, itself, as XML has one element or several."""
    if not isinstance(node, list):
        return node if index == 0 else None
    return node[index] if index < len(node) else None


def _with(node: Any, name: str, wanted: str) -> Any:
    elements = node if isinstance(node, list) else []
    return next((element for element in elements if isinstance(element, Mapping) and element.get(name) == wanted), None)


def _paths(node: Any, path: str, depth: int) -> Iterator[str]:
    if isinstance(node, Mapping) and depth:
        for key, child in node.items():
            inner = f"{path}.{key}" if path else key
            yield inner
            yield from _paths(child, inner, depth - 1)
    elif isinstance(node, list) and depth:
        for element in node[:10]:
            yield from _paths(element, f"{path}[]", depth - 1)
