"""The columns of a product: their names, and their values after a change."""

from datetime import datetime
from typing import Any

from msgspec import UNSET

from domain.records.attributes import merged_attributes, pack_attributes, pack_tags
from domain.records.products import ProductChange
from domain.records.values import to_microseconds, to_units

_GIVEN = (
    "name", "category", "brand", "price", "currency", "tags", "in_stock", "withdrawn", "url", "image_url", "created_at",
    "variant_of", "attributes",
)  # fmt: skip
STORED = (*_GIVEN, "variant_group")


def new_columns(product_id: str, *, now: datetime, currency: str) -> dict[str, Any]:
    """Return the columns of a product of which only the id is known."""
    return dict.fromkeys(STORED) | {
        "name": product_id,
        "currency": currency,
        "in_stock": 1,
        "withdrawn": 0,
        "created_at": to_microseconds(now),
    }


def merged(change: ProductChange, before: dict[str, Any], *, currency: str) -> dict[str, Any]:
    """Return the columns of a product after a change."""
    new_values = {name: value for name in _GIVEN if (value := getattr(change, name)) is not UNSET}
    defaults = {"name": change.product_id, "currency": currency, "in_stock": 1, "withdrawn": 0}
    if isinstance(change.attributes, dict):
        new_values["attributes"] = merged_attributes(before["attributes"], change.attributes)
    after = before | {name: _to_stored(name, value) for name, value in new_values.items()}
    for name, default in defaults.items():
        if after[name] is None:
            after[name] = default
    if after["created_at"] is None:
        after["created_at"] = before["created_at"]
    if after["variant_of"] == change.product_id:
        after["variant_of"] = None
    return after


def _to_stored(name: str, value: Any) -> Any:
    if value is None:
        return None
    match name:
        case "price":
            return to_units(value)
        case "tags":
            return pack_tags(value)
        case "in_stock" | "withdrawn":
            return int(value > 0)
        case "attributes":
            return pack_attributes(value)
        case "created_at":
            return to_microseconds(value)
        case _:
            return value
