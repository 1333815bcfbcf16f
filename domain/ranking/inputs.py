"""Everything that one list is computed from, and the one rule of which history, lists and candidates belong to it."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from msgspec import Struct

from domain.ranking.model import Model, NeighbourLists, WeightedProducts
from domain.records.customers import SegmentInputs
from domain.records.interactions import EventType
from domain.records.products import Product
from domain.records.recommendations import ListRequest

K = TypeVar("K")
V = TypeVar("V")

MAX_HISTORY_EVENTS = 300
MAX_HISTORY_CATEGORIES = 16
"""How many categories of a history contribute their popular products."""


class Versions(Struct, frozen=True, kw_only=True):
    """The versions that a stored list was computed from; it is served only while all three are current."""

    customer: int
    catalogue: int
    model_id: str


class PastEvent(Struct, frozen=True, kw_only=True, gc=False):
    """One interaction of the customer with one product, `occurred_at` in microseconds."""

    product: Product
    event_type: EventType
    occurred_at: int


class RankingInputs(Struct, frozen=True, kw_only=True):
    """The data behind one customer's list, read at one moment.

    `history` has the last MAX_HISTORY_EVENTS interactions, newest first; `bought` every product ever bought with the
    microseconds of its last purchase; `neighbours` the lists of the products in `history`; `category_trends` the popular
    products of `trend_categories`, packed; `recent_popularity` is filled only while the shop has no model.
    """

    customer_id: str
    versions: Versions
    segment_inputs: SegmentInputs
    history: list[PastEvent]
    bought: dict[str, int]
    neighbours: list[NeighbourLists]
    category_trends: dict[str, bytes]
    model: Model
    recent_popularity: WeightedProducts


def history_indexes(history: Iterable[PastEvent]) -> list[int]:
    """Return the indexes of the products of a history, each once, newest first: the seeds of neighbours."""
    return list(dict.fromkeys(event.product.product_index for event in history))


def trend_categories(history: Iterable[PastEvent], *, asked: str | None) -> list[str]:
    """Return the categories whose popular products a list considers: the one `asked` for, then those of the history."""
    categories = (asked, *(event.product.category for event in history))
    return list(dict.fromkeys(category for category in categories if category))[:MAX_HISTORY_CATEGORIES]


def in_order(keys: Iterable[K], found: Mapping[K, V | None]) -> dict[K, V]:
    """Return the entries of `found` that hold something, in the order of `keys`."""
    return {key: value for key in keys if (value := found.get(key))}


class CandidateQuery(Struct, frozen=True, kw_only=True):
    """The products to score.

    `product_indexes` come first, then the newest `n_newest` of each of `categories`. Where fewer than `n_fill` of them are
    new to the customer, the newest products that pass the filters of `request` fill the list up. `seen` are product ids.
    """

    product_indexes: tuple[int, ...]
    categories: tuple[str, ...]
    n_newest: int
    n_fill: int
    seen: frozenset[str]
    request: ListRequest

    def admit(self, products: Iterable[Product]) -> dict[int, Product]:
        """Return the products that are available and pass the filters, by product index."""
        return {product.product_index: product for product in products if product.available and self.request.admits(product)}

    def n_missing(self, admitted: Mapping[int, Product]) -> int:
        """Return the number of newest products to read to fill the list, 0 if it is full.

        The newest ones may be among `admitted` or `seen`, hence the margin.
        """
        missing = self.n_fill - sum(product.product_id not in self.seen for product in admitted.values())
        return missing + len(admitted) + len(self.seen) if missing > 0 else 0
