"""Refuse files with unused columns that say when, what or how many: a guess in silence stores wrong events."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

from infra.ingest.errors import NotUnderstood
from infra.ingest.formats import normalised
from infra.ingest.options import Kind
from infra.ingest.values.event_names import event_type_of
from infra.ingest.values.instants import looks_like_instant
from infra.ingest.values.numbers import quantity

ValuesOf = Callable[[str], Iterable[Any]]

_MIN_SHARE = 0.9
_TIME_WORDS = ("time", "date", "stamp", "datum", "when", "day", "epoch", "unix")
_TIME_NAMES = frozenset({"ts", "at", "t", "utc"})
_QUANTITY_NAMES = frozenset(
    {"qty", "quantities", "units", "pieces", "pcs", "menge", "anzahl", "stück", "cantidad", "quantité"}
)


def check_overlooked(path: str, kind: Kind, known: Collection[str], unused: Iterable[str], values_of: ValuesOf) -> None:
    """Raise NotUnderstood if an unused column of events or orders is most likely one of our fields that no column gives.

    `known` are the fields that a column, the format or an option gives; `values_of` returns the values of a column.
    """
    for column in unused:
        values = [value for value in values_of(column) if str(value).strip()]
        name = normalised(column.rpartition(".")[2])
        if not values:
            continue
        if "occurred_at" not in known and _has_times(name, values):
            raise NotUnderstood(
                f"{path}: the column {column} has times, but no column is known to be occurred_at."
                f' Did you mean `--map "{column}=occurred_at"`? If the events are of now, use --set occurred_at=now.'
            )
        if kind == "events" and "event_type" not in known and _has_event_names(values):
            raise NotUnderstood(
                f"{path}: the column {column} has types of events, but no column is known to be event_type."
                f' Did you mean `--map "{column}=event_type"`? If all events are views, use --set event_type=view.'
            )
        if "quantity" not in known and name in _QUANTITY_NAMES and _are_quantities(values):
            raise NotUnderstood(
                f"{path}: the column {column} has quantities, but no column is known to be quantity."
                f' Did you mean `--map "{column}=quantity"`? If every line is one piece, use --set quantity=1.'
            )


def _has_times(name: str, values: Collection[Any]) -> bool:
    is_number = all(str(value).strip().isdecimal() for value in values)
    is_called_so = name in _TIME_NAMES or any(word in name for word in _TIME_WORDS)
    return (is_called_so or not is_number) and _share(values, looks_like_instant) >= _MIN_SHARE


def _has_event_names(values: Collection[Any]) -> bool:
    """Return whether most of the values are names of events, of which shops have few."""
    names = {str(value) for value in values}
    return len(names) <= 100 and _share(values, lambda value: event_type_of(str(value)) != "ignored") >= 0.5


def _are_quantities(values: Collection[Any]) -> bool:
    def is_quantity(value: Any) -> bool:
        try:
            quantity(value)
        except ValueError:
            return False
        return True

    return _share(values, is_quantity) >= _MIN_SHARE


def _share(values: Collection[Any], is_so: Callable[[Any], bool]) -> float:
    return sum(map(is_so, values)) / len(values)
