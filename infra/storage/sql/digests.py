"""The digests of stored events, which tell whether an event that comes again is the same."""

from collections.abc import Collection

from infra.storage.sql.statements import Steps, rows

Digests = dict[str, bytes | None]


def event_digests(event_ids: Collection[str]) -> Steps[Digests]:
    """Return the digests of the interactions that are stored."""
    if not event_ids:
        return {}
    result = yield from rows(
        "SELECT event_id, digest FROM browsing_history WHERE event_id IN (:event_ids)", event_ids=list(event_ids)
    )
    return dict(result)


def order_digests(order_ids: Collection[str]) -> Steps[Digests]:
    """Return the digests of the orders that are stored, those of which nothing is left included."""
    if not order_ids:
        return {}
    result = yield from rows(
        "SELECT order_id, digest FROM purchase_history WHERE order_id IN (:order_ids)"
        " UNION SELECT order_id, digest FROM order_amendments WHERE order_id IN (:order_ids)",
        order_ids=list(order_ids),
    )
    return dict(result)
