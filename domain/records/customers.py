"""Customers, their addresses, and the rule that computes a customer's segment."""

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from domain.records.values import DAY, Country, CustomerId, Email, Id, Phone, PostalCode, Text

Segment = Literal["Premium", "Regular", "Budget"]
SegmentSource = Literal["assigned", "computed", "default"]
AddressKind = Literal["shipping", "billing"]

SEGMENTS: tuple[Segment, ...] = get_args(Segment)
MAX_ADDRESSES = 100
MIN_ORDERS = 2
"""A single order does not tell a buyer of small things from a newcomer."""


class NewCustomer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A customer to register; every field is optional, so a shop can keep personal data elsewhere."""

    customer_id: CustomerId | None = None
    email: Email | None = None
    first_name: Text | None = None
    last_name: Text | None = None
    phone: Phone | None = None
    segment: Segment | None = None
    profiling: bool = True


class Customer(Struct, frozen=True, kw_only=True):
    """A customer; without `profiling`, the customer's events are neither learned from nor used for lists."""

    customer_id: str
    email: str | None
    first_name: str | None
    last_name: str | None
    phone: str | None
    segment: Segment
    segment_source: SegmentSource
    created_at: datetime
    is_guest: bool = False
    profiling: bool = True


class CustomerUpdate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change: a member that is left out keeps its value, and `null` clears it; a cleared segment is computed again."""

    customer_id: CustomerId
    email: Email | UnsetType | None = UNSET
    first_name: Text | UnsetType | None = UNSET
    last_name: Text | UnsetType | None = UNSET
    phone: Phone | UnsetType | None = UNSET
    segment: Segment | UnsetType | None = UNSET
    profiling: bool | UnsetType = UNSET


class CustomerChange(CustomerUpdate, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An imported change."""

    is_guest: bool | UnsetType | None = UNSET


class Address(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    kind: AddressKind
    line1: Text
    city: Text
    postal_code: PostalCode
    country: Country
    line2: Text | None = None
    region: Text | None = None
    is_default: bool = False


class StoredAddress(Struct, frozen=True, kw_only=True):
    address_id: str
    kind: AddressKind
    line1: str
    line2: str | None
    city: str
    region: str | None
    postal_code: str
    country: str
    is_default: bool


class NewAddresses(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    customer_id: Id
    addresses: Annotated[tuple[Address, ...], Meta(min_length=1, max_length=MAX_ADDRESSES)]


class AddressRemoval(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    customer_id: Id
    address_id: Id


class AddressBook(Struct, frozen=True, kw_only=True):
    customer_id: str
    addresses: list[StoredAddress]


class Activity(Struct, frozen=True, kw_only=True):
    """The totals of a customer's events; `spent` is in the shop's currency, without money that has no rate in it."""

    views: int
    carts: int
    wishlists: int
    orders: int
    items_bought: int
    spent: float
    last_browsed_at: datetime | None
    last_purchased_at: datetime | None


class PurchaseSummary(Struct, frozen=True, kw_only=True):
    """Recency, frequency and money of a customer: money in the shop's currency, instants in microseconds."""

    orders: int
    spent: float
    last_purchased_at: int


class SegmentRule(Struct, frozen=True, kw_only=True):
    """The ascending edges between the five groups of each of recency, frequency and money.

    Training sets them to the quintiles of the shop's buyers; the defaults apply before.
    """

    recency_days: tuple[float, float, float, float] = (14.0, 30.0, 60.0, 120.0)
    orders: tuple[float, float, float, float] = (1.0, 2.0, 4.0, 8.0)
    spent: tuple[float, float, float, float] = (50.0, 150.0, 400.0, 1000.0)


class SegmentInputs(Struct, frozen=True, kw_only=True):
    """Everything that decides a customer's segment; `reference_time` is the newest event of the shop, in microseconds."""

    assigned: Segment | None
    purchases: PurchaseSummary | None
    rule: SegmentRule
    reference_time: int


def segment_of(segment_inputs: SegmentInputs) -> tuple[Segment, SegmentSource]:
    """Return a customer's segment: assigned by the shop, else computed, else Regular until the second order."""
    if segment_inputs.assigned is not None:
        return segment_inputs.assigned, "assigned"
    if segment_inputs.purchases is None or segment_inputs.purchases.orders < MIN_ORDERS:
        return "Regular", "default"
    return computed_segment(
        segment_inputs.purchases, rule=segment_inputs.rule, reference_time=segment_inputs.reference_time
    ), "computed"


def computed_segment(purchases: PurchaseSummary, *, rule: SegmentRule, reference_time: int) -> Segment:
    """Return the segment of a buyer from recency, frequency and money, each scored 0 to 4 by the edges of `rule`.

    A value on several equal edges scores their middle: where all buyers have one order, frequency says nothing.

    Premium has 9 of 12 points or more, with at least 3 for money; Budget has 5 points or fewer, with at most 1 for money;
    Regular is the rest. The scores follow Hughes, "Strategic Database Marketing" (1994), over quintiles.
    """
    age_days = max(0, reference_time - purchases.last_purchased_at) / DAY
    recency = 4 - _score(rule.recency_days, age_days)
    money = _score(rule.spent, purchases.spent)
    points = recency + _score(rule.orders, purchases.orders) + money
    if points >= 9 and money >= 3:
        return "Premium"
    if points <= 5 and money <= 1:
        return "Budget"
    return "Regular"


def _score(edges: tuple[float, ...], value: float) -> float:
    below, up_to = bisect_left(edges, value), bisect_right(edges, value)
    return (below + up_to) / 2 if up_to - below > 1 else up_to


def address_id(customer_id: str, address: Address) -> str:
    """Derive the id of an address from its content: the same address of a customer is the same row."""
    content = msgspec.structs.replace(address, is_default=False)
    return hashlib.blake2b(msgspec.json.encode([customer_id, content]), digest_size=16).hexdigest()


def with_defaults(stored: Sequence[StoredAddress], added: Sequence[StoredAddress]) -> list[StoredAddress]:
    """Merge addresses by id, with one default per kind: the newest marked as default, else the first."""
    merged = {address.address_id: address for address in (*stored, *added)}
    default = {address.kind: address.address_id for address in (*stored, *added) if address.is_default}
    for address in merged.values():
        default.setdefault(address.kind, address.address_id)
    return [
        msgspec.structs.replace(address, is_default=default[address.kind] == address.address_id)
        for address in merged.values()
    ]
