"""The protocol of the storage that serves customers, with what its methods return."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from domain.ports.attribution import AttributionStore
from domain.ports.audit import AuditLog, KeyStore
from domain.ports.corrections import Corrections
from domain.ports.dashboard import DashboardStore
from domain.ports.diagnosis import Diagnosis
from domain.ports.experiments import ExperimentStore
from domain.ports.export import ExportStore
from domain.ports.guests import GuestStore
from domain.ports.lists import ListStore
from domain.ports.products import ProductStore
from domain.ports.rules import RuleStore
from domain.ranking.model import NeighbourLists, TunedConfig, WeightedProducts
from domain.ranking.packed_history import CustomerState
from domain.records.audit import THE_APP
from domain.records.customers import Activity, Address, Customer, NewCustomer, StoredAddress
from domain.records.interactions import CustomerEvent, EventCounts
from domain.records.privacy import CustomerExport
from domain.records.products import Product
from domain.records.recommendations import ListRequest, RankedList


class Recorded(Struct, frozen=True, kw_only=True):
    """The result of recording events; `state` is that of the customer after them, None if it must be read.

    `created_products` are products of the events that only events have named so far, if such products may be created.
    """

    accepted: EventCounts
    seen_before: EventCounts
    state: CustomerState | None
    created_products: Sequence[str] = ()


class ListVersions(Struct, frozen=True, kw_only=True):
    """The versions of the customer, the catalogue, the model and the rules; a stored list has the digest of its rules.

    `experiment_key` chooses the arms of the customer, who takes part in no experiment without one.
    """

    customer: int
    catalogue: int
    model_id: str
    rules: int = 0
    experiment_key: str | None = None


class StoredList(Struct, frozen=True, kw_only=True):
    """A list, the length it was asked for with, and the versions that it was computed from."""

    ranked: RankedList
    length: int
    versions: ListVersions


class CatalogueChanges(Struct, frozen=True, kw_only=True):
    """The products that changed until `version`, None if too many did or if categories or variants changed.

    `listed_in` is the last version that changed which products are available, or how old they are.
    """

    version: int
    listed_in: int
    products: list[Product] | None


class StoredProfile(Struct, frozen=True, kw_only=True):
    """A customer as stored, read at one moment; `customer.segment` follows from the segment inputs of `state`."""

    customer: Customer
    addresses: list[StoredAddress]
    activity: Activity
    state: CustomerState


class ShopSummary(Struct, frozen=True, kw_only=True):
    """The state of a shop, for `/health` and for deciding when to train; order items count one by one as events.

    Events that training does not use are not counted: removals and what they took back, and all of customers who object.

    `n_events_untrained` is a lower bound of the events that the current model has not learned from.
    """

    n_products: int
    n_events: int
    n_events_trained: int
    n_events_untrained: int
    model_id: str
    trained_at: datetime | None
    config: TunedConfig


class Repository(
    GuestStore,
    AuditLog,
    KeyStore,
    ExportStore,
    ProductStore,
    ListStore,
    Corrections,
    AttributionStore,
    Diagnosis,
    RuleStore,
    ExperimentStore,
    DashboardStore,
    Protocol,
):
    """Serve customers. Every method is one transaction and returns only after it is durable.

    All but `store_list` raise StoreBusy or StoreUnavailable; those that name a customer raise CustomerNotFound. The id of a
    merged guest stands for its customer in all of them.
    """

    async def create_customer(self, new: NewCustomer, *, now: datetime) -> Customer:
        """Register a customer; raise CustomerExists or EmailTaken."""
        ...

    async def add_addresses(self, customer_id: str, addresses: Sequence[Address]) -> list[StoredAddress]:
        """Add addresses and return all of the customer's; raise TooManyItems beyond the bound."""
        ...

    async def record(self, events: Sequence[CustomerEvent], *, now: datetime, create_products: bool = False) -> Recorded:
        """Record events of one customer, all or none; raise ProductNotFound or EventIdReused.

        With `create_products`, unknown products are created, in no list until the catalogue names them. The id of a list
        that this shop did not answer counts as none.
        """
        ...

    async def record_while(
        self,
        prepare: Callable[[Recorded], Awaitable[None]],
        events: Sequence[CustomerEvent],
        *,
        now: datetime,
        create_products: bool = False,
    ) -> Recorded:
        """Record events, and await `prepare` with the result, if the storage can, while it becomes durable.

        The recording may still fail, so nothing that `prepare` does may outlast a failure.
        """
        ...

    async def profile(self, customer_id: str) -> StoredProfile:
        """Read a customer with addresses, activity and recent history."""
        ...

    async def customer_state(self, customer_id: str) -> CustomerState:
        """Read what a list depends on of a customer."""
        ...

    async def catalogue_changes(self, since: int) -> CatalogueChanges:
        """Return the products that changed after version `since` of the catalogue."""
        ...

    async def signing_key(self) -> bytes:
        """Return the key of the shop that signs ids of answers."""
        ...

    async def products(self, indexes: Sequence[int]) -> list[Product]:
        """Return the products with these indexes, in any order and without unknown ones."""
        ...

    async def newest_products(self, request: ListRequest, *, n: int) -> list[int]:
        """Return the indexes of the `n` newest available products that pass the filters of `request`, newest first."""
        ...

    async def newest_of_categories(self, categories: Sequence[str], *, n: int) -> dict[str, list[int]]:
        """Return the indexes of the `n` newest available products of each category itself, newest first."""
        ...

    async def neighbours(self, model_id: str, product_indexes: Sequence[int]) -> list[NeighbourLists]:
        """Return the lists that training has for these products, in any order."""
        ...

    async def category_trends(self, model_id: str, categories: Sequence[str]) -> dict[str, bytes]:
        """Return the popular products of these category paths, packed, without unknown ones."""
        ...

    async def recent_popularity(self) -> WeightedProducts:
        """Return the products of most customers in the last 1,000 interactions and order items."""
        ...

    async def stored_list(self, customer_id: str, *, length: int) -> tuple[RankedList, ListVersions] | None:
        """Return the stored list and the current versions; None if no list of at least `length` products is current.

        A list outlives changes of products which leave their categories and variants as they are: who answers with it must
        see whether its products are still available, and whether its rules are those of now.
        """
        ...

    async def store_list(self, stored: StoredList) -> None:
        """Store a list, unless it was computed from an older version of its customer.

        That may happen later or not at all: a stored list only saves a computation.
        """
        ...

    async def summary(self) -> ShopSummary:
        """Return the state of the shop, which counts rows."""
        ...

    async def check_readable(self) -> None:
        """Return if lists can be read, at the cost of a few pages; else raise StoreBusy or StoreUnavailable."""
        ...

    async def accepts_writes(self) -> bool:
        """Return whether a small write was possible when it was last tried, within about a second."""
        ...

    async def export(self, customer_id: str) -> CustomerExport:
        """Read everything that is stored about a person."""
        ...

    async def erase(self, customer_id: str, *, actor: str = THE_APP) -> None:
        """Delete everything about a person for good; after StoreBusy, the same call finishes the erasure.

        The same transaction adds the entry of the audit. The id stays refused: events and reads raise CustomerNotFound,
        registering raises CustomerExists. So do the ids of guests who were merged into the customer.
        """
        ...

    async def count_events_before(self, before: datetime) -> tuple[int, int]:
        """Return the numbers of events before an instant and of all events; order items count one by one."""
        ...

    async def purge_events(self, *, before: datetime) -> int:
        """Delete one batch of the events before an instant; return how many, 0 when none is left, also in the files."""
        ...
