"""Find the columns of the fields in a file, and say what is missing."""

import difflib
import re
from collections.abc import Collection, Mapping, Sequence

from infra.ingest.errors import NotUnderstood
from infra.ingest.formats import columns_of, normalised
from infra.ingest.formats.format import MULTIPLE, Format
from infra.ingest.formats.own import ATTRIBUTES, attribute_columns
from infra.ingest.formats.paths import list_of
from infra.ingest.options import ImportOptions, Kind
from infra.ingest.sources import OpenFile
from infra.ingest.values.instants import looks_like_instant

MAX_NAME = 100
"""Characters in the name of a column; a longer one is a line of data."""

REQUIRED: Mapping[Kind, tuple[str, ...]] = {
    "products": ("product_id",),
    "customers": ("customer_id",),
    "events": ("customer_id", "product_id"),
    "orders": ("customer_id", "product_id", "order_id"),
}
_CUSTOMER_FIELDS = ("customer_id", "anonymous_id", "email")
_ID_WORDS = {
    "customer_id": ("customer", "user", "client", "kund", "buyer", "member", "visitor", "account", "mail", "id"),
    "order_id": ("order", "invoice", "transaction", "receipt", "bestell", "number", "id"),
    "product_id": ("sku", "product", "item", "article", "artikel", "handle", "code", "ref", "number", "key", "id"),
}


def sources_of(file: OpenFile, columns: Sequence[str], found: Format, options: ImportOptions) -> dict[str, tuple[str, ...]]:
    """Return the columns of each field: those of the format, except where --map or --set says otherwise."""
    mapping = {_column_named(theirs, file, columns, options): ours for theirs, ours in options.mapping.items()}
    for field in set(mapping.values()) - MULTIPLE:
        if len(mapped := [column for column, ours in mapping.items() if ours == field]) > 1:
            raise NotUnderstood(f"--map gives {field} two columns: {' and '.join(mapped)}.")
    others = [column for column in columns if column not in mapping]
    of_format = columns_of(found, others, keep_absent=file.columns is None)
    given = {*mapping.values(), *options.constants}
    if found.name == "own" and found.kind == "products":
        of_format |= attribute_columns(others, is_table=file.columns is not None)
    sources = {field: of_field for field, of_field in of_format.items() if field not in given}
    for column, field in mapping.items():
        sources[field] = (*sources.get(field, ()), column)
    if file.columns is None:
        _check_lists(file, sources)
    return sources


def _check_lists(file: OpenFile, sources: Mapping[str, tuple[str, ...]]) -> None:
    try:
        list_of(path for paths in sources.values() for path in paths)
    except ValueError as error:
        raise NotUnderstood(f"{file.path}: {error}.") from None


def _column_named(theirs: str, file: OpenFile, columns: Sequence[str], options: ImportOptions) -> str:
    """Return the column that --map names, whatever its case, blanks, `_` and `-`; raise NotUnderstood if there is none."""
    if theirs in columns:
        return theirs
    for column in columns:
        if normalised(column) == normalised(theirs):
            return column
    nearest = difflib.get_close_matches(theirs, columns, n=1, cutoff=0.6)
    hint = f' Did you mean `--map "{nearest[0]}={options.mapping[theirs]}"`?' if nearest else ""
    raise NotUnderstood(f"{file.path} has no column {theirs}, which --map names.{hint} {_columns_in_words(file, columns)}")


def unused_columns(columns: Sequence[str], sources: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the columns, or the innermost paths, that nothing is read from."""
    used = {normalised(column) for of_field in sources.values() for column in of_field}
    inner = {column.rpartition(".")[0].removesuffix("[]") for column in columns if "." in column}
    return tuple(
        column
        for column in columns
        if column.strip()
        and normalised(column) not in used
        and column.removesuffix("[]") not in inner
        and not (ATTRIBUTES in sources and column.startswith(sources[ATTRIBUTES]))
    )


def check_required(
    file: OpenFile, kind: Kind, present: Collection[str], unused: Sequence[str], options: ImportOptions
) -> None:
    for field in REQUIRED[kind]:
        names = _CUSTOMER_FIELDS if field == "customer_id" and kind in {"events", "orders"} else (field,)
        if any(name in present or name in options.constants for name in names):
            continue
        columns = file.columns or unused
        nearest = "THEIRS" if any(map(_is_data, columns)) else _nearest(unused, field) or "THEIRS"
        raise NotUnderstood(
            f'{file.path} has no column {field}, which {kind} need. Did you mean `--map "{nearest}={field}"`?'
            f" {_columns_in_words(file, columns)}"
        )


def _nearest(columns: Sequence[str], field: str) -> str | None:
    """Return the column that is most likely a field: by its name, else the first that sounds like such an id."""
    names = {normalised(column): column for column in columns}
    if close := difflib.get_close_matches(normalised(field), names, n=1, cutoff=0.6):
        return names[close[0]]
    return next((column for word in _ID_WORDS[field] for name, column in names.items() if word in name), None)


def check_repeated(file: OpenFile, sources: Mapping[str, tuple[str, ...]], options: ImportOptions) -> None:
    """Raise NotUnderstood if a field could come from two columns whose names differ in nothing that counts."""
    all_columns = file.columns or ()
    mapped = {normalised(theirs) for theirs in options.mapping}
    for field, columns in sources.items():
        for column in columns:
            alike = [other for other in all_columns if normalised(other) == normalised(column)]
            if all_columns.count(column) > 1 or (len(alike) > 1 and normalised(column) not in mapped):
                names = "twice" if len(set(alike)) == 1 else f"and {' and '.join(dict.fromkeys(alike[1:]))}"
                raise NotUnderstood(
                    f"{file.path} has the column {alike[0]} {names}, and it is needed for {field}."
                    + (f' Say which with `--map "{alike[0]}={field}"`.' if names != "twice" else "")
                )


def _columns_in_words(file: OpenFile, columns: Sequence[str]) -> str:
    if file.columns is not None and any(map(_is_data, columns)):
        # The first line of data must not be repeated, as it can be personal.
        return "Its first line looks like data: write a line with the names of the columns above it."
    names = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "vertical bars (|)"}
    separated = f", separated by {names.get(file.delimiter, file.delimiter)}" if file.delimiter else ""
    return f"The columns are{separated}: {', '.join(columns[:60])}{' ...' if len(columns) > 60 else ''}."


def _is_data(column: str) -> bool:
    """Return whether a cell of the header is no name, or a whole line of which a part is none."""
    if "{" in column or len(column) > MAX_NAME:
        return True
    parts = (part.strip(' "') for part in re.split("[,;|\t]", column))
    return any("@" in part or looks_like_instant(part) or part.replace(".", "", 1).isdecimal() for part in parts)
