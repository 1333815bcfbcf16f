"""Returns that come apart from their orders: find what they took, and apply, replace or take back them."""

from collections.abc import Iterable, Mapping

import msgspec
from msgspec.structs import replace

from domain.errors import CustomerNotFound
from domain.ports.ingest import Outcome
from domain.records.amendments import AmendedOrder, Quantities
from domain.records.imports import OrderReturn, return_digest
from domain.records.values import to_microseconds
from infra.storage.sql import import_changes, merged_guests, orders
from infra.storage.sql.customers import raise_versions, resolve_emails
from infra.storage.sql.import_changes import StoredReturn
from infra.storage.sql.import_run import ImportRun
from infra.storage.sql.orders import StoredOrder, encode
from infra.storage.sql.privacy import REFUSED, find_erased
from infra.storage.sql.return_matching import taken_by
from infra.storage.sql.row_budget import RowBudget
from infra.storage.sql.statements import Row, Steps, executemany, one, one_or_none, rows

_COLUMNS = "customer_id, return_id, occurred_at, digest, import_id, content, orders"
_decode_content = msgspec.json.Decoder(tuple[str | None, Quantities]).decode
_decode_orders = msgspec.json.Decoder(list[str]).decode
UNMATCHED = Outcome(status="unmatched")


def put(returns: Iterable[OrderReturn], *, run: ImportRun) -> Steps[list[Outcome]]:
    """Apply returns in order, as many as one transaction may write, and at least one; return their outcomes."""
    # One at a time: what a return finds depends on the earlier ones.
    yield from one("SELECT catalogue_version FROM shop_state FOR UPDATE")
    outcomes: list[Outcome] = []
    budget = RowBudget()
    for returned in returns:
        outcome = yield from _put_one(returned, run=run, budget=budget)
        if outcome is None:
            break
        outcomes.append(outcome)
    return outcomes


def _put_one(sent: OrderReturn, *, run: ImportRun, budget: RowBudget) -> Steps[Outcome | None]:
    """Apply a return; return None, without any change, if the transaction has no room for it."""
    customer_id = yield from _customer_of(sent)
    if customer_id is None:
        erased = yield from find_erased([sent.customer_id] if sent.customer_id else [])
        return REFUSED if erased else UNMATCHED
    before = yield from read(customer_id, sent.return_id)
    digest = return_digest(sent)
    if before is not None and before.digest == digest:
        return Outcome(status="seen_before")
    touched = yield from orders.read(before.taken if before else ())
    released = {order_id: without(order, sent.return_id) for order_id, order in touched.items()}
    at = to_microseconds(sent.occurred_at or run.now)
    taken = yield from taken_by(sent, customer_id, touched, released, until=at)
    touched |= yield from orders.read(taken.keys() - touched.keys())
    if not budget.has_room_for(sum(orders.n_rows(order, order) for order in touched.values()) + 3):
        return None
    if before is None and not taken:
        return UNMATCHED
    if before is not None:
        yield from import_changes.add(run.import_id, before)
    after = StoredReturn(
        customer_id=customer_id,
        return_id=sent.return_id,
        occurred_at=max([at, *(touched[order_id].bought.occurred_at for order_id in taken)]),
        # What finds nothing now may find something when it comes again.
        digest=digest if taken else None,
        import_id=run.import_id,
        order_id=sent.order_id,
        items=sent.quantities(),
        taken=taken,
    )
    yield from apply(after, touched)
    return Outcome(status="returned") if taken else UNMATCHED


def read(customer_id: str, return_id: str) -> Steps[StoredReturn | None]:
    row = yield from one_or_none(
        f"SELECT {_COLUMNS} FROM order_returns WHERE customer_id = :customer_id AND return_id = :return_id",
        customer_id=customer_id,
        return_id=return_id,
    )
    return None if row is None else (yield from _as_return(row))


def of_import(import_id: str) -> Steps[StoredReturn | None]:
    """Read one of the returns of an import, None if it has none."""
    row = yield from one_or_none(
        f"SELECT {_COLUMNS} FROM order_returns WHERE import_id = :import_id ORDER BY customer_id, return_id LIMIT 1",
        import_id=import_id,
    )
    return None if row is None else (yield from _as_return(row))


def of_customer(customer_id: str) -> Steps[list[StoredReturn]]:
    """Read all returns of a customer, oldest first."""
    found = yield from rows(
        f"SELECT {_COLUMNS} FROM order_returns WHERE customer_id = :customer_id ORDER BY occurred_at, return_id",
        customer_id=customer_id,
    )
    returns: list[StoredReturn] = []
    for row in found:
        stored = yield from _as_return(row)
        returns.append(stored)
    return returns


def apply(after: StoredReturn, touched: Mapping[str, StoredOrder]) -> Steps[None]:
    """Store what a return takes instead of what it took; `touched` are the orders of both."""
    for order_id, order in touched.items():
        changed = without(order, after.return_id)
        if order_id in after.taken:
            changed = replace(changed, returns=changed.returns | {after.return_id: after.taken[order_id]})
        yield from orders.write(changed, order)
    yield from _write(after)
    yield from raise_versions(orders.customers_of(touched.values()))


def take_back(stored: StoredReturn, touched: Mapping[str, StoredOrder]) -> Steps[None]:
    """Delete a return, so that what it took of the orders `touched` is bought again."""
    for order in touched.values():
        yield from orders.write(without(order, stored.return_id), order)
    yield from rows(
        "DELETE FROM order_returns WHERE customer_id = :customer_id AND return_id = :return_id",
        customer_id=stored.customer_id,
        return_id=stored.return_id,
    )
    yield from raise_versions(orders.customers_of(touched.values()))


def rename_customer(before: str, after: str) -> Steps[None]:
    """Make the returns of a customer those of another.

    Of two with one id, that of `after` stays and has taken what both took: a return id is unique for its customer.
    """
    shared = yield from rows(
        "SELECT other.return_id, other.orders, own.orders FROM order_returns other JOIN order_returns own"
        " ON own.customer_id = :after AND own.return_id = other.return_id WHERE other.customer_id = :before",
        before=before,
        after=after,
    )
    yield from executemany(
        "UPDATE order_returns SET orders = ? WHERE customer_id = ? AND return_id = ?",
        [
            (encode(list(dict.fromkeys([*_decode_orders(own), *_decode_orders(other)]))).decode(), after, return_id)
            for return_id, other, own in shared
        ],
    )
    yield from executemany(
        "DELETE FROM order_returns WHERE customer_id = ? AND return_id = ?",
        [(before, return_id) for return_id, _, _ in shared],
    )
    yield from rows("UPDATE order_returns SET customer_id = :after WHERE customer_id = :before", before=before, after=after)


def lose_order(order: StoredOrder) -> Steps[None]:
    """Let the returns of an order that was deleted be applied again when they come again."""
    for return_id in order.returns:
        stored = yield from read(order.bought.customer_id, return_id)
        if stored is None:
            # The order came from another customer after the return. Few are looked through, without an index.
            stored = yield from _of_any_customer(return_id)
        if stored is not None:
            yield from _write(replace(stored, digest=None))


def _of_any_customer(return_id: str) -> Steps[StoredReturn | None]:
    row = yield from one_or_none(
        f"SELECT {_COLUMNS} FROM order_returns WHERE return_id = :return_id ORDER BY customer_id", return_id=return_id
    )
    return None if row is None else (yield from _as_return(row))


def without(order: StoredOrder, return_id: str) -> AmendedOrder:
    return replace(order, returns={cause: items for cause, items in order.returns.items() if cause != return_id})


def _customer_of(sent: OrderReturn) -> Steps[str | None]:
    """Return the stored customer of a return, locked against other writers."""
    customer_id = sent.customer_id
    if sent.email is not None:
        customer_id = (yield from resolve_emails([sent.email])).get(sent.email, customer_id)
    try:
        (stored_id,) = yield from merged_guests.row_of(
            "SELECT customer_id FROM customer_profiles WHERE customer_id = :customer_id FOR UPDATE", customer_id or ""
        )
    except CustomerNotFound:
        return None
    return stored_id


def _write(stored: StoredReturn) -> Steps[None]:
    yield from rows(
        f"INSERT INTO order_returns ({_COLUMNS})"
        " VALUES (:customer_id, :return_id, :occurred_at, :digest, :import_id, :content, :orders)"
        " ON CONFLICT (customer_id, return_id) DO UPDATE SET occurred_at = excluded.occurred_at, digest = excluded.digest,"
        " import_id = excluded.import_id, content = excluded.content, orders = excluded.orders",
        customer_id=stored.customer_id,
        return_id=stored.return_id,
        occurred_at=stored.occurred_at,
        digest=stored.digest,
        import_id=stored.import_id,
        content=encode((stored.order_id, stored.items)).decode(),
        orders=encode(list(stored.taken)).decode(),
    )


def _as_return(row: Row) -> Steps[StoredReturn]:
    customer_id, return_id, occurred_at, digest, import_id, content, order_ids = row
    order_id, items = _decode_content(content)
    of_return = yield from orders.read(_decode_orders(order_ids))
    return StoredReturn(
        customer_id=customer_id,
        return_id=return_id,
        occurred_at=occurred_at,
        digest=digest,
        import_id=import_id,
        order_id=order_id,
        items=items,
        taken={
            order.bought.order_id: order.returns[return_id] for order in of_return.values() if return_id in order.returns
        },
    )
