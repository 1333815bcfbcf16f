"""The columns of each kind of file, and how a file's own names become ours."""

from collections.abc import Iterable, Mapping
from typing import Literal

from domain.customers import CustomerChange
from domain.errors import Unusable
from domain.products import ProductChange

Kind = Literal["products", "customers", "events"]

COLUMNS: dict[Kind, tuple[str, ...]] = {
    "products": ProductChange.__struct_fields__,
    "customers": CustomerChange.__struct_fields__,
    "events": (
        "customer_id", "product_id", "event_type", "occurred_at", "order_id", "quantity", "unit_price", "currency",
        "event_id",
    ),
}  # fmt: skip
REQUIRED: dict[Kind, tuple[str, ...]] = {
    "products": ("product_id",),
    "customers": ("customer_id",),
    "events": ("customer_id", "product_id"),
}
MOST_IGNORED = 100


class Columns:
    """Name a file's columns as we do, and remember (up to 100 of) those that are ignored."""

    def __init__(self, kind: Kind, mapping: Mapping[str, str]) -> None:
        """Raise Unusable where `mapping`, from their names to ours, leads nowhere or twice to the same column."""
        for ours in mapping.values():
            if ours not in COLUMNS[kind]:
                raise Unusable(f"--map leads to {ours!r}; the columns of {kind} are {', '.join(COLUMNS[kind])}.")
        twice = _repeated(mapping.values())
        if twice:
            raise Unusable(f"--map leads to {twice!r} twice.")
        self._kind: Kind = kind
        self._mapping = mapping
        self._ignored: dict[str, None] = {}
        self._named: tuple[tuple[str, ...], tuple[str | None, ...]] = ((), ())

    @property
    def ignored(self) -> tuple[str, ...]:
        return tuple(self._ignored)

    def check(self, columns: tuple[str, ...], *, file: str) -> None:
        """Raise Unusable where a header lacks a required column or has one twice."""
        named = self.named(columns)
        for required in REQUIRED[self._kind]:
            if required not in named:
                raise Unusable(f"{file} has no column {required}; --map theirs={required} renames one.")
        twice = _repeated(name for name in named if name is not None)
        if twice:
            raise Unusable(f"{file} has the column {twice} twice.")

    def named(self, columns: tuple[str, ...]) -> tuple[str | None, ...]:
        """Return our name of each column, None where it is ignored; a mapped column displaces one that has our name."""
        if columns != self._named[0]:
            self._named = (columns, self._name(columns))
        return self._named[1]

    def _name(self, columns: tuple[str, ...]) -> tuple[str | None, ...]:
        mapped = {self._mapping[column] for column in columns if column in self._mapping}
        ours = {column for column in COLUMNS[self._kind] if column not in mapped}
        named = tuple(self._mapping.get(column) or (column if column in ours else None) for column in columns)
        for column, name in zip(columns, named, strict=True):
            if name is None and len(self._ignored) < MOST_IGNORED:
                self._ignored[column] = None
        return named


def _repeated(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
