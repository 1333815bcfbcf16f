"""What the rest of the system asks of storage; every repository passes one and the same contract suite."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

from msgspec import Struct

from domain.ranking.inputs import CandidateQuery, NeighbourLists, RankingInputs, ShopSummary, StoredList, StoredProfile
from domain.ranking.model import Model
from domain.records.customers import Address, Customer, CustomerChange, NewCustomer, Segment, SegmentInputs, StoredAddress
from domain.records.interactions import CustomerEvent, EventCounts, EventType
from domain.records.privacy import StoredPerson
from domain.records.products import Product, ProductChange
from domain.records.recommendations import RecommendationList, ScoredList


class Recorded(Struct, frozen=True, kw_only=True):
    """What became of recorded events, and where the customer stands now."""

    accepted: EventCounts
    seen_before: EventCounts
    segment_inputs: SegmentInputs


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of one imported record; `field` and `reason` say why it was refused."""

    status: Literal["new", "changed", "unchanged", "seen_before", "refused"]
    field: str | None = None
    reason: str | None = None


class TrainingEvent(Struct, frozen=True, kw_only=True, array_like=True):
    """One interaction or order item as training reads it; `spent` in the shop's currency, 0 where unknown."""

    customer_id: str
    product_index: int
    event_type: EventType
    occurred_at: int
    order_id: str | None
    spent: float


class TrainedModel(Struct, frozen=True, kw_only=True):
    """A model with its lists: neighbours per product, and per category path what is popular in it or below, packed."""

    model: Model
    neighbours: list[NeighbourLists]
    category_trends: dict[str, bytes] = {}


@runtime_checkable
class Repository(Protocol):
    """Serve customers. Every method is one transaction, and returns only after it is durable.

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
        """Gather what a list is made of; `category` is the one that the list shall be limited to."""
        ...

    async def candidates(self, query: CandidateQuery) -> list[Product]:
        """Return the available products that `query` asks for, each once, filters applied."""
        ...

    async def stored_first_page(self, customer_id: str) -> RecommendationList | None:
        """Return the beginning of the customer's list if everything it was computed from is still current, else None."""
        ...

    async def stored_list(self, customer_id: str) -> ScoredList | None:
        """Return the whole list on the same condition."""
        ...

    async def store_list(self, stored: StoredList) -> None:
        """Keep a list, unless it rests on an older version of its customer."""
        ...

    async def summary(self) -> ShopSummary:
        """Tell how the shop stands; the health check."""
        ...

    async def export(self, customer_id: str) -> StoredPerson:
        """Read everything that is stored about a person."""
        ...

    async def erase(self, customer_id: str) -> None:
        """Delete everything about a person for good; where that raises StoreBusy, a repetition finishes it.

        What comes later with that id is refused: events and readings find no customer, registering finds the id taken.
        """
        ...

    async def purge_events(self, *, before: datetime) -> int:
        """Delete some of the events that occurred before an instant; return how many, 0 when none is left."""
        ...


class IngestStore(Protocol):
    """Take in a shop's history, at most 1,000 rows a call; a call is one transaction and tells what became of each."""

    async def put_products(self, changes: Sequence[ProductChange], *, now: datetime) -> list[Outcome]: ...

    async def put_customers(self, changes: Sequence[CustomerChange], *, now: datetime) -> list[Outcome]: ...

    async def put_events(self, events: Sequence[CustomerEvent], *, create_products: bool, now: datetime) -> list[Outcome]:
        """Record events of any customers, creating unknown customers bare."""
        ...


class ModelStore(Protocol):
    """Read what training needs and keep what it learned."""

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
        """Write a new model in batches, then switch to it in one transaction and drop older ones."""
        ...
