"""Copy a shop from one database to another, and verify the copy."""

import hashlib
from collections.abc import AsyncIterator, Sequence

import msgspec

from domain.errors import ConfigurationError
from infra.progress import Progress
from infra.storage.sql import models
from infra.storage.sql.engine import Engine
from infra.storage.sql.statements import Row
from infra.storage.sql.tables import COPIED_TABLES, ShopState, Table, read_state, write_state


async def copy_shop(source: Engine, target: Engine, *, progress: Progress) -> dict[str, int]:
    """Copy and compare all tables, then write the state that makes the target a shop; return the row count of each table.

    A new run continues after the last row of an interrupted copy. Raise ConfigurationError if the target contains another
    shop, or if a table still differs because the source changed during the copy.
    """
    state = await source.look_up(read_state)
    if await target.look_up(read_state) not in (ShopState(), state):
        raise ConfigurationError("The target contains another shop.")
    for table in COPIED_TABLES:
        progress.begin(f"Copying {table.name}", await source.look_up(table.count))
        await _copy_rows(table, source, target, after=await target.look_up(table.last_key), progress=progress)
    n_rows = {table.name: await _verify(table, source, target, progress=progress) for table in COPIED_TABLES}
    if await source.look_up(read_state) != state:
        raise _difference("shop_state")
    await target.write(write_state, state)
    await target.write(models.write_signing_key, await source.look_up(models.signing_key))
    return n_rows


async def _copy_rows(table: Table, source: Engine, target: Engine, *, after: Row | None, progress: Progress) -> None:
    n_rows = 0
    async for page in _pages(table, source, after=after):
        await target.write(table.put, page)
        n_rows += len(page)
        progress.reach(n_rows)


async def _verify(table: Table, source: Engine, target: Engine, *, progress: Progress) -> int:
    """Compare a table and return its row count; if it differs, copy it again, as rows of an earlier run may have changed."""
    if await _checksum(table, source, progress=progress) == (copied := await _checksum(table, target, progress=progress)):
        return copied[0]
    await _copy_rows(table, source, target, after=None, progress=progress)
    if await _checksum(table, source, progress=progress) != (copied := await _checksum(table, target, progress=progress)):
        raise _difference(table.name)
    return copied[0]


async def _checksum(table: Table, engine: Engine, *, progress: Progress) -> tuple[int, str]:
    """Return the number of rows and their digest."""
    digest = hashlib.blake2b()
    n_rows = 0
    progress.begin(f"Comparing {table.name}", None)
    async for page in _pages(table, engine, after=None):
        digest.update(msgspec.msgpack.encode([tuple(row) for row in page]))
        n_rows += len(page)
        progress.reach(n_rows)
    return n_rows, digest.hexdigest()


async def _pages(table: Table, engine: Engine, *, after: Row | None) -> AsyncIterator[Sequence[Row]]:
    """Yield the pages of rows after the key `after`."""
    while page := await engine.look_up(table.page, after):
        yield page
        after = page[-1][: len(table.keys)]


def _difference(name: str) -> ConfigurationError:
    return ConfigurationError(
        f"{name} differs after the copy. Stop all writes to both databases, then run the same command again."
    )
