"""The table of the audit: rows are added and, past the retention, deleted; nothing changes them.

An act under the id of a merged guest is one to the customer, and the acts to the guest from before are found with it.
"""

import secrets
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from domain.records.audit import Act, AuditEntry, AuditQuery
from domain.records.values import from_microseconds, to_microseconds
from infra.storage.sql import merged_guests
from infra.storage.sql.customer_hashes import AUDIT, existing_key, keyed_hash, make_key
from infra.storage.sql.statements import Row, Steps, executemany, rows

MAX_ROWS = 500
"""Rows that one transaction adds or deletes at most."""


class StampedAct(Struct, frozen=True):
    """An act with the id and the time (microseconds) of its entry, which it keeps when a failed write is repeated."""

    entry_id: str
    at: int
    act: Act


def stamp(act: Act) -> StampedAct:
    """Return an act with the time of this machine, which no caller chooses, and an id that sorts by it."""
    at = time.time_ns() // 1000
    return StampedAct(_first_id(at) + secrets.token_hex(8), at, act)


def record(act: Act) -> Steps[None]:
    """Add the entry of an act to the transaction that does it."""
    yield from add([stamp(act)])


def add(acts: Sequence[StampedAct]) -> Steps[None]:
    """Add at most `MAX_ROWS` entries; those that an earlier attempt added stay as they are."""
    named = {stamped.act.customer_id for stamped in acts if stamped.act.customer_id is not None}
    key = (yield from make_key()) if named else b""
    customer_of = (yield from merged_guests.customers_by_guest(named)) if named else {}
    yield from executemany(
        "INSERT INTO audit_log (entry_id, at, actor, action, subject, outcome) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (entry_id) DO NOTHING",
        [
            (
                stamped.entry_id,
                stamped.at,
                stamped.act.actor,
                stamped.act.action,
                _subject(stamped.act, customer_of, key),
                stamped.act.result,
            )
            for stamped in acts
        ],
    )


def read(query: AuditQuery) -> Steps[list[AuditEntry]]:
    """Read the newest entries that match, newest first."""
    wanted: dict[str, Any] = {"action": query.action, "actor": query.actor}
    if query.customer_id is not None:
        key = yield from existing_key()
        if key is None:
            return []
        names = yield from merged_guests.same_person(query.customer_id)
        wanted["subjects"] = [keyed_hash(name, key, purpose=AUDIT) for name in names]
    wanted = {column: value for column, value in wanted.items() if value is not None}
    conditions = ["subject IN (:subjects)" if name == "subjects" else f"{name} = :{name}" for name in wanted]
    if query.since is not None:
        conditions.append("entry_id >= :first")
        wanted["first"] = _first_id(to_microseconds(query.since))
    if query.before is not None:
        conditions.append("entry_id < :before")
        wanted["before"] = query.before
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    found = yield from rows(
        f"SELECT entry_id, at, actor, action, subject, outcome FROM audit_log{where} ORDER BY entry_id DESC LIMIT :n",
        n=query.limit,
        **wanted,
    )
    return [_entry(row) for row in found]


def purge(*, before: datetime) -> Steps[int]:
    """Delete a batch of the entries before an instant, and return how many."""
    gone = yield from rows(
        "DELETE FROM audit_log WHERE entry_id IN"
        " (SELECT entry_id FROM audit_log WHERE entry_id < :first ORDER BY entry_id LIMIT :n) RETURNING entry_id",
        first=_first_id(to_microseconds(before)),
        n=MAX_ROWS,
    )
    return len(gone)


def _first_id(at: int) -> str:
    return f"{at:016x}"


def _subject(act: Act, customer_of: Mapping[str, str], key: bytes) -> str | None:
    if act.customer_id is None:
        return act.name
    return keyed_hash(customer_of.get(act.customer_id, act.customer_id), key, purpose=AUDIT)


def _entry(row: Row) -> AuditEntry:
    entry_id, at, actor, action, subject, outcome = row
    return AuditEntry(
        entry_id=entry_id, at=from_microseconds(at), actor=actor, action=action, subject=subject, outcome=outcome
    )
