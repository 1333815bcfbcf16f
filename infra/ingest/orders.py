"""Make orders and returns of the lines of an import."""

import hashlib
from collections.abc import Callable, Sequence

from msgspec import Struct

from domain.records.imports import ImportedEvent, OrderReturn, ReturnedItem
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.values import from_microseconds
from infra.ingest.lines import EventLine, RowRefused
from infra.ingest.options import Guests

MAX_ORDER_LINES = 1000

_CANCELLATION_PREFIX = "C"


class Guest(Struct, frozen=True):
    """Lines without a customer, which the options leave out."""


class Nothing(Struct, frozen=True):
    """Lines that neither buy nor return anything."""


Understood = ImportedEvent | OrderReturn | RowRefused | Guest | Nothing


class Identity(Struct, frozen=True, kw_only=True):
    """Whom lines name: the id of a customer or of a guest, or only an e-mail address."""

    customer_id: str
    email: str | None
    is_guest: bool


class OrderReader(Struct, frozen=True, kw_only=True):
    """Turn lines into events; what has `return_prefix` before its order id is a return."""

    guests: Guests = "skip"
    return_prefix: str = ""

    def event(self, line: EventLine, *, derived_id: str) -> Understood:
        """Return the event of a line that is no part of an order."""
        customer = self._identity([line], guest_id=derived_id)
        if customer is None:
            return Guest()
        if line.event_type == "return" or line.quantity < 0:
            return _return_of([line], customer, return_id=line.event_id or derived_id, order_id=None)
        if not line.quantity:
            return Nothing()
        if line.event_type == "purchase":
            return self._order([line], customer, order_id=derived_id, is_derived=True)
        return ImportedEvent(
            event=BrowsingEvent(
                customer_id=customer.customer_id,
                product_id=line.product_id or "",
                event_type=line.event_type,  # pyright: ignore[reportArgumentType] - purchases and returns are handled above
                occurred_at=None if line.occurred_at is None else from_microseconds(line.occurred_at),
                dwell_seconds=line.dwell_seconds,
                event_id=line.event_id or derived_id,
            ),
            is_derived_id=line.event_id is None,
            email=customer.email,
            is_guest=customer.is_guest,
        )

    def order(self, lines: Sequence[EventLine], *, is_too_long: bool = False) -> Understood:
        """Return the order of all its lines, or what it returns."""
        # Event ids and order ids are two namespaces: the order of an event must not take the event's id.
        order_id = lines[0].order_id or _digest(f"event {lines[0].event_id}".encode())
        if is_too_long:
            return RowRefused("order_id", f"Expected at most {MAX_ORDER_LINES} lines in an order")
        if any(line.refused for line in lines):
            return RowRefused("order_id", "Another line of this order is refused")
        for field in ("customer_id", "email", "currency"):
            if len({value for line in lines if (value := getattr(line, field)) is not None}) > 1:
                return RowRefused(field, "Expected to be the same in all lines of an order")
        customer = self._identity(lines, guest_id=order_id)
        if customer is None:
            return Guest()
        prefix = self.return_prefix or _CANCELLATION_PREFIX
        named = order_id.removeprefix(prefix) if order_id.startswith(prefix) and order_id != prefix else None
        if all(line.event_type == "return" for line in lines):
            return _return_of(lines, customer, return_id=_return_id(lines), order_id=order_id)
        # A line without a quantity, such as that of a coupon, buys nothing.
        lines = [line for line in lines if line.quantity]
        if not lines:
            return Nothing()
        if (self.return_prefix and named) or all(line.quantity < 0 for line in lines):
            return _return_of(lines, customer, return_id=order_id, order_id=named)
        return self._order(lines, customer, order_id=order_id, is_derived=False)

    def _order(self, lines: Sequence[EventLine], customer: Identity, *, order_id: str, is_derived: bool) -> ImportedEvent:
        bought = [line for line in lines if line.quantity > 0]
        occurred_at = min((line.occurred_at for line in bought if line.occurred_at is not None), default=None)
        return ImportedEvent(
            event=Purchase(
                customer_id=customer.customer_id,
                order_id=order_id,
                currency=next((line.currency for line in lines if line.currency), None),
                occurred_at=None if occurred_at is None else from_microseconds(occurred_at),
                items=tuple(
                    OrderItem(product_id=line.product_id or "", quantity=line.quantity, unit_price=line.unit_price)
                    for line in bought
                ),
            ),
            is_derived_id=is_derived,
            email=customer.email,
            is_guest=customer.is_guest,
            returned=_returned(lines, bought),
        )

    def _identity(self, lines: Sequence[EventLine], *, guest_id: str) -> Identity | None:
        customer_id = _first(lines, lambda line: line.customer_id)
        email = _first(lines, lambda line: line.email)
        if customer_id or email:
            return Identity(customer_id=customer_id or email or "", email=None if customer_id else email, is_guest=False)
        if anonymous_id := _first(lines, lambda line: line.anonymous_id):
            return Identity(customer_id=anonymous_id, email=None, is_guest=True)
        if self.guests == "per-order" and lines[0].event_type == "purchase":
            return Identity(customer_id=f"guest-{_digest(guest_id.encode())[:20]}", email=None, is_guest=True)
        return None


def _first(lines: Sequence[EventLine], value_of: Callable[[EventLine], str | None]) -> str | None:
    return next((value for line in lines if (value := value_of(line))), None)


def _returned(lines: Sequence[EventLine], bought: Sequence[EventLine]) -> dict[str, int]:
    """Return the quantity of each product that went back by what the lines of the order say themselves."""
    if not any(line.goes_back or line.refunded_amount or line.refunded_quantity or line.quantity < 0 for line in lines):
        return {}
    quantities: dict[str, int] = {}
    for line in bought:
        quantities[line.product_id or ""] = quantities.get(line.product_id or "", 0) + line.quantity
    if any(line.goes_back for line in lines) or _is_refunded(lines, bought):
        return quantities
    returned: dict[str, int] = {}
    for line in lines:
        n_returned = line.refunded_quantity + max(0, -line.quantity)
        if n_returned:
            returned[line.product_id or ""] = returned.get(line.product_id or "", 0) + n_returned
    return returned or _refunded_line(lines, bought)


def _is_refunded(lines: Sequence[EventLine], bought: Sequence[EventLine]) -> bool:
    """Return whether the amount that was paid back is all that was paid."""
    refunded = max((line.refunded_amount or 0.0 for line in lines), default=0.0)
    total = max((line.total or 0.0 for line in lines), default=0.0) or sum(map(_amount, bought))
    return 0.0 < total <= refunded + 0.005


def _refunded_line(lines: Sequence[EventLine], bought: Sequence[EventLine]) -> dict[str, int]:
    """Return what an amount paid back stands for, if it is the price of whole pieces of exactly one line."""
    refunded = max((line.refunded_amount or 0.0 for line in lines), default=0.0)
    matches = {
        (line.product_id or "", pieces)
        for line in bought
        for pieces in range(1, line.quantity + 1)
        if line.unit_price and abs(pieces * line.unit_price - refunded) < 0.005
    }
    return dict(matches) if len(matches) == 1 else {}


def _amount(line: EventLine) -> float:
    return line.quantity * (line.unit_price or 0.0)


def _return_of(
    lines: Sequence[EventLine], customer: Identity, *, return_id: str, order_id: str | None
) -> OrderReturn | Nothing:
    items = tuple(
        ReturnedItem(product_id=line.product_id, quantity=abs(line.quantity))
        for line in lines
        if line.product_id and line.quantity
    )
    occurred_at = min((line.occurred_at for line in lines if line.occurred_at is not None), default=None)
    if not items and order_id is None:
        return Nothing()
    return OrderReturn(
        customer_id=None if customer.email else customer.customer_id,
        email=customer.email,
        return_id=return_id,
        order_id=order_id,
        items=items,
        occurred_at=None if occurred_at is None else from_microseconds(occurred_at),
    )


def _return_id(lines: Sequence[EventLine]) -> str:
    """Return the identity of an event that takes back an order: its own id, or its order and time."""
    line = lines[0]
    return line.event_id or _digest(f"return {line.order_id} {line.occurred_at}".encode())


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
