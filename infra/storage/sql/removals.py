"""Removals from carts and wishlists: what they take back is stored under another type, which only the export reads."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple, cast

from domain.records.interactions import TAKES_BACK, BrowsingType, InteractionType
from domain.records.removals import taken_back
from infra.storage.sql.statements import Steps, executemany, rows

COUNTED = "event_type IN ('cart', 'view', 'wishlist')"
"""The condition on interactions that lists and training use: no removals, and nothing that one took back."""

_SENT_TYPES: dict[str, BrowsingType] = {"cart_taken_back": "cart", "wishlist_taken_back": "wishlist"}
_TAKEN_BACK: dict[str, str] = {sent: stored for stored, sent in _SENT_TYPES.items()}

Pair = tuple[str, str]
"""The ids of a customer and a product."""


class StoredInteraction(NamedTuple):
    customer_id: str
    product_id: str
    event_type: str
    occurred_at: int


def sent_type(stored_type: str) -> tuple[InteractionType, bool]:
    """Return the type of an interaction as it was sent, and whether it was taken back."""
    placed = _SENT_TYPES.get(stored_type)
    return placed or cast("InteractionType", stored_type), placed is not None


def settle_new(interactions: Iterable[StoredInteraction]) -> Steps[bool]:
    """Let removals take back what they mean, after `interactions` were stored; return whether anything changed.

    Removals may arrive before what they take back. The caller must have locked the customers against other writers.
    """
    pairs: set[Pair] = set()
    placed: list[StoredInteraction] = []
    for interaction in interactions:
        if interaction.event_type in _TAKEN_BACK:
            placed.append(interaction)
        elif interaction.event_type != "view":  # a removal, or what one took back under another product
            pairs.add((interaction.customer_id, interaction.product_id))
    return (yield from settle(pairs | (yield from _removed_later(placed))))


def settle(pairs: Collection[Pair]) -> Steps[bool]:
    """Decide anew what is taken back of products by customers; return whether anything changed."""
    if not pairs:
        return False
    found = yield from rows(
        "SELECT event_id, customer_id, product_id, event_type, occurred_at FROM browsing_history"
        " WHERE customer_id IN (:customer_ids) AND product_id IN (:product_ids) AND event_type <> 'view'",
        customer_ids=sorted({customer_id for customer_id, _ in pairs}),
        product_ids=sorted({product_id for _, product_id in pairs}),
    )
    groups: dict[tuple[str, str, str], list[tuple[int, bool, str]]] = {}
    stored_types: dict[str, str] = {}
    for event_id, customer_id, product_id, event_type, occurred_at in found:
        if (customer_id, product_id) in pairs:
            stored_types[event_id] = event_type
            placement = (occurred_at, event_type in TAKES_BACK, event_id)
            groups.setdefault((customer_id, product_id, _kind_of(event_type)), []).append(placement)
    changes: list[tuple[str, str]] = []
    for (_, _, kind), placements in groups.items():
        taken = taken_back(placements)
        for _, is_removal, event_id in placements:
            event_type = _TAKEN_BACK[kind] if event_id in taken else kind
            if not is_removal and event_type != stored_types[event_id]:
                changes.append((event_type, event_id))
    yield from executemany("UPDATE browsing_history SET event_type = ? WHERE event_id = ?", changes)
    return bool(changes)


def _removed_later(placed: Sequence[StoredInteraction]) -> Steps[set[Pair]]:
    """Return the pairs of `placed` that have removals at or after the first of them."""
    if not placed:
        return set()
    found = yield from rows(
        "SELECT customer_id, product_id FROM browsing_history WHERE customer_id IN (:customer_ids)"
        " AND occurred_at >= :since AND event_type IN ('remove_from_cart', 'remove_from_wishlist')",
        customer_ids=sorted({interaction.customer_id for interaction in placed}),
        since=min(interaction.occurred_at for interaction in placed),
    )
    return {(row[0], row[1]) for row in found} & {(one.customer_id, one.product_id) for one in placed}


def _kind_of(stored_type: str) -> str:
    """Return whether an interaction is about the cart or the wishlist."""
    return TAKES_BACK.get(stored_type) or sent_type(stored_type)[0]
