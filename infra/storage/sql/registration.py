"""Register customers: new ones, and guests who become customers."""

from datetime import datetime

from msgspec import UNSET

from domain.errors import CustomerExists, EmailTaken
from domain.records.customers import Customer, CustomerChange, NewCustomer
from domain.records.values import from_microseconds, to_microseconds
from infra.storage.ids import new_id
from infra.storage.sql import customers, merged_guests
from infra.storage.sql.privacy import find_erased
from infra.storage.sql.statements import Steps, one_or_none


def create(new: NewCustomer, *, now: datetime) -> Steps[Customer]:
    """Register a customer; raise CustomerExists, also for the id of an erased customer, or EmailTaken.

    A guest with the id becomes the customer: anybody may choose the id of a guest, also one that a customer is to have.
    """
    customer_id = new.customer_id or new_id()
    statement = "SELECT is_guest, created_at FROM customer_profiles WHERE customer_id = :customer_id FOR UPDATE"
    if (row := (yield from one_or_none(statement, customer_id=customer_id))) is not None:
        if not row[0]:
            raise CustomerExists(customer_id)
        return (yield from _register_guest(customer_id, new, created_at=row[1], now=now))
    # In this order: an erasure or a merge that commits between the statements is seen by the second.
    if (yield from find_erased([customer_id])) or (yield from merged_guests.read(customer_id)):
        raise CustomerExists(customer_id)
    if (yield from customers.owner_of(new.email)) is not None:
        raise EmailTaken
    yield from customers.insert(
        customer_id, {name: getattr(new, name) for name in (*customers.CONTACT, "profiling")}, now=now
    )
    yield from customers.assign_segment(customer_id, new.segment)
    return _new_customer(customer_id, new, created_at=to_microseconds(now))


def _register_guest(customer_id: str, new: NewCustomer, *, created_at: int, now: datetime) -> Steps[Customer]:
    # An objection to profiling stays.
    profiling = UNSET if new.profiling else False
    contact = {name: getattr(new, name) for name in customers.CONTACT}
    change = CustomerChange(customer_id=customer_id, **contact, segment=new.segment, is_guest=False, profiling=profiling)
    if (yield from customers.put_one(change, now=now)).status == "refused":
        raise EmailTaken
    return _new_customer(customer_id, new, created_at=created_at)


def _new_customer(customer_id: str, new: NewCustomer, *, created_at: int) -> Customer:
    return Customer(
        customer_id=customer_id,
        **{name: getattr(new, name) for name in customers.CONTACT},
        segment=new.segment or "Regular",
        segment_source="assigned" if new.segment else "default",
        created_at=from_microseconds(created_at),
        profiling=new.profiling,
    )
