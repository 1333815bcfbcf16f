"""The events of a customer as packed bytes, which are stored, and to which the recording of an event adds.

Without numpy, because functions that only record start faster without it; `ranking.history` reads the bytes as arrays.
"""

import struct
from bisect import bisect_left
from collections.abc import Iterable
from heapq import nsmallest

from msgspec import Struct

from domain.ranking.model import Model
from domain.records.customers import SegmentInputs
from domain.records.interactions import PURCHASE

MAX_HISTORY_EVENTS = 300
NEVER_BOUGHT = -1
RETURNED = 2**62
"""Added to the instant of an order of which the product went back: no list has a product that was bought so late."""

EVENT = struct.Struct("<iBq")
"""A product index, the position of the event's type in EVENT_TYPES, and microseconds."""

OWN_PRODUCT = struct.Struct("<iq")
"""A product index, and the microseconds of the last purchase, with RETURNED if all of it went back, or NEVER_BOUGHT."""

Event = tuple[int, int, int]
"""The values of EVENT."""


class PackedHistory(Struct, frozen=True, kw_only=True):
    """The newest MAX_HISTORY_EVENTS events, newest first, ties by product and type; and all products, by product index."""

    events: bytes = b""
    own: bytes = b""

    def with_event(self, event: Event) -> "PackedHistory":
        """Add one event."""
        place = bisect_left(range(len(self.events) // EVENT.size), _order(event), key=self._order_at)
        start = place * EVENT.size
        events = self.events[:start] + EVENT.pack(*event) + self.events[start:]
        return PackedHistory(events=events[: MAX_HISTORY_EVENTS * EVENT.size], own=self._with_product(event))

    def _with_product(self, event: Event) -> bytes:
        product_index, bought_at = event[0], _bought_at(event)
        place = bisect_left(range(len(self.own) // OWN_PRODUCT.size), product_index, key=self._product_at)
        start = end = place * OWN_PRODUCT.size
        if start < len(self.own) and self._product_at(place) == product_index:
            end += OWN_PRODUCT.size
            bought_at = _later(bought_at, OWN_PRODUCT.unpack_from(self.own, start)[1])
        return self.own[:start] + OWN_PRODUCT.pack(product_index, bought_at) + self.own[end:]

    def _order_at(self, place: int) -> tuple[int, int, int]:
        return _order(EVENT.unpack_from(self.events, place * EVENT.size))

    def _product_at(self, place: int) -> int:
        return OWN_PRODUCT.unpack_from(self.own, place * OWN_PRODUCT.size)[0]


class CustomerState(Struct, frozen=True, kw_only=True):
    """What a list depends on of a customer, read at one moment.

    Without `profiling`, the history is empty and the segment follows from no purchases, and there is no `experiment_key`,
    which chooses the arms of the customer in experiments.
    """

    customer_id: str
    version: int
    catalogue_version: int
    model: Model
    segment_inputs: SegmentInputs
    history: PackedHistory
    profiling: bool = True
    rules_version: int = 0
    experiment_key: str | None = None


def pack_history(events: Iterable[Event], returned: Iterable[tuple[int, int]] = ()) -> PackedHistory:
    """Pack events given in any order; `returned` are products that went back, and the instants of their orders.

    A product stays out of lists if it went back after the customer last bought it, and may return if it was bought later.
    """
    events = list(events)
    bought_at: dict[int, int] = {}
    for event in events:
        bought_at[event[0]] = max(bought_at.get(event[0], NEVER_BOUGHT), _bought_at(event))
    for product_index, occurred_at in returned:
        bought_at[product_index] = _later(bought_at.get(product_index, NEVER_BOUGHT), RETURNED + occurred_at)
    return PackedHistory(
        events=b"".join(EVENT.pack(*event) for event in nsmallest(MAX_HISTORY_EVENTS, events, key=_order)),
        own=b"".join(OWN_PRODUCT.pack(*product) for product in sorted(bought_at.items())),
    )


def _order(event: Event) -> tuple[int, int, int]:
    product_index, event_type, occurred_at = event
    return -occurred_at, product_index, event_type


def _later(one: int, other: int) -> int:
    """Return the later of two values of OWN_PRODUCT; at one instant, what was kept counts."""
    return max(one, other, key=lambda bought_at: (bought_at - RETURNED, 0) if bought_at >= RETURNED else (bought_at, 1))


def _bought_at(event: Event) -> int:
    return event[2] if event[1] == PURCHASE else NEVER_BOUGHT
