"""The protocols of storage; every repository passes the same contract suite."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct

from domain.ranking.inputs import CandidateQuery, PastEvent, RankingInputs, Versions
from domain.ranking.model import Model, TrainedModel, TunedConfig
from domain.records.customers import (
    Activity,
    Address,
    Customer,
    CustomerChange,
    NewCustomer,
    Segment,
    SegmentInputs,
    StoredAddress,
)
from domain.records.interactions import CustomerEvent, EventCounts, EventType
from domain.records.privacy import StoredPerson
from domain.records.products import Product, ProductChange
from domain.records.recommendations import RecommendationList, ScoredList


class Recorded(Struct, frozen=True, kw_only=True):
    """The result of recording events, and what now decides the customer's segment."""

    accepted: EventCounts
    seen_before: EventCounts
    segment_inputs: SegmentInputs


class Outcome(Struct, frozen=True, kw_only=True):
    """The result of importing one record; `field` and `reason` explain a refusal."""

    status: Literal["new", "changed", "unchanged", "seen_before", "refused"]
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


class StoredList(Struct, frozen=True, kw_only=True):
    """A list with its usual first page, and the versions it was computed from."""

    recommendations: ScoredList
    first_page: RecommendationList
    versions: Versions


class StoredProfile(Struct, frozen=True, kw_only=True):
    """A customer as stored, read at one moment; `customer.segment` follows from `segment_inputs`."""

    customer: Customer
    addresses: list[StoredAddress]
    activity: Activity
    segment_inputs: SegmentInputs
    history: list[PastEvent]
    interest_days: float


class ShopSummary(Struct, frozen=True, kw_only=True):
    """The state of a shop, for `/health` and for deciding when to train; order items count one by one as events.

    `n_events_untrained` is a lower bound of the events that the current model has not learned from.
    """

    n_products: int
    n_events: int
    n_events_trained: int
    n_events_untrained: int
    model_id: str
    trained_at: datetime | None
    config: TunedConfig


class Repository(Protocol):
    """Serve customers. Every method is one transaction and returns only after it is durable.

    All raise StoreBusy or StoreUnavailable; those that name a customer raise CustomerNotFound.
    """

    async def create_customer(self, new: NewCustomer, *, now: datetime) -> Customer:
        """Register a customer; raise CustomerExists or EmailTaken."""
        ...

    async def add_addresses(self, customer_id: str, addresses: Sequence[Address]) -> list[StoredAddress]:
        """Add addresses and return all of the customer's; raise TooManyItems beyond the bound."""
        ...

    async def record(self, events: Sequence[CustomerEvent], *, now: datetime) -> Recorded:
        """Record events of one customer, all or none; raise ProductNotFound or EventIdReused."""
        ...

    async def profile(self, customer_id: str) -> StoredProfile:
        """Read a customer with addresses, activity and recent history."""
        ...

    async def ranking_inputs(self, customer_id: str, *, category: str | None = None) -> RankingInputs:
        """Read what a list is computed from; `category` is the category that the list is limited to, if any."""
        ...

    async def candidates(self, query: CandidateQuery) -> list[Product]:
        """Return the available products of `query`, each once, filters applied."""
        ...

    async def stored_first_page(self, customer_id: str) -> RecommendationList | None:
        """Return the first page of the stored list if all that it was computed from is current, else None."""
        ...

    async def stored_list(self, customer_id: str) -> ScoredList | None:
        """Return the whole stored list under the same condition."""
        ...

    async def store_list(self, stored: StoredList) -> None:
        """Store a list, unless it was computed from an older version of its customer."""
        ...

    async def summary(self) -> ShopSummary:
        """Return the state of the shop; the health check."""
        ...

    async def export(self, customer_id: str) -> StoredPerson:
        """Read everything that is stored about a person."""
        ...

    async def erase(self, customer_id: str) -> None:
        """Delete everything about a person for good; after StoreBusy, the same call finishes the erasure.

        The id stays refused: events and reads raise CustomerNotFound, registering raises CustomerExists.
        """
        ...

    async def purge_events(self, *, before: datetime) -> int:
        """Delete one batch of the events before an instant; return how many, 0 when none is left."""
        ...


class IngestStore(Protocol):
    """Import a shop's history, at most 1,000 rows a call; a call is one transaction and returns one outcome per record."""

    async def put_products(self, changes: Sequence[ProductChange], *, now: datetime) -> list[Outcome]: ...

    async def put_customers(self, changes: Sequence[CustomerChange], *, now: datetime) -> list[Outcome]: ...

    async def put_events(self, events: Sequence[CustomerEvent], *, create_products: bool, now: datetime) -> list[Outcome]:
        """Record events of any customers; create unknown customers with nothing but their id."""
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
