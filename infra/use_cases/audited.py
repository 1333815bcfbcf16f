"""What people do with a customer's data, with an entry in the audit for each attempt."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime

from msgspec.structs import replace

from domain.errors import CustomerNotFound, ExperimentNotFound, RuleNotFound, StoreBusy, StoreUnavailable
from domain.ports.audit import AuditLog
from domain.ports.repository import Repository
from domain.records.audit import Act
from domain.records.guests import GuestMerge, MergedGuest
from infra.use_cases.export import export_chunks


@asynccontextmanager
async def audited(log: AuditLog, act: Act, *, keep: Callable[[Act], Awaitable[None]]) -> AsyncGenerator[None]:
    """Add an entry for what the block does, after it with `keep`: `log.record_act` or `log.note_act`.

    If that raises, the block was in vain: what it read must not be handed on. A failure of the block is noted, and raised
    also where that is not possible, as nothing was handed on.
    """
    async with noting_failure(log, act):
        yield
    await keep(act)


@asynccontextmanager
async def noting_failure(log: AuditLog, act: Act) -> AsyncGenerator[None]:
    """Add an entry if the block fails, for what adds the entry of a success itself."""
    try:
        yield
    except Exception as error:
        result = "not-found" if isinstance(error, CustomerNotFound | RuleNotFound | ExperimentNotFound) else "failed"
        with suppress(StoreBusy, StoreUnavailable):
            await log.note_act(replace(act, result=result))
        raise


async def exported_chunks(repository: Repository, customer_id: str, *, actor: str) -> AsyncGenerator[bytes]:
    """Yield the document about a person as `export_chunks` does; the entry is durable before the first chunk."""
    act = Act(actor=actor, action="export", customer_id=customer_id)
    chunks = export_chunks(repository, customer_id)
    async with audited(repository, act, keep=repository.record_act):
        first = await anext(chunks)
    yield first
    async for chunk in chunks:
        yield chunk


async def erase_customer(repository: Repository, customer_id: str, *, actor: str) -> None:
    """Erase a person; the entry is part of the same transaction.

    If the bytes cannot be removed at once, an entry `failed` follows the entry `done` of the deleted rows.
    """
    async with noting_failure(repository, Act(actor=actor, action="erase", customer_id=customer_id)):
        await repository.erase(customer_id, actor=actor)


async def merge_guest(repository: Repository, asked: GuestMerge, *, now: datetime, actor: str) -> MergedGuest:
    """Merge a guest; the entry is part of the same transaction. A merge of before, which changes nothing, adds none."""
    async with noting_failure(repository, Act(actor=actor, action="merge", customer_id=asked.customer_id)):
        return await repository.merge_guest(asked, now=now, actor=actor)
