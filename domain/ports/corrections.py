"""The protocol of storage that corrects what was recorded of a customer."""

from datetime import datetime
from typing import Protocol

from domain.records.amendments import OrderAmendment, OrderRemainder
from domain.records.customers import Customer, CustomerUpdate, StoredAddress


class Corrections(Protocol):
    """Correct what was recorded of a customer; all raise CustomerNotFound."""

    async def update_customer(self, update: CustomerUpdate, *, now: datetime) -> Customer:
        """Change a customer and return the customer; raise EmailTaken."""
        ...

    async def remove_address(self, customer_id: str, address_id: str) -> list[StoredAddress]:
        """Remove an address and return all others of the customer; raise AddressNotFound."""
        ...

    async def amend_order(self, amendment: OrderAmendment) -> OrderRemainder:
        """Store what is left of an order, and return it; raise OrderNotFound or MoreThanBought."""
        ...
