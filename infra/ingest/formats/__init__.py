"""The export formats that the import detects, each in a file of its own."""

from collections.abc import Collection

from infra.ingest.formats.format import Format, Kind, columns_of, matched, normalised

__all__ = ["FORMATS", "Format", "Kind", "columns_of", "describe", "find", "named", "names", "normalised"]

FORMATS: tuple[Format, ...] = ()


def find(columns: Collection[str], kind: Kind) -> Format | None:
    """Return the format of a file with these columns, None if it has none.

    The format with the longest signature wins, then the earlier one. Files of events may hold orders, and the reverse.
    """
    return None


def named(name: str, kind: Kind, columns: Collection[str]) -> Format | None:
    """Return the format that was asked for by name, in the generation that fits the columns best; None if there is none."""
    return None


def names(kind: Kind) -> tuple[str, ...]:
    """Return the names that `--format` takes for a kind of files."""
    return ()


def describe() -> str:
    """Return the formats for --help: a line each, in the order of the names."""
    return ""
