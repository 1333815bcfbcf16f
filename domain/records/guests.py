"""Guests: customers without an account, whose records may be moved to a customer once they are known to be one."""

import re
from datetime import datetime
from typing import Literal

from msgspec import Struct

from domain.errors import InvalidField
from domain.records.values import CUSTOMER_ID_PATTERN, Id, readable_message

_HAS_CUSTOMER_ID = re.compile(CUSTOMER_ID_PATTERN).search


CustomerStatus = Literal["unknown", "guest", "customer", "merged", "erased"]
"""What an id is: of nobody yet, of a guest, of a customer, of a guest who was merged into a customer, or erased."""


class GuestMerge(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A guest who turned out to be a customer."""

    guest_id: Id
    customer_id: Id

    def check(self) -> None:
        """Raise InvalidField for a merge into oneself."""
        if self.guest_id == self.customer_id:
            raise InvalidField("#/customer_id", "Expected another id than `guest_id`")


class MovedRecords(Struct, frozen=True, kw_only=True):
    """What a merge moved: interactions, orders (returned ones included), returns, and addresses that were new."""

    browsing: int
    purchases: int
    returns: int
    addresses: int


class MergedGuest(Struct, frozen=True, kw_only=True):
    """A guest whose records are those of a customer now, and whose id stands for this customer."""

    guest_id: str
    customer_id: str
    merged_at: datetime
    moved: MovedRecords


class GuestCounts(Struct, frozen=True, kw_only=True):
    """The guests without an event for some time, with the number of their events, beside all guests and all events.

    Order items count one by one.
    """

    n_expired: int
    n_guests: int
    n_expired_events: int
    n_events: int


def check_guest_id(customer_id: str) -> None:
    """Raise InvalidField if no customer may have this id, as it is the name of a path."""
    if not _HAS_CUSTOMER_ID(customer_id):
        message = f"Expected `str` matching regex {CUSTOMER_ID_PATTERN!r}"
        raise InvalidField("#/customer_id", readable_message(message))
