"""The protocol of storage for guests, which every repository has."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.ranking.packed_history import CustomerState
from domain.records.audit import THE_APP
from domain.records.guests import CustomerStatus, GuestCounts, GuestMerge, MergedGuest


class GuestStore(Protocol):
    """Customers without an account; `record` registers them where an event says so."""

    async def newcomer_state(self, customer_id: str) -> CustomerState:
        """Return the state of somebody without events who is not registered; no list of it is ever stored.

        Raise CustomerNotFound for the id of an erased customer.
        """
        ...

    async def customer_status(self, customer_id: str) -> CustomerStatus:
        """Return what an id is; it is not followed to the customer for whom it may stand."""
        ...

    async def merge_guest(self, asked: GuestMerge, *, now: datetime, actor: str = THE_APP) -> MergedGuest:
        """Make the records of a guest those of a customer, for whom the id of the guest stands from then on.

        The same transaction adds the entry of the audit. The same merge again changes nothing and returns the same.
        Raise CustomerNotFound or MergeRefused.
        """
        ...

    async def count_guests(self, *, before: datetime) -> GuestCounts:
        """Count the guests who were created before an instant and have no event since, beside all."""
        ...

    async def expired_guests(self, *, before: datetime, after: str = "") -> list[str]:
        """Return a page of the ids of such guests, after an id; an empty page is the end."""
        ...

    async def purge_guests(self, guest_ids: Sequence[str], *, before: datetime) -> int:
        """Delete the first of these guests that still have no event; return how many are dealt with, which may be none.

        Their ids are free again. `scrub_guests` must follow.
        """
        ...

    async def scrub_guests(self) -> None:
        """Remove what purges of guests deleted from the files, also of a process that ended before it could."""
        ...
