"""Describe the export of a shop system as a table: which of its columns hold our fields, and how they are written.

To add a format, copy a file of this folder, change its table, and add it to FORMATS in `__init__.py`.
"""

import re
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

Kind = Literal["products", "customers", "events", "orders"]

MULTIPLE = frozenset({"aliases", "category", "category_levels", "published", "tags"})
"""Fields that take all columns of their tuple; every other field takes the first column with a value."""

_NONE: Mapping[str, str] = MappingProxyType({})


class Format(Struct, frozen=True, kw_only=True):
    """The table of one export format; several may share a name if their kinds or their generations differ.

    `signature`: columns or paths that every file of the format has, compared by `normalised`; "a|b" means either of them.

    `fields`: our field and their column or path, or several, of which the first with a value counts. Of `aliases`,
    `category`, `published` and `tags` all count. Columns that a file lacks are left out. Besides the fields of a record:

    - products: `published` (all must be on, else the product is withdrawn); `category_otherwise` (where no `category` has a
      value; a plain number is none); `category_levels` (the levels of one category in several columns); `sale_period` (an
      ISO 8601 interval, "from/until"); `stock_tracked` (an empty cell beside a price: the stock is not counted, so the
      product is available); `sells_without_stock` ("continue", "notify" or on: available without stock); `variants` (a
      text that names the variants of this product, see `variants.variant_ids`).
    - events and orders: `product_name` (the name of a product that the line creates), `status`, `cancelled_at`,
      `refunded_amount`, `refunded_quantity`, `total` of the order.

    `constants`: our field and its value for all lines, such as the currency of a data set.
    `event_names`: names of event types beyond the general ones, compared by `normalised`; values are those of
    `event_names.event_type_of`.
    `category_separator`: what stands between the levels of a category; None: decided by the column.
    `list_separator`: what stands between several categories in one cell; None: the cell is one category.
    `tag_separator`, `alias_separator`, `image_separator`: what stands between several tags, other ids, or addresses of
    images (the first is taken) in one cell; None: the cell is one.
    `category_roots`: top levels that the system puts above all categories, dropped.
    `nulls`: values that mean "nothing" in every field of this format, in any case.
    `parent_prefix`: what may stand before the id in `variant_of`.
    `return_prefix`: what stands before the order id of a return; the id without it may name the order, but need not.
    `is_net_of_refunds`: `quantity` is what was kept, so that refunded amounts must not reduce it again.
    """

    name: str
    kind: Kind
    title: str
    signature: tuple[str, ...]
    fields: Mapping[str, str | tuple[str, ...]]
    constants: Mapping[str, str] = _NONE
    event_names: Mapping[str, str] = _NONE
    category_separator: str | None = None
    list_separator: str | None = None
    tag_separator: str | None = "|"
    alias_separator: str | None = None
    image_separator: str | None = None
    category_roots: tuple[str, ...] = ()
    nulls: tuple[str, ...] = ()
    parent_prefix: str = ""
    return_prefix: str = ""
    is_net_of_refunds: bool = False


def normalised(name: str) -> str:
    """Return a column name without what exports differ in: case, blanks, `_`, `-`, `[0]` and the `g:` of Google's XML."""
    return re.sub(r"[\s_-]|\[[^\]]*\]|^g:|(?<=\.)g:", "", name.casefold().strip())


def columns_of(definition: Format, columns: Collection[str], *, keep_absent: bool = False) -> dict[str, tuple[str, ...]]:
    """Return for each of our fields the columns of a file that hold it, under the file's own names, in order.

    `columns` are the header of a table, or the paths of its first records (`paths.paths_of`). With `keep_absent` a path
    that the first records lack is kept as the format has it, because later records may have it.
    """
    actual: dict[str, str] = {}
    for column in columns:
        actual.setdefault(normalised(column), column)
    found: dict[str, tuple[str, ...]] = {}
    for field, wanted in definition.fields.items():
        names = (wanted,) if isinstance(wanted, str) else wanted
        present = [
            _with_selectors(actual.get(key, name), name)
            for name in names
            if (key := normalised(name)) in actual or keep_absent
        ]
        if present:
            found[field] = tuple(dict.fromkeys(present))
    return found


def _with_selectors(column: str, name: str) -> str:
    """Put the `[]`, `[0]` and `[key=currency]` of a format's path into the same path under the file's own names."""
    ours, theirs = name.split("."), column.split(".")
    if "[" not in name or len(ours) != len(theirs):
        return column
    return ".".join(
        their.partition("[")[0] + "".join(our.partition("[")[1:]) for our, their in zip(ours, theirs, strict=True)
    )


def matched(definition: Format, columns: Collection[str]) -> int:
    """Return how many columns of the signature a file has if it has all of them, else 0."""
    names = {normalised(column) for column in columns}
    has_all = all(any(normalised(name) in names for name in either.split("|")) for either in definition.signature)
    return len(definition.signature) if has_all else 0
