"""The API keys as a process saw them in its settings, and their last use."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.records.api_keys import ApiKey
from domain.records.audit import THE_SETTINGS, Act, Action
from domain.records.values import from_microseconds, to_microseconds
from infra.storage.sql import audit
from infra.storage.sql.statements import Steps, executemany, rows

MINUTE = 60_000_000

Stored = tuple[str, str, str | None]
"""Name, scope and expiry of a key."""


def differ(keys: Sequence[ApiKey]) -> Steps[bool]:
    """Return whether the stored keys are other ones."""
    return (yield from _read()) != _as_stored(keys)


def replace(keys: Sequence[ApiKey]) -> Steps[None]:
    """Store the keys, and add an entry to the audit for each difference from the stored ones."""
    # Of several processes that start with new keys, one finds the difference.
    yield from rows("SELECT 1 FROM shop_state FOR UPDATE")
    before, after = (yield from _read()), _as_stored(keys)
    for act in _differences(before, after):
        yield from audit.record(act)
    yield from executemany(
        "INSERT INTO api_keys (key_id, name, scope, expires_on) VALUES (?, ?, ?, ?) ON CONFLICT (key_id) DO UPDATE SET"
        " name = excluded.name, scope = excluded.scope, expires_on = excluded.expires_on",
        [(key_id, *stored) for key_id, stored in after.items()],
    )
    yield from executemany("DELETE FROM api_keys WHERE key_id = ?", [(key_id,) for key_id in sorted(before.keys() - after)])


def note_use(key_id: str, at: datetime) -> Steps[None]:
    """Store when a key was used, if no process did so in the minute before."""
    used_at = to_microseconds(at)
    yield from rows(
        "UPDATE api_keys SET last_used_at = :used_at"
        " WHERE key_id = :key_id AND (last_used_at IS NULL OR last_used_at <= :last)",
        key_id=key_id,
        used_at=used_at,
        last=used_at - MINUTE,
    )


def uses() -> Steps[dict[str, datetime]]:
    found = yield from rows("SELECT key_id, last_used_at FROM api_keys WHERE last_used_at IS NOT NULL")
    return {key_id: from_microseconds(last_used_at) for key_id, last_used_at in found}


def _read() -> Steps[dict[str, Stored]]:
    found = yield from rows("SELECT key_id, name, scope, expires_on FROM api_keys")
    return {key_id: (name, scope, expires_on) for key_id, name, scope, expires_on in found}


def _as_stored(keys: Sequence[ApiKey]) -> dict[str, Stored]:
    return {
        key.key_id: (key.name, key.scope, None if key.expires_on is None else key.expires_on.isoformat()) for key in keys
    }


def _differences(before: Mapping[str, Stored], after: Mapping[str, Stored]) -> list[Act]:
    changes: list[tuple[Action, str]] = [
        *(("add-key", after[key_id][0]) for key_id in after.keys() - before),
        *(("change-key", after[key_id][0]) for key_id in after.keys() & before if after[key_id] != before[key_id]),
        *(("remove-key", before[key_id][0]) for key_id in before.keys() - after),
    ]
    return [Act(actor=THE_SETTINGS, action=action, name=name) for action, name in sorted(changes)]
