"""The protocols of storage for the audit and for API keys, which every repository has."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.records.api_keys import ApiKey
from domain.records.audit import Act, AuditEntry, AuditQuery


class AuditLog(Protocol):
    """Keep who did what. Entries are added and, past the retention, deleted; they are never changed.

    What changes the storage adds its entry in its own transaction, as `Repository.erase` does.
    """

    async def record_act(self, act: Act) -> None:
        """Add an entry and return only after it is durable; raise StoreBusy or StoreUnavailable."""
        ...

    async def note_act(self, act: Act) -> None:
        """Add an entry that becomes durable within a second, or when the storage accepts writes again.

        Raise StoreUnavailable if too many entries wait for that.
        """
        ...

    async def audit_entries(self, query: AuditQuery) -> list[AuditEntry]:
        """Return the newest entries that match, newest first."""
        ...

    async def purge_audit(self, *, before: datetime) -> int:
        """Delete one batch of the entries before an instant; return how many, 0 when none is left."""
        ...


class KeyStore(Protocol):
    """Keep which API keys there are, for the audit of their changes, and when each was last used."""

    async def note_keys(self, keys: Sequence[ApiKey]) -> None:
        """Store the keys of the settings, and add an entry to the audit for each that was added, changed or removed."""
        ...

    async def note_key_use(self, key: ApiKey, *, now: datetime) -> None:
        """Store when a key was used, later or not at all, if it was not used in the minute before."""
        ...

    async def key_uses(self) -> dict[str, datetime]:
        """Return when each key was last used, to the minute, by `key_id`; keys that were never used are absent."""
        ...
