"""The export of everything that the shop stores about one person."""

from datetime import datetime

from msgspec import Struct

from domain.records.customers import Customer, StoredAddress
from domain.records.interactions import EventType
from domain.records.recommendations import RecommendationList


class RecordedInteraction(Struct, frozen=True, kw_only=True):
    event_id: str
    product_id: str
    event_type: EventType
    dwell_seconds: float | None
    occurred_at: datetime


class RecordedItem(Struct, frozen=True, kw_only=True):
    product_id: str
    quantity: int
    unit_price: float | None


class RecordedOrder(Struct, frozen=True, kw_only=True):
    order_id: str
    currency: str
    occurred_at: datetime
    items: list[RecordedItem]


class CustomerExport(Struct, frozen=True, kw_only=True):
    """Everything that is stored about a person: events oldest first, and the stored list, however old it is."""

    customer: Customer
    addresses: list[StoredAddress]
    browsing: list[RecordedInteraction]
    purchases: list[RecordedOrder]
    recommendations: RecommendationList | None
