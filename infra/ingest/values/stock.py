"""Read whether a product is in stock: words of shop systems and feeds, or counts."""

import math
import re
from typing import Any

_WORDS = {
    True: """
        y yes true on instock available availablefororder availabletoorder backorder backordered onbackorder
        availableonbackorder preorder preordered availableforpreorder presale madetoorder onlineonly limited
        limitedavailability limitedstock lowstock lowinstock unlimited enabled active
        availabilityunspecified
    """,
    False: """
        n no false off none outofstock notinstock nostock unavailable notavailable temporarilyunavailable soldout sold
        discontinued retired instoreonly reserved comingsoon disabled inactive outofproduction empty oos
    """,
}
_MEANINGS = {word: means_stock for means_stock, words in _WORDS.items() for word in words.split()}
_COUNT = re.compile(
    r"[<>≥~]? ?(?P<count>[+-]?\d+(?:[.,]\d+)?)\+?(?: (?:in stock|left|available|pcs|pieces|items|units))?", re.ASCII
)
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+", re.ASCII)
_SELLS_WITHOUT_STOCK = {"continue", "notify", "allow", "yes", "true", "1"}
"""Shopify has continue and deny, WooCommerce 1, 0 and notify, PrestaShop 1, 0 and 2 for the shop's default (to deny)."""

_NO_STOCK_WORD = "Expected a count or a word such as in stock, out of stock, preorder"


def in_stock(value: Any) -> bool:
    """Return whether a word or a count means that the product can be ordered; raise ValueError for other words.

    Preorders and backorders can be ordered. A count of 0 or less cannot.
    """
    if isinstance(value, str):
        return _of_text(value)
    if isinstance(value, int | float):
        return _is_positive(value)
    raise ValueError(_NO_STOCK_WORD)


def is_available(count: Any, *, tracked: Any = None, sells_without_stock: Any = None) -> bool:
    """Return whether a product can be ordered, from its stock and the columns that say whether the stock matters.

    `tracked` is what a `stock_tracked` column has: empty text if the stock is not counted, None without such a column.
    `sells_without_stock` is what a column of that name has; see _SELLS_WITHOUT_STOCK.
    """
    if isinstance(tracked, str) and not tracked.strip():
        return True
    if str(sells_without_stock).strip().lower() in _SELLS_WITHOUT_STOCK:
        return True
    return in_stock(count)


def _of_text(value: str) -> bool:
    text = " ".join(value.lower().split())
    # A word may be the end of an address: https://schema.org/InStock.
    word = re.sub(r"[\s_-]", "", text.rpartition("/")[2])
    if word in _MEANINGS:
        return _MEANINGS[word]
    if _THOUSANDS.fullmatch(text):
        return text.strip("0,") != ""
    match = _COUNT.fullmatch(text)
    if match is None:
        raise ValueError(_NO_STOCK_WORD)
    return _is_positive(float(match["count"].replace(",", ".")))


def _is_positive(count: float) -> bool:
    if -math.inf < count < math.inf:
        return count > 0
    raise ValueError("Expected a finite count")
