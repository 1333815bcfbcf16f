"""Record which products of lists were seen. A product of a list is a row, which the first request that names it adds."""

from collections.abc import Sequence
from datetime import datetime

from domain.records.impressions import RecordedImpressions, ShownList
from domain.records.list_references import ListReference
from domain.records.recommendations import MAX_LIMIT
from domain.records.values import to_microseconds
from infra.storage.sql.known_products import find
from infra.storage.sql.list_references import Lists, encode_place
from infra.storage.sql.row_budget import MAX_ROWS
from infra.storage.sql.statements import Steps, rows


def record(shown: Sequence[ShownList], lists: Lists, *, now: datetime) -> Steps[RecordedImpressions]:
    """Record the products of those `lists` that are known, and count all of them.

    No list has more than MAX_LIMIT products, so whoever invents impressions cannot fill the disk with one list.
    """
    answered = [(lists[one.recommendation_id], one) for one in shown if one.recommendation_id in lists]
    known = yield from find({product_id for _, one in answered for product_id in one.product_ids})
    indexes_of: dict[str, tuple[ListReference, set[int]]] = {}
    n_known = n_recorded = n_beyond = 0
    for reference, one in answered:
        indexes = [known[product_id].product_index for product_id in one.product_ids if product_id in known]
        n_known += len(indexes)
        indexes_of.setdefault(reference.nonce, (reference, set()))[1].update(indexes)
    recorded = yield from _recorded(list(indexes_of))
    # Sorted, because writers that insert the same keys in different orders would deadlock.
    for nonce in sorted(indexes_of):
        reference, indexes = indexes_of[nonce]
        new = sorted(indexes - recorded[nonce])
        n_left = max(0, MAX_LIMIT - len(recorded[nonce]))
        n_recorded += yield from _insert(reference, new[:n_left], now=now)
        n_beyond += len(new[n_left:])
    n_all = sum(len(one.product_ids) for one in shown)
    return RecordedImpressions(
        recorded=n_recorded, seen_before=n_known - n_recorded - n_beyond, unknown=n_all - n_known + n_beyond
    )


def _recorded(nonces: Sequence[str]) -> Steps[dict[str, set[int]]]:
    """Return the products of lists that have a row."""
    indexes_of: dict[str, set[int]] = {nonce: set() for nonce in nonces}
    if nonces:
        found = yield from rows(
            "SELECT list_nonce, product_index FROM list_impressions WHERE list_nonce IN (:nonces)", nonces=nonces
        )
        for nonce, index in found:
            indexes_of[nonce].add(index)
    return indexes_of


def _insert(reference: ListReference, indexes: Sequence[int], *, now: datetime) -> Steps[int]:
    """Add the rows that are not there yet, and return their number."""
    if not indexes:
        return 0
    added = yield from rows(
        "INSERT INTO list_impressions (list_nonce, product_index, list_place, shown_at)"
        " SELECT :list_nonce, product_index, :list_place, :shown_at FROM product_catalog WHERE product_index IN (:indexes)"
        " ORDER BY product_index ON CONFLICT (list_nonce, product_index) DO NOTHING RETURNING product_index",
        list_nonce=reference.nonce,
        list_place=encode_place(reference),
        shown_at=to_microseconds(now),
        indexes=indexes,
    )
    return len(added)


def purge(*, before: datetime) -> Steps[int]:
    """Delete a batch of the impressions before an instant, and return their number."""
    gone = yield from rows(
        "DELETE FROM list_impressions WHERE (list_nonce, product_index) IN (SELECT list_nonce, product_index"
        " FROM list_impressions WHERE shown_at < :before ORDER BY shown_at, list_nonce, product_index LIMIT :n)"
        " RETURNING product_index",
        before=to_microseconds(before),
        n=MAX_ROWS,
    )
    return len(gone)
