"""The project's own columns, as docs/import.md has them: what a file has without any other format."""

from collections.abc import Collection, Sequence

from infra.ingest.formats.format import Format, Kind, normalised

_ORDER_FIELDS = ("status", "cancelled_at", "refunded_amount", "refunded_quantity", "total")
_EVENT_FIELDS = (
    *("customer_id", "anonymous_id", "email", "product_id", "product_name", "event_type", "occurred_at", "order_id"),
    *("quantity", "unit_price", "currency", "event_id", "dwell_seconds", *_ORDER_FIELDS),
)
FIELDS: dict[Kind, tuple[str, ...]] = {
    "products": (
        *("product_id", "name", "category", "brand", "price", "currency", "tags", "in_stock", "withdrawn", "published"),
        *("url", "image_url", "created_at", "variant_of", "aliases", "sale_price", "sale_from", "sale_until"),
    ),
    "customers": ("customer_id", "email", "first_name", "last_name", "phone", "segment", "is_guest", "profiling"),
    "events": _EVENT_FIELDS,
    "orders": _EVENT_FIELDS,
}
"""All fields that a column may be called after, by kind of file."""

ATTRIBUTE = "attributes."
"""What stands before the name of an attribute, in columns and in options."""

ATTRIBUTES = "attributes"
"""The field of an object with all attributes."""


def unknown_fields(kind: Kind, fields: Collection[str]) -> list[str]:
    """Return those of `fields` that files of a kind do not have."""
    named = {field for field in fields if kind == "products" and field.startswith(ATTRIBUTE)}
    return sorted(set(fields) - named - set(FIELDS[kind]))


_SIGNATURES: dict[Kind, tuple[str, ...]] = {
    "products": ("product_id",),
    "customers": ("customer_id",),
    "events": ("customer_id|anonymous_id|email", "product_id"),
    "orders": ("order_id", "product_id"),
}

OWN: tuple[Format, ...] = tuple(
    Format(
        name="own",
        kind=kind,
        title=f"the columns of docs/import.md: {kind}",
        signature=_SIGNATURES[kind],
        fields={field: field for field in FIELDS[kind]},
        alias_separator="|",
    )
    for kind in FIELDS
)


def attribute_columns(columns: Sequence[str], *, is_table: bool) -> dict[str, tuple[str, ...]]:
    """Return the fields that are attributes, each with its column; records have one object instead if it has members."""
    named = {
        f"{ATTRIBUTE}{name}": (column,)
        for column in columns
        if normalised((parts := column.partition("."))[0]) == ATTRIBUTES and (name := parts[2].strip())
    }
    if not is_table and ATTRIBUTES in columns and named:
        return {ATTRIBUTES: (ATTRIBUTES,)}
    return named
