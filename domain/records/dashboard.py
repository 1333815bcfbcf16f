"""What the dashboard shows beside the lists and records that the endpoints answer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct

from domain.records.interactions import EventType
from domain.records.recommendations import Strategy

Gap = Literal["category", "price", "picture"]
"""What a product may lack."""


class FoundCustomer(Struct, frozen=True, kw_only=True):
    customer_id: str
    first_name: str | None
    last_name: str | None
    email: str | None
    is_guest: bool


class Buyer(Struct, frozen=True, kw_only=True):
    customer_id: str
    bought_at: datetime


class PastEvent(Struct, frozen=True, kw_only=True):
    """An interaction, or an item of an order, of which `quantity`, `unit_price` and `currency` are then set."""

    event_type: EventType
    product_id: str
    name: str
    occurred_at: datetime
    order_id: str | None = None
    quantity: int = 1
    unit_price: float | None = None
    currency: str | None = None


class DayCount(Struct, frozen=True, kw_only=True):
    """The interactions and the different orders of a day; `day` counts from the first day that was asked for, from 0."""

    day: int
    interactions: int
    orders: int

    @property
    def events(self) -> int:
        return self.interactions + self.orders


class NewestEvent(Struct, frozen=True, kw_only=True):
    event_type: str
    product_name: str
    occurred_at: datetime


class ListedProducts(Struct, frozen=True, kw_only=True):
    """The first ten products of a stored list, and what the list rests on."""

    strategy: Strategy
    product_indexes: Sequence[int]
