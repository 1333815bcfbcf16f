"""What an import hands to storage: events and returns as files say them, and the record of the import itself."""

import hashlib
from collections.abc import Mapping
from datetime import datetime

import msgspec
from msgspec import Struct

from domain.records.interactions import CustomerEvent
from domain.records.values import to_microseconds


class ImportedEvent(Struct, frozen=True, kw_only=True, gc=False):
    """An event of a file; its `event_id` or `order_id` is always set.

    `is_derived_id` says that the id was made from the meaning of the line: an interaction with the same id and other content
    is then the same. `email` is set if the file names the customer by it alone: the event is of the stored customer with
    that address, else of a new customer with the id of the event and this address. `is_guest` marks new customers as guests.
    `returned` is the quantity of each product that went back, as the lines of the order itself say; the event holds the
    order as it was bought.
    """

    event: CustomerEvent
    is_derived_id: bool = False
    email: str | None = None
    is_guest: bool = False
    returned: Mapping[str, int] = {}


class ReturnedItem(Struct, frozen=True, kw_only=True):
    """A product that went back; `quantity` is at least 1."""

    product_id: str
    quantity: int


class OrderReturn(Struct, frozen=True, kw_only=True):
    """What a customer gave back, apart from the order; `return_id` is unique for the customer.

    Without `items` it is the whole order `order_id`. If no order of the customer has that id, the newest purchases of the
    products up to `occurred_at` are meant.
    """

    customer_id: str | None = None
    email: str | None = None
    return_id: str
    order_id: str | None = None
    items: tuple[ReturnedItem, ...] = ()
    occurred_at: datetime | None = None

    def quantities(self) -> dict[str, int]:
        """Return the quantity of each product."""
        total: dict[str, int] = {}
        for item in self.items:
            total[item.product_id] = total.get(item.product_id, 0) + item.quantity
        return total


class ImportRecord(Struct, frozen=True, kw_only=True):
    """An import: `files` are names without folders, `options` the command as text, `counts` the lines by outcome.

    `finished_at` is None while it runs and after it was interrupted.
    """

    import_id: str
    started_at: datetime
    finished_at: datetime | None = None
    kind: str
    files: tuple[str, ...] = ()
    options: str = ""
    counts: Mapping[str, int] = {}


def return_digest(returned: OrderReturn) -> bytes:
    """Return a digest of 16 bytes of the content of a return as sent; the sequence of its items does not count."""
    occurred_at = None if returned.occurred_at is None else to_microseconds(returned.occurred_at)
    items = sorted(returned.quantities().items())
    content = ["return", returned.customer_id, returned.email, returned.order_id, occurred_at, items]
    return hashlib.blake2b(msgspec.json.encode(content), digest_size=16).digest()
