"""The part of the repository that keeps the audit and the use of API keys."""

from collections.abc import Sequence
from datetime import datetime

from domain.records.api_keys import ApiKey
from domain.records.audit import Act, AuditEntry, AuditQuery
from infra.storage.sql import api_keys, audit
from infra.storage.sql.audit_buffer import AuditBuffer
from infra.storage.sql.engine import Engine
from infra.storage.sql.write_behind import WriteBehind

DELAY_SECONDS = 0.5
"""How long an entry that may follow the answer waits for others, to share the wait for the disk."""


class AuditTables:
    """The protocols AuditLog and KeyStore over tables."""

    def __init__(self, engine: Engine, *, write_behind: WriteBehind, delay_seconds: float) -> None:
        self.engine = engine
        self._uses = write_behind
        self._audit_buffer = AuditBuffer(engine, delay_seconds=delay_seconds)

    async def record_act(self, act: Act) -> None:
        await self.engine.write(audit.record, act)

    async def note_act(self, act: Act) -> None:
        await self._audit_buffer.put(act)

    async def audit_entries(self, query: AuditQuery) -> list[AuditEntry]:
        return await self.engine.look_up(audit.read, query)

    async def purge_audit(self, *, before: datetime) -> int:
        return await self.engine.write(audit.purge, before=before)

    async def note_keys(self, keys: Sequence[ApiKey]) -> None:
        if await self.engine.look_up(api_keys.differ, keys):
            await self.engine.write(api_keys.replace, keys)

    async def note_key_use(self, key: ApiKey, *, now: datetime) -> None:
        await self._uses.put(("key", key.key_id), api_keys.note_use, key.key_id, now)

    async def key_uses(self) -> dict[str, datetime]:
        return await self.engine.look_up(api_keys.uses)

    async def close_audit(self) -> None:
        await self._audit_buffer.close()
