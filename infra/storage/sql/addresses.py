"""The addresses of customers."""

from collections.abc import Sequence

import msgspec

from domain.errors import AddressNotFound, TooManyItems
from domain.records.customers import MAX_ADDRESSES, Address, StoredAddress, address_id, with_defaults
from infra.storage.sql.customers import lock
from infra.storage.sql.statements import Steps, executemany, rows

_COLUMNS = StoredAddress.__struct_fields__


def addresses(customer_id: str) -> Steps[list[StoredAddress]]:
    result = yield from rows(
        f"SELECT {', '.join(_COLUMNS)} FROM customer_addresses WHERE customer_id = :customer_id ORDER BY position",
        customer_id=customer_id,
    )
    # Not strict, because the databases store `is_default` as 0 or 1.
    return [msgspec.convert(dict(zip(_COLUMNS, row, strict=True)), StoredAddress, strict=False) for row in result]


def add_addresses(customer_id: str, new: Sequence[Address]) -> Steps[list[StoredAddress]]:
    """Add addresses and return all of the customer; raise CustomerNotFound, or TooManyItems above MAX_ADDRESSES."""
    customer_id = yield from lock(customer_id)
    added = [
        StoredAddress(address_id=address_id(customer_id, address), **msgspec.structs.asdict(address)) for address in new
    ]
    merged = with_defaults((yield from addresses(customer_id)), added)
    if len(merged) > MAX_ADDRESSES:
        raise TooManyItems(f"A customer has at most {MAX_ADDRESSES} addresses.")
    yield from write(customer_id, merged)
    return merged


def write(customer_id: str, merged: Sequence[StoredAddress]) -> Steps[None]:
    """Add the addresses that a customer lacks, and set which are the defaults."""
    # Positions too: where an address was removed, those after it move up, and new ones must come after all.
    yield from executemany(
        f"INSERT INTO customer_addresses (customer_id, position, {', '.join(_COLUMNS)})"
        f" VALUES (?, ?, {', '.join('?' * len(_COLUMNS))}) ON CONFLICT (customer_id, address_id)"
        " DO UPDATE SET is_default = excluded.is_default, position = excluded.position",
        [(customer_id, position, *msgspec.structs.astuple(address)) for position, address in enumerate(merged)],
    )


def remove_address(customer_id: str, address_id: str) -> Steps[list[StoredAddress]]:
    """Remove an address and return the others, with a default of each kind; raise CustomerNotFound or AddressNotFound."""
    customer_id = yield from lock(customer_id)
    stored = yield from addresses(customer_id)
    kept = [address for address in stored if address.address_id != address_id]
    if len(kept) == len(stored):
        raise AddressNotFound(address_id)
    yield from rows(
        "DELETE FROM customer_addresses WHERE customer_id = :customer_id AND address_id = :address_id",
        customer_id=customer_id,
        address_id=address_id,
    )
    remaining = with_defaults(kept, ())
    yield from executemany(
        "UPDATE customer_addresses SET is_default = ? WHERE customer_id = ? AND address_id = ?",
        [(int(address.is_default), customer_id, address.address_id) for address in remaining if address not in kept],
    )
    return remaining
