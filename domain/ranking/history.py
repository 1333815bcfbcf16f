"""The events of a customer as arrays."""

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from domain.ranking.indexes import Indexes, union
from domain.ranking.packed_history import PackedHistory

EVENT = np.dtype([("product_index", "<i4"), ("event_type", "u1"), ("occurred_at", "<i8")])
OWN_PRODUCT = np.dtype([("product_index", "<i4"), ("bought_at", "<i8")])


class History(Struct, frozen=True, kw_only=True):
    """The newest events of a customer, newest first, and all products that the customer ever looked at or bought.

    `products` (m,) are the distinct product indexes of the events, ascending; `positions` (n,) is the position in
    `products` of each event's product; `event_types` (n,) index EVENT_TYPES; `occurred_at` (n,) are microseconds.
    `own` (k,) are the indexes of all products, ascending, and `bought_at` (k,) the microseconds of their last purchase, or
    NEVER_BOUGHT; with RETURNED added they lie in the far future, so that a product which went back is never due again.
    """

    products: Indexes
    positions: Indexes
    event_types: npt.NDArray[np.uint8]
    occurred_at: npt.NDArray[np.int64]
    own: Indexes
    bought_at: npt.NDArray[np.int64]


def unpack_history(packed: PackedHistory) -> History:
    events, own = np.frombuffer(packed.events, dtype=EVENT), np.frombuffer(packed.own, dtype=OWN_PRODUCT)
    indexes = events["product_index"].astype(np.intp)
    products = union(indexes)
    return History(
        products=products,
        positions=products.searchsorted(indexes),
        event_types=np.ascontiguousarray(events["event_type"]),
        occurred_at=np.ascontiguousarray(events["occurred_at"]),
        own=own["product_index"].astype(np.intp),
        bought_at=np.ascontiguousarray(own["bought_at"]),
    )


def without_others(history: History, exist: npt.NDArray[np.bool_], own_exist: npt.NDArray[np.bool_]) -> History:
    """Return a history with only those of `products` (m,) and of `own` (k,) that exist."""
    if exist.all() and own_exist.all():
        return history
    kept = exist[history.positions]
    return History(
        products=history.products[exist],
        positions=(np.cumsum(exist) - 1)[history.positions[kept]],
        event_types=history.event_types[kept],
        occurred_at=history.occurred_at[kept],
        own=history.own[own_exist],
        bought_at=history.bought_at[own_exist],
    )


def merge_variants(history: History, groups: npt.NDArray[np.int32], *, newest_trained: int) -> History:
    """Return a history in which one product of each of the `groups` (m,) of its products replaces the others.

    It is the one of the newest event; of a product index up to `newest_trained` if there is any, because later ones have no
    neighbours yet.
    """
    n_groups = len(np.unique(groups))
    if n_groups == len(groups):
        return history
    newest_event = np.unique(history.positions, return_index=True)[1]
    order = np.lexsort((newest_event, history.products > newest_trained, groups))
    is_first = np.diff(groups[order], prepend=-1) != 0
    chosen = np.empty(len(groups), dtype=np.intp)
    chosen[order] = history.products[order[is_first]][np.cumsum(is_first) - 1]
    products, positions = np.unique(chosen, return_inverse=True)
    return replace(history, products=products, positions=positions[history.positions])
