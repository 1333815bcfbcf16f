"""Make one product or customer of all lines that a file has of it."""

from collections.abc import Sequence
from typing import Any

import msgspec

from domain.records.customers import CustomerChange
from domain.records.products import MAX_ALIASES, ProductChange
from domain.records.values import readable_message
from infra.ingest.lines import RowRefused

Fields = dict[str, Any]

HINT = "is_hint"
"""The mark of fields that another product names: they count only if the product has a line of its own."""


def product_of(lines: Sequence[Fields]) -> ProductChange | RowRefused:
    """Return the product of its lines: the first value of a field counts, in stock if any is, the lowest price.

    A field whose cells are all empty is cleared; one that the file does not have keeps its value.
    """
    merged = _first_values(lines)
    merged.pop(HINT, None)
    if "in_stock" in merged:
        merged["in_stock"] = _any_true(line.get("in_stock") for line in lines)
    if prices := [line["price"] for line in lines if line.get("price") is not None]:
        amount, currency = min(prices, key=lambda price: price[0])
        merged["price"] = amount
        if currency is not None:
            merged["currency"] = currency
    published = merged.pop("published", None)
    if published is not None and merged.get("withdrawn") is None:
        merged["withdrawn"] = not published
    for name in ("tags", "aliases"):
        if name in merged:
            merged[name] = list(dict.fromkeys(value for line in lines for value in line.get(name) or ()))
    if any(line.get("attributes") for line in lines):
        merged["attributes"] = _first_values([line.get("attributes") or {} for line in lines])
    merged["aliases"] = [alias for alias in merged.get("aliases", ()) if alias != merged["product_id"]][:MAX_ALIASES]
    if not merged["aliases"]:
        del merged["aliases"]
    return _record(merged, ProductChange)


def customer_of(lines: Sequence[Fields]) -> CustomerChange | RowRefused:
    """Return the customer of its lines: the first value of a field counts, but of profiling any objection.

    An empty cell withdraws no objection.
    """
    merged = _first_values(lines)
    if merged.pop("profiling", None) is not None:
        merged["profiling"] = all(line.get("profiling") is not False for line in lines)
    return _record(merged, CustomerChange)


def _first_values(lines: Sequence[Fields]) -> Fields:
    merged: Fields = {}
    for line in lines:
        for name, value in line.items():
            if merged.get(name) is None:
                merged[name] = value
    return merged


def _any_true(values: Any) -> bool | None:
    known = [value for value in values if value is not None]
    return any(known) if known else None


def _record(fields: Fields, record_type: type[Any]) -> Any:
    try:
        return msgspec.convert(fields, record_type)
    except msgspec.ValidationError as error:
        return refusal(error)


def refusal(error: msgspec.ValidationError) -> RowRefused:
    """Return the field and the reason of a value that a record cannot have, without the value."""
    text, _, path = str(error).partition(" - at `$.")
    if text.startswith("Invalid enum value"):
        # The message of msgspec contains the value.
        text = "Expected one of the documented values"
    field = path.rstrip("`").partition("[")[0] or None
    return RowRefused(field, readable_message(text))
