"""The part of the repository that reads what lists depend on of a customer."""

from domain.ranking.packed_history import CustomerState, PackedHistory
from infra.storage.sql import histories
from infra.storage.sql.customer_activity import NO_PURCHASES, segment_inputs_from
from infra.storage.sql.histories import CustomerEvents, CustomerRow
from infra.storage.sql.model_tables import ModelTables
from infra.storage.sql.statements import Steps


class CustomerStates(ModelTables):
    """Read states of customers, each in the steps of one transaction."""

    def packed_state(self, customer_id: str) -> Steps[CustomerState | None]:
        """Return the state of a customer from the packed history, None if it must be packed anew."""
        row = yield from histories.read(customer_id)
        return (yield from self.state_of(row, row.events)) if row.events else None

    def new_state(self, customer_id: str) -> Steps[tuple[CustomerState, CustomerEvents]]:
        """Return the state of a customer, and the packed events, of which the state has nothing without profiling."""
        row = yield from histories.read(customer_id)
        packed = row.events or (yield from histories.pack(row.customer_id))
        return (yield from self.state_of(row, packed)), packed

    def any_state(self, customer_id: str) -> Steps[CustomerState]:
        return (yield from self.new_state(customer_id))[0]

    def state_of(self, row: CustomerRow, packed: CustomerEvents) -> Steps[CustomerState]:
        model = yield from self.model(row.model_id)
        return CustomerState(
            customer_id=row.customer_id,
            version=row.version,
            catalogue_version=row.catalogue_version,
            model=model,
            segment_inputs=segment_inputs_from(
                packed.purchases if row.profiling else NO_PURCHASES,
                assigned=row.segment,
                model=model,
                currencies=self.currencies,
            ),
            history=packed.history if row.profiling else PackedHistory(),
            profiling=row.profiling,
            rules_version=row.rules_version,
            experiment_key=row.experiment_key,
        )
