"""Moving a shop from one database into another, restartable and verified."""

import hashlib
from collections.abc import AsyncIterator, Sequence

import msgspec

from domain.errors import ConfigurationError
from infra.progress import Progress
from infra.storage.sql.repository import Engine
from infra.storage.sql.statements import Row
from infra.storage.sql.tables import COPIED, ShopState, Table, set_state, state


async def copy_shop(source: Engine, target: Engine, *, progress: Progress) -> dict[str, int]:
    """Copy all tables, compare them, and only then make the target a shop; return the rows of each table.

    An interrupted copy continues after its last row. Raise ConfigurationError where the target holds another shop, or
    where what arrived differs: the source was written to meanwhile.
    """
    ours = await source.look_up(state)
    if await target.look_up(state) not in (ShopState(), ours):
        raise ConfigurationError("The target holds another shop already.")
    copied: dict[str, int] = {}
    for table in COPIED:
        n_rows = await source.look_up(table.count)
        progress.begin(f"Copying {table.name}", n_rows)
        await _copy(table, source, target, after=await target.look_up(table.last_key), progress=progress)
    for table in COPIED:
        copied[table.name] = await _compared(table, source, target, progress=progress)
    if await source.look_up(state) != ours:
        raise _changed("shop_state")
    await target.write(set_state, ours)
    return copied


async def _copy(table: Table, source: Engine, target: Engine, *, after: Row | None, progress: Progress) -> None:
    done = 0
    async for page in _pages(table, source, after=after):
        await target.write(table.put, page)
        done += len(page)
        progress.reach(done)


async def _compared(table: Table, source: Engine, target: Engine, *, progress: Progress) -> int:
    """Compare a table; where it differs, copy it once more, as rows before the last may have changed."""
    if await _checksum(table, source, progress=progress) == (found := await _checksum(table, target, progress=progress)):
        return found[0]
    await _copy(table, source, target, after=None, progress=progress)
    if await _checksum(table, source, progress=progress) != (found := await _checksum(table, target, progress=progress)):
        raise _changed(table.name)
    return found[0]


async def _checksum(table: Table, engine: Engine, *, progress: Progress) -> tuple[int, str]:
    digest = hashlib.blake2b()
    n_rows = 0
    progress.begin(f"Comparing {table.name}", None)
    async for page in _pages(table, engine, after=None):
        digest.update(msgspec.msgpack.encode([tuple(row) for row in page]))
        n_rows += len(page)
        progress.reach(n_rows)
    return n_rows, digest.hexdigest()


async def _pages(table: Table, engine: Engine, *, after: Row | None) -> AsyncIterator[Sequence[Row]]:
    """Yield the rows behind the key `after`, page by page."""
    while page := await engine.look_up(table.page, after):
        yield page
        after = page[-1][: len(table.keys)]


def _changed(name: str) -> ConfigurationError:
    return ConfigurationError(
        f"{name} differs after the copy: stop what writes to either database, then run the same command again."
    )
