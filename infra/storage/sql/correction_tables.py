"""The part of the repository that corrects what was recorded of a customer."""

from datetime import datetime

from domain.records.amendments import OrderAmendment, OrderRemainder
from domain.records.customers import Customer, CustomerUpdate, StoredAddress
from infra.storage.sql import addresses, corrections, customers
from infra.storage.sql.customer_states import CustomerStates
from infra.storage.sql.statements import Steps


class CorrectionTables(CustomerStates):
    """The protocol Corrections over tables."""

    async def update_customer(self, update: CustomerUpdate, *, now: datetime) -> Customer:
        await self.engine.write(corrections.update_customer, update, now=now)
        return await self.engine.read(self._customer, update.customer_id)

    async def remove_address(self, customer_id: str, address_id: str) -> list[StoredAddress]:
        return await self.engine.write(addresses.remove_address, customer_id, address_id)

    async def amend_order(self, amendment: OrderAmendment) -> OrderRemainder:
        return await self.engine.write(corrections.amend_order, amendment)

    def _customer(self, customer_id: str) -> Steps[Customer]:
        state = yield from self.any_state(customer_id)
        return (yield from customers.read(state.customer_id, state.segment_inputs))
