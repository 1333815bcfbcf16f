"""Read whether a product is in stock."""

from typing import Any


def in_stock(value: Any) -> bool:
    """Return whether a word or a count means that the product can be ordered."""


def is_available(count: Any, *, tracked: Any = None, sells_without_stock: Any = None) -> bool:
    """Return whether a product can be ordered, from its stock and the columns that say whether the stock matters.

    `tracked` is what a `stock_tracked` column has ("" : the stock is not counted; None: no such column).
    """
