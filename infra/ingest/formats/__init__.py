"""The export formats that the import detects, each in a file of its own."""

from collections.abc import Collection

from infra.ingest.formats.format import Format, Kind, columns_of, matched, normalised
from infra.ingest.formats.ga4 import GA4
from infra.ingest.formats.google_merchant import GOOGLE_MERCHANT
from infra.ingest.formats.google_retail import GOOGLE_RETAIL_EVENTS, GOOGLE_RETAIL_PRODUCTS
from infra.ingest.formats.gorse import GORSE_FEEDBACK, GORSE_ITEMS, GORSE_USERS
from infra.ingest.formats.magento import MAGENTO
from infra.ingest.formats.own import OWN
from infra.ingest.formats.personalize import PERSONALIZE_INTERACTIONS, PERSONALIZE_ITEMS
from infra.ingest.formats.prestashop import PRESTASHOP, PRESTASHOP_LIST
from infra.ingest.formats.rees46 import REES46, REES46_ORDERS
from infra.ingest.formats.retailrocket import RETAILROCKET
from infra.ingest.formats.segment import SEGMENT
from infra.ingest.formats.shopify_orders import SHOPIFY_ORDERS
from infra.ingest.formats.shopify_products import SHOPIFY_PRODUCTS, SHOPIFY_PRODUCTS_2025
from infra.ingest.formats.uci_retail import UCI_RETAIL
from infra.ingest.formats.woocommerce import WOOCOMMERCE_API_ORDERS, WOOCOMMERCE_ORDERS, WOOCOMMERCE_PRODUCTS

__all__ = ["FORMATS", "Format", "Kind", "columns_of", "describe", "find", "named", "names", "normalised"]

FORMATS: tuple[Format, ...] = (
    *(SHOPIFY_PRODUCTS, SHOPIFY_PRODUCTS_2025, SHOPIFY_ORDERS),
    *(WOOCOMMERCE_PRODUCTS, WOOCOMMERCE_ORDERS, WOOCOMMERCE_API_ORDERS),
    *(MAGENTO, PRESTASHOP, PRESTASHOP_LIST, GOOGLE_MERCHANT, GOOGLE_RETAIL_PRODUCTS, GOOGLE_RETAIL_EVENTS),
    *(GA4, SEGMENT, PERSONALIZE_INTERACTIONS, PERSONALIZE_ITEMS, RETAILROCKET, REES46, REES46_ORDERS, UCI_RETAIL),
    *(GORSE_ITEMS, GORSE_USERS, GORSE_FEEDBACK),
    *OWN,
)
"""All formats; the project's own come last, because a file of another format may have a column of the same name."""

_PURCHASES: frozenset[Kind] = frozenset({"events", "orders"})


def find(columns: Collection[str], kind: Kind | None) -> Format | None:
    """Return the format of a file with these columns, None if it has none. Without a kind it may be of any kind.

    The format with the longest signature wins, then one of the same kind, then the earlier one. Files of events may hold
    orders, and the reverse.
    """
    candidates = [definition for definition in FORMATS if kind is None or _may_be(definition, kind)]
    ranked = [(matched(definition, columns), definition.kind == kind, definition) for definition in candidates]
    n_matched, _, found = max(ranked, key=lambda candidate: candidate[:2])
    return found if n_matched else None


def named(name: str, kind: Kind, columns: Collection[str]) -> Format | None:
    """Return the format that was asked for by name, in the generation that fits the columns best; None if there is none."""
    candidates = [definition for definition in FORMATS if definition.name == name and _may_be(definition, kind)]
    return max(
        candidates,
        key=lambda definition: (matched(definition, columns), len(columns_of(definition, columns)), definition.kind == kind),
        default=None,
    )


def names(kind: Kind) -> tuple[str, ...]:
    """Return the names that `--format` takes for a kind of files."""
    return tuple(dict.fromkeys(definition.name for definition in FORMATS if _may_be(definition, kind)))


def describe() -> str:
    """Return the formats for --help: a line for each kind of each format."""
    lines = {(definition.name, definition.kind): definition.title for definition in FORMATS if definition.name != "own"}
    width = max(len(name) for name, _ in lines)
    return "\n".join(f"{name:{width}}  {kind:9}  {title}" for (name, kind), title in lines.items())


def _may_be(definition: Format, kind: Kind) -> bool:
    return definition.kind == kind or (definition.kind in _PURCHASES and kind in _PURCHASES)
