"""The attributes of a product in a file: columns such as `attributes.color`, or one object of a JSON record."""

import json
import math
from collections.abc import Mapping
from typing import Any

from domain.records.values import AttributeName, AttributeValue
from infra.ingest.cells import MAX_REMEMBERED, Memo, checked, is_null, short_text
from infra.ingest.formats.own import ATTRIBUTE, ATTRIBUTES
from infra.ingest.lines import RowRefused


class AttributeReader:
    """Return the attributes of a row, None for each empty cell; raise RowRefused."""

    def __init__(self, nulls: frozenset[str]) -> None:
        self._nulls = nulls
        self._names: dict[str, str] = {}
        self._value = Memo(ATTRIBUTES, _value, empty=None, nulls=nulls)

    def __call__(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        members = self._members(raw[ATTRIBUTES]) if ATTRIBUTES in raw else {}
        if members is None:
            return {ATTRIBUTES: None}
        members |= {field.removeprefix(ATTRIBUTE): raw[field] for field in raw if field.startswith(ATTRIBUTE)}
        return {ATTRIBUTES: {self._name(name): self._read(name, members[name]) for name in members}} if members else {}

    def _members(self, value: Any) -> dict[str, Any] | None:
        """Return the members of an object, which in a table is a text; None for an empty cell."""
        if is_null(value, self._nulls):
            return None
        try:
            found = json.loads(value) if isinstance(value, str) else value
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise RowRefused(ATTRIBUTES, "Expected an object")
        return dict(found)

    def _name(self, name: str) -> str:
        if name not in self._names:
            if len(self._names) >= MAX_REMEMBERED:
                self._names.clear()
            try:
                self._names[name] = checked(name.strip(), AttributeName)
            except ValueError as error:
                raise RowRefused(ATTRIBUTES, f"A name: {error}") from None
        return self._names[name]

    def _read(self, name: str, value: Any) -> Any:
        try:
            return self._value[value] if isinstance(value, str) else self._value.of(value)
        except RowRefused as refused:
            raise RowRefused(f"{ATTRIBUTE}{name}", refused.reason) from None


def _value(value: Any) -> Any:
    if isinstance(value, bool | int | float):
        if not math.isfinite(value):
            raise ValueError("Expected a finite number")
        return checked(value, AttributeValue)
    if isinstance(value, str):
        return short_text(value)
    raise ValueError("Expected a text, a number, true or false")
