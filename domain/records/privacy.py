"""The export of everything that the shop stores about one person."""

from datetime import datetime
from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from domain.records.customers import Customer, StoredAddress
from domain.records.guests import MergedGuest
from domain.records.interactions import EventType, RemovalType
from domain.records.list_references import ListReference
from domain.records.recommendations import RecommendationList


class RecordedInteraction(Struct, frozen=True, kw_only=True):
    """`taken_back` says that a later removal took it back, `recommended_by` in which list the product was clicked."""

    event_id: str
    product_id: str
    event_type: Literal[EventType, RemovalType]
    dwell_seconds: float | None
    occurred_at: datetime
    taken_back: bool = False
    recommended_by: ListReference | UnsetType = UNSET


class RecordedItem(Struct, frozen=True, kw_only=True):
    """A product of an order; `recommended_by` is the list from which it was bought."""

    product_id: str
    quantity: int
    unit_price: float | None
    recommended_by: ListReference | UnsetType = UNSET


class RecordedOrder(Struct, frozen=True, kw_only=True):
    order_id: str
    currency: str
    occurred_at: datetime
    items: list[RecordedItem]


class AmendedOrder(Struct, frozen=True, kw_only=True):
    """An order as it was bought, of which something went back.

    `returned` has the quantity of each product by cause: the id of a return, or "" for what the order itself said. A return
    without products took the whole order. `adjusted` is what went back beyond that, as the shop said later; less if it is
    negative.
    """

    order_id: str
    currency: str
    occurred_at: datetime
    items: list[RecordedItem]
    returned: dict[str, dict[str, int]]
    adjusted: dict[str, int] = {}


class RecordedReturn(Struct, frozen=True, kw_only=True):
    """A return as it was sent, and the orders that it was taken from."""

    return_id: str
    occurred_at: datetime
    order_id: str | None
    items: dict[str, int]
    orders: list[str]


class ReplacedOrder(Struct, frozen=True, kw_only=True):
    """An order as it was before an import replaced it."""

    order_id: str
    currency: str
    occurred_at: datetime
    items: list[RecordedItem]
    returned: dict[str, int]


class CustomerExport(Struct, frozen=True, kw_only=True):
    """Everything that is stored about a person: events oldest first, and the stored list, however old it is.

    `purchases` are what the customer kept; what went back or was replaced by an import is in the last members.
    `merged_guests` are the guests whose records became those of the customer, and `experiment_key` is the one whose arms in
    experiments the customer has, null for the own ones.
    """

    customer: Customer
    addresses: list[StoredAddress]
    browsing: list[RecordedInteraction]
    purchases: list[RecordedOrder]
    recommendations: RecommendationList | None
    merged_guests: list[MergedGuest] = []
    amended_orders: list[AmendedOrder] = []
    returns: list[RecordedReturn] = []
    replaced_orders: list[ReplacedOrder] = []
    replaced_returns: list[RecordedReturn] = []
    experiment_key: str | None = None
