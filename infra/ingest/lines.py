"""The lines of a file under our names, with values that are read and checked."""

from msgspec import Struct


class RowRefused(Exception):
    """A row that cannot be imported: its field and the reason, which never contains the value, as that can be personal."""

    def __init__(self, field: str | None, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


class EventLine(Struct, kw_only=False, array_like=True, gc=False):
    """A line of an event or order file; the fields that a file leaves out are None.

    `anonymous_id` is that of a guest who is kept. `event_type` is one of EVENT_MEANINGS; `return` is what an order or a
    customer gives back. `occurred_at` is in microseconds. A negative `quantity` went back. `goes_back` says that the status
    of its order is cancelled or refunded, `refused` that a line of this order cannot be read.
    """

    customer_id: str | None = None
    anonymous_id: str | None = None
    email: str | None = None
    product_id: str | None = None
    event_type: str | None = None
    occurred_at: int | None = None
    order_id: str | None = None
    quantity: int = 1
    unit_price: float | None = None
    currency: str | None = None
    event_id: str | None = None
    dwell_seconds: float | None = None
    goes_back: bool = False
    refunded_quantity: int = 0
    refunded_amount: float | None = None
    total: float | None = None
    refused: bool = False
