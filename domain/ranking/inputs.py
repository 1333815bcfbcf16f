"""What is gathered for one list: everything that scoring reads, and nothing that it has to ask for."""

from datetime import datetime

from msgspec import Struct

from domain.ranking.model import Model, TunedConfig, WeightedProducts
from domain.records.customers import Activity, Customer, SegmentInputs, StoredAddress
from domain.records.interactions import EventType
from domain.records.products import Product
from domain.records.recommendations import ListRequest, RecommendationList, ScoredList

MAX_HISTORY_EVENTS = 300
MAX_HISTORY_CATEGORIES = 16
"""Of how many categories of the history a list looks at what is popular."""


class Versions(Struct, frozen=True, kw_only=True):
    """What a stored list rests on; it is served only while all three are current."""

    customer: int
    catalogue: int
    model_id: str


class PastEvent(Struct, frozen=True, kw_only=True, gc=False):
    """One interaction of the customer with one product, `occurred_at` in microseconds."""

    product: Product
    event_type: EventType
    occurred_at: int


class NeighbourLists(Struct, frozen=True, kw_only=True, gc=False):
    """The trained neighbours of one product, each list packed as `domain.ranking.packing` says."""

    product_index: int
    bought_together: bytes
    viewed_together: bytes
    similar_product: bytes


class RankingInputs(Struct, frozen=True, kw_only=True):
    """What one customer's list is made of, read at one moment.

    `history` has the last interactions, newest first; `bought` every product ever bought with the microseconds of its
    last purchase; `neighbours` those of the products in `history`; `category_trends` what is popular in the categories of
    `history` and in the one asked for, packed as `domain.ranking.packing` says; `recent_popularity` what is popular,
    filled only while it has no model.
    """

    customer_id: str
    versions: Versions
    segment_inputs: SegmentInputs
    history: list[PastEvent]
    bought: dict[str, int]
    neighbours: list[NeighbourLists]
    category_trends: dict[str, bytes]
    model: Model
    recent_popularity: WeightedProducts


class CandidateQuery(Struct, frozen=True, kw_only=True):
    """The products that scoring wants to see.

    `product_indexes` by number; the newest `n_newest` of each of `categories`; and, so that a list is never shorter than
    it must be, `n_fill` more of the newest that pass the filters of `request` and are not among `seen`.
    """

    product_indexes: tuple[int, ...]
    categories: tuple[str, ...]
    n_newest: int
    n_fill: int
    seen: frozenset[str]
    request: ListRequest


class StoredList(Struct, frozen=True, kw_only=True):
    """A list with its beginning as it is usually shown, and the versions it was computed from."""

    recommendations: ScoredList
    first_page: RecommendationList
    versions: Versions


class StoredProfile(Struct, frozen=True, kw_only=True):
    """A customer as stored, read at one moment; `customer.segment` is already what `segment_inputs` decides."""

    customer: Customer
    addresses: list[StoredAddress]
    activity: Activity
    segment_inputs: SegmentInputs
    history: list[PastEvent]
    interest_days: float


class ShopSummary(Struct, frozen=True, kw_only=True):
    """How the shop stands, for `/health` and for deciding when to train; events are counted with order items one by one.

    `n_events_untrained` is how many at least the model in use has not learned from.
    """

    n_products: int
    n_events: int
    n_events_trained: int
    n_events_untrained: int
    model_id: str
    trained_at: datetime | None
    choice: TunedConfig
