"""The protocols of storage; every repository passes the same contract suite."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct

from domain.audit_ports import AuditLog, KeyStore
from domain.export_ports import ExportStore
from domain.guest_ports import GuestStore
from domain.product_ports import ProductStore
from domain.ranking.model import Model, NeighbourLists, TrainedModel, TunedConfig, WeightedProducts
from domain.ranking.packed_history import CustomerState
from domain.records.amendments import OrderAmendment, OrderRemainder
from domain.records.audit import THE_APP
from domain.records.customers import (
    Activity,
    Address,
    Customer,
    CustomerChange,
    CustomerUpdate,
    NewCustomer,
    Segment,
    StoredAddress,
)
from domain.records.imports import ImportedEvent, ImportRecord, OrderReturn
from domain.records.interactions import CustomerEvent, EventCounts, EventType
from domain.records.privacy import CustomerExport
from domain.records.products import Product, ProductChange
from domain.records.recommendations import ListRequest, RankedList
from domain.related_ports import RelatedStore


class Recorded(Struct, frozen=True, kw_only=True):
    """The result of recording events; `state` is that of the customer after them, None if it must be read.

    `created_products` are products of the events that only events have named so far, if such products may be created.
    """

    accepted: EventCounts
    seen_before: EventCounts
    state: CustomerState | None
    created_products: Sequence[str] = ()


class Outcome(Struct, frozen=True, kw_only=True):
    """The result of importing one record; `field` and `reason` explain a refusal.

    A product of any other status has the field `aliases` if some of its aliases are ids of other products and were left out.
    """

    status: Literal["new", "changed", "unchanged", "replaced", "returned", "seen_before", "unmatched", "refused"]
    field: str | None = None
    reason: str | None = None


class TrainingEvent(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One interaction or order item as training reads it; `spent` is in the shop's currency, 0 where unknown."""

    customer_id: str
    product_index: int
    event_type: EventType
    occurred_at: int
    order_id: str | None
    spent: float


class ListVersions(Struct, frozen=True, kw_only=True):
    """The versions of the customer, the catalogue and the model."""

    customer: int
    catalogue: int
    model_id: str


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


class Repository(GuestStore, AuditLog, KeyStore, ExportStore, ProductStore, RelatedStore, Corrections, Protocol):
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

        With `create_products`, unknown products are created, in no list until the catalogue names them.
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
        see whether its products are still available.
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


class IngestStore(Protocol):
    """Import a shop's history, at most 1,000 rows a call; a call is one transaction and returns one outcome per record."""

    def rehearsal(self) -> "IngestStore":
        """Return a store that answers as this one, and keeps nothing."""
        ...

    async def put_products(self, changes: Sequence[ProductChange], *, now: datetime) -> list[Outcome]:
        """Create or change products; aliases do not count as rows, as they are written in transactions of their own."""
        ...

    async def put_customers(self, changes: Sequence[CustomerChange], *, now: datetime) -> list[Outcome]: ...

    async def put_events(
        self, events: Sequence[ImportedEvent], *, create_products: bool, import_id: str | None = None, now: datetime
    ) -> list[Outcome]:
        """Record events of any customers; create unknown customers, and replace orders that come with other content."""
        ...

    async def put_returns(
        self, returns: Sequence[OrderReturn], *, import_id: str | None = None, now: datetime
    ) -> list[Outcome]:
        """Take from stored orders what went back; a return that finds no purchase is "unmatched" and is not stored."""
        ...

    async def begin_import(self, record: ImportRecord) -> None:
        """Record that an import started."""
        ...

    async def finish_import(self, import_id: str, counts: Mapping[str, int], *, now: datetime) -> None: ...

    async def imports(self, n: int) -> list[ImportRecord]:
        """Return the `n` last imports, newest first."""
        ...

    async def undo_import(self, import_id: str) -> int:
        """Take back one batch of the events, replacements and returns of an import; return how many, 0 when none is left."""
        ...

    async def listed_products(self, after: str | None = None) -> list[str]:
        """Return a page of the ids of products that are not withdrawn, after an id; an empty page is the end."""
        ...

    async def merge_aliases(self) -> int:
        """Move the events of products that only events created to the products that have their ids as aliases.

        Return how many products were merged. The events of one product are moved in several transactions.
        """
        ...


class ModelStore(Protocol):
    """Read what training needs and store what it learned."""

    def training_events(self) -> AsyncIterator[list[TrainingEvent]]:
        """Yield all events in batches, in a stable order."""
        ...

    def training_products(self) -> AsyncIterator[list[Product]]:
        """Yield the whole catalogue in batches, by product index."""
        ...

    async def current_model(self) -> Model:
        """Return the model in use."""
        ...

    async def assigned_segments(self) -> dict[str, Segment]:
        """Return the segments that the shop assigned, by customer id."""
        ...

    async def lock_training(self, holder: str, *, now: datetime, seconds: int) -> None:
        """Take or renew the training lock for `seconds`; raise TrainingRunning while another holds it."""
        ...

    async def unlock_training(self, holder: str) -> None: ...

    async def save_model(self, trained: TrainedModel) -> None:
        """Write a new model in batches, switch to it in one transaction, and drop all but the newest five models."""
        ...

    async def stored_models(self) -> list[Model]:
        """Return all models that can be used, newest first."""
        ...

    async def use_model(self, model_id: str) -> None:
        """Switch to a stored model; raise ModelNotFound."""
        ...


class ShopStore(Repository, IngestStore, ModelStore, Protocol):
    """Everything that one database provides."""
