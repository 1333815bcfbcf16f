"""Take back an import: what it replaced comes back, what it returned is bought again, and what it added is deleted."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from domain.records.amendments import AmendedOrder, BoughtOrder
from domain.records.interactions import EVENT_TYPE_CODES
from infra.storage.sql import import_changes, orders, returns
from infra.storage.sql.customers import raise_versions
from infra.storage.sql.import_changes import Change, StoredReturn
from infra.storage.sql.removals import settle
from infra.storage.sql.row_budget import RowBudget
from infra.storage.sql.statements import Steps, one, rows

MAX_EVENTS = 500
"""Each event may also raise the version of its customer."""

MAX_INTERACTIONS = 333
"""Each of these may also change what a removal takes back."""

MAX_CHANGES = 100
_ROWS_OF_A_LINK = 3
_AFTER_ALL_LINES = 2**31


class Position(Struct):
    """How far an undoing has looked through the tables, which have no index by import; a new one may start anew."""

    event_id: str = ""
    order_id: str = ""
    line: int = -1


def undo(import_id: str, position: Position) -> Steps[tuple[int, Position]]:
    """Take back one batch of an import; return how many records that were, 0 when none is left, and the new position."""
    yield from one("SELECT catalogue_version FROM shop_state FOR UPDATE")
    n = yield from _restore(import_id)
    # The order matters: an order of this import that still has a change is restored, and without one it was added.
    n = n or (yield from _unlink(import_id))
    n = n or (yield from _take_back_returns(import_id))
    if n:
        return n, position
    n, position = yield from _delete_interactions(import_id, position)
    if not n:
        n, position = yield from _delete_orders(import_id, position)
    return n or (yield from _delete_amended(import_id)), position


def _restore(import_id: str) -> Steps[int]:
    """Bring back what the import replaced."""
    changes = yield from import_changes.of_import(import_id, MAX_CHANGES)
    budget = RowBudget(n_reserved=_ROWS_OF_A_LINK * len(changes))
    for n_done, change in enumerate(changes):
        if not (yield from _restore_one(change, budget)):
            return n_done
        yield from import_changes.remove(change)
    return len(changes)


def _restore_one(change: Change, budget: RowBudget) -> Steps[bool]:
    """Undo a change; return False, without any effect, if the transaction has no room for it."""
    later = yield from import_changes.later_than(change)
    if later is not None:
        yield from _link(later, change)
        return True
    if isinstance(change.before, StoredReturn):
        return (yield from _restore_return(change.before, change.import_id, budget))
    return (yield from _restore_order(change.before, change.import_id, budget))


def _link(later: Change, change: Change) -> Steps[None]:
    """Let a later import have replaced what this one replaced."""
    yield from import_changes.remove(later)
    yield from import_changes.add(later.import_id, change.before)


def _restore_order(before: BoughtOrder, import_id: str, budget: RowBudget) -> Steps[bool]:
    stored = (yield from orders.read([before.order_id])).get(before.order_id)
    if stored is not None and stored.bought.import_id != import_id:
        return True
    after = replace(stored, bought=before) if stored else AmendedOrder(bought=before)
    if not budget.has_room_for(orders.n_rows(after, stored)):
        return False
    yield from orders.write(after, stored)
    yield from raise_versions(orders.customers_of([after, stored]))
    return True


def _restore_return(before: StoredReturn, import_id: str, budget: RowBudget) -> Steps[bool]:
    """Bring back a return, with what it took of orders that are still there."""
    stored = yield from returns.read(before.customer_id, before.return_id)
    if stored is not None and stored.import_id != import_id:
        return True
    touched = yield from orders.read({*before.taken, *(stored.taken if stored else ())})
    if not budget.has_room_for(sum(orders.n_rows(order, order) for order in touched.values()) + 3):
        return False
    taken = {order_id: items for order_id, items in before.taken.items() if order_id in touched}
    is_whole = len(taken) == len(before.taken)
    yield from returns.apply(replace(before, taken=taken, digest=before.digest if is_whole else None), touched)
    return True


def _unlink(import_id: str) -> Steps[int]:
    """Forget what the import added and another one replaced: the later one has added it."""
    changes = yield from import_changes.of_replaced(import_id, MAX_CHANGES)
    for change in changes:
        yield from import_changes.remove(change)
    return len(changes)


def _take_back_returns(import_id: str) -> Steps[int]:
    budget = RowBudget()
    n_done = 0
    while (stored := (yield from returns.of_import(import_id))) is not None:
        touched = yield from orders.read(stored.taken)
        if not budget.has_room_for(sum(orders.n_rows(order, order) for order in touched.values()) + 3):
            break
        yield from returns.take_back(stored, touched)
        n_done += 1
    return n_done


def _delete_interactions(import_id: str, position: Position) -> Steps[tuple[int, Position]]:
    found = yield from rows(
        "SELECT event_id, customer_id, product_id, event_type FROM browsing_history WHERE import_id = :import_id"
        " AND event_id > :after ORDER BY event_id LIMIT :n",
        import_id=import_id,
        after=position.event_id,
        n=MAX_INTERACTIONS,
    )
    if not found:
        return 0, position
    yield from rows(
        "DELETE FROM browsing_history WHERE event_id IN (:event_ids)", event_ids=[event_id for event_id, *_ in found]
    )
    yield from raise_versions({customer_id for _, customer_id, *_ in found})
    # An interaction that no removal took back has nothing to do with others.
    yield from settle(
        {(customer_id, product_id) for _, customer_id, product_id, event_type in found if event_type not in EVENT_TYPE_CODES}
    )
    return len(found), replace(position, event_id=found[-1][0])


def _delete_orders(import_id: str, position: Position) -> Steps[tuple[int, Position]]:
    found = yield from rows(
        "SELECT order_id, line FROM purchase_history WHERE import_id = :import_id AND (order_id, line) > (:order_id, :line)"
        " ORDER BY order_id, line LIMIT :n",
        import_id=import_id,
        order_id=position.order_id,
        line=position.line,
        n=MAX_EVENTS,
    )
    if not found:
        return 0, position
    order_ids = list(dict.fromkeys(order_id for order_id, _ in found))
    n_done = yield from _delete_whole(order_ids)
    return n_done, replace(position, order_id=order_ids[n_done - 1], line=_AFTER_ALL_LINES)


def _delete_amended(import_id: str) -> Steps[int]:
    """Delete the orders of an import of which nothing is left."""
    found = yield from rows(
        "SELECT order_id FROM order_amendments WHERE import_id = :import_id ORDER BY order_id LIMIT :n",
        import_id=import_id,
        n=MAX_CHANGES,
    )
    return (yield from _delete_whole([order_id for (order_id,) in found]))


def _delete_whole(order_ids: Sequence[str]) -> Steps[int]:
    """Delete orders, as many as one transaction may write; return how many."""
    stored = yield from orders.read(order_ids)
    budget = RowBudget()
    n_done = 0
    for order_id in order_ids:
        order = stored[order_id]
        if not budget.has_room_for(order.n_lines + len(order.returns) + 2):
            break
        yield from orders.delete(order)
        yield from returns.lose_order(order)
        n_done += 1
    yield from raise_versions(orders.customers_of(stored[order_id] for order_id in order_ids[:n_done]))
    return n_done
