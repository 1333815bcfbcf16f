"""The connections of one process to a PostgreSQL database, with retries of transactions that are certainly not committed."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from functools import partial
from typing import Any, TypeVar

import asyncpg
from msgspec import Struct

from domain.errors import ConfigurationError, StoreBusy, StoreUnavailable, StoreUnreachable
from infra.storage.postgres.dialect import run
from infra.storage.postgres.faults import CONFLICTS, CONNECTION_ERRORS, SERVER_ERRORS
from infra.storage.postgres.migrations import check_or_migrate
from infra.storage.postgres.unusable import why_unusable
from infra.storage.sql.engine import Prepare
from infra.storage.sql.statements import Steps

T = TypeVar("T")

BUSY_SECONDS = 5.0
CONNECT_SECONDS = 3.0
STATEMENT_SECONDS = 5.0
PROBE_SECONDS = 2.0
LOCK_SECONDS = 0.5
"""How long a statement waits for a row before its transaction gives its connection back and begins again."""
MAX_LOST_CONNECTIONS = 3

BEGIN_WRITE = f"BEGIN; SET LOCAL lock_timeout = {int(LOCK_SECONDS * 1000)}"
BEGIN_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class ConnectionLost(Exception):
    """The connection broke before COMMIT, so the transaction may run again."""


class PoolOptions(Struct, frozen=True, kw_only=True):
    """The maximum number of connections of a process, and of prepared statements per connection.

    Set `statement_cache_size` to 0 behind a pooler that changes connections between transactions. Every statement then runs
    in a transaction.
    """

    size: int
    statement_cache_size: int = 100


class Connections:
    """The open connections of one process to one database."""

    def __init__(self, url: str, options: PoolOptions) -> None:
        self._url = url
        self._options = options
        # The rest of the connections is for reads: writes that wait for a row cannot take all.
        self._writes = asyncio.Semaphore(max(1, options.size - max(1, options.size // 4)))

    async def open(self, *, migrate: bool) -> None:
        """Connect, and check or migrate the schema; raise ConfigurationError if the database cannot be used."""
        self._pool = asyncpg.create_pool(
            self._url,
            min_size=0,
            max_size=self._options.size,
            statement_cache_size=self._options.statement_cache_size,
            timeout=CONNECT_SECONDS,
            command_timeout=STATEMENT_SECONDS,
            reset=_skip_reset,
            server_settings={"application_name": "shop"},
        )
        try:
            await self._check(migrate=migrate)
        except BaseException:
            self._pool.terminate()
            raise

    async def _check(self, *, migrate: bool) -> None:
        try:
            await self._pool
            async with self._pool.acquire() as connection:
                await check_or_migrate(connection, migrate=migrate)
        # Without their causes, whose texts may repeat parts of the URL: servers print them with a traceback.
        except ValueError:
            raise ConfigurationError("The database URL has an option that is not valid.") from None
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            may_come = isinstance(error, (asyncpg.CannotConnectNowError, OSError))
            kind = StoreUnreachable if may_come else ConfigurationError
            raise kind(why_unusable(self._url, error)) from None

    async def close(self) -> None:
        """Finish the running transactions and close all connections; later calls raise StoreUnavailable."""
        await self._pool.close()

    async def write(self, transaction: Callable[..., Steps[T]], *arguments: Any, **named: Any) -> T:
        """Run the steps of `transaction(...)` and commit them; return after they are durable.

        The transaction completes even if the caller is cancelled.
        """
        steps = partial(transaction, *arguments, **named)
        return await asyncio.shield(self._retried(_write_transaction, steps, turn=self._turn_to_write))

    async def write_unchecked(self, transaction: Callable[..., Steps[T]], *arguments: Any, **named: Any) -> T:
        return await self.write(transaction, *arguments, **named)

    async def write_while(
        self, prepare: Prepare[T], transaction: Callable[..., Steps[T]], *arguments: Any, **named: Any
    ) -> T:
        result = await self.write(transaction, *arguments, **named)
        await prepare(result)
        return result

    async def put(self, transaction: Callable[..., Steps[T]], *arguments: Any) -> T:
        steps = partial(transaction, *arguments)
        return await asyncio.shield(self._retried(self._single_statement, steps, turn=self._turn_to_write))

    async def look_up(self, reading: Callable[..., Steps[T]], *arguments: Any) -> T:
        return await self._retried(self._single_statement, lambda: reading(*arguments))

    async def read(self, reading: Callable[..., Steps[T]], *arguments: Any, **named: Any) -> T:
        return await self._retried(_read_transaction, lambda: reading(*arguments, **named))

    async def read_anew(self, reading: Callable[..., Steps[T]], *arguments: Any) -> T:
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                return await self.look_up(reading, *arguments)
        except TimeoutError as error:
            raise StoreBusy("The storage is busy.") from error

    async def record_erasure(self, key: bytes, id_hashes: Sequence[str]) -> None:
        """Do nothing: the tools of PostgreSQL restore its backups."""

    async def scrub(self) -> None:
        """Do nothing: PostgreSQL removes deleted rows from its files when it vacuums."""

    async def _retried(
        self,
        run_on: Callable[[Any, Steps[T]], Awaitable[T]],
        steps: Callable[[], Steps[T]],
        *,
        turn: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
    ) -> T:
        """Run steps with `run_on`, and run them again after a conflict or if the connection broke before COMMIT."""
        deadline = time.monotonic() + BUSY_SECONDS
        n_lost_connections = 0
        while True:
            try:
                async with turn(), self._connection() as connection:
                    return await run_on(connection, steps())
            except CONFLICTS as error:
                if time.monotonic() >= deadline:
                    raise StoreBusy("The storage is busy.") from error
                await asyncio.sleep(random.uniform(0.001, 0.01))  # noqa: S311 - jitter needs no secure randomness
            except ConnectionLost as error:
                n_lost_connections += 1
                if n_lost_connections == MAX_LOST_CONNECTIONS:
                    raise StoreUnavailable("The storage cannot be reached.") from error

    @asynccontextmanager
    async def _turn_to_write(self) -> AsyncGenerator[None]:
        try:
            async with asyncio.timeout(BUSY_SECONDS):
                await self._writes.acquire()
        except TimeoutError as error:
            raise StoreBusy("Too many other writes wait for the storage.") from error
        try:
            yield
        finally:
            self._writes.release()

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[Any]:
        """Lend a connection from the pool, and translate its errors."""
        try:
            connection = await self._pool.acquire(timeout=BUSY_SECONDS)
        except TimeoutError as error:
            raise StoreBusy("No connection to the storage became free.") from error
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            raise StoreUnavailable("The storage cannot be reached.") from error
        try:
            yield connection
        except TimeoutError as error:
            raise StoreBusy("The storage is busy.") from error
        except CONNECTION_ERRORS as error:
            raise ConnectionLost from error
        except SERVER_ERRORS as error:
            raise StoreUnavailable("The storage cannot be read or written.") from error
        finally:
            # If this fails, the pool closes the connection; the outcome of the transaction stays as it is.
            with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                await self._pool.release(connection, timeout=CONNECT_SECONDS)

    async def _single_statement(self, connection: Any, steps: Steps[T]) -> T:
        if self._options.statement_cache_size == 0:
            # A statement is prepared and run in two messages, which a pooler sends to one connection only in a transaction.
            return await _transaction(connection, steps)
        return await run(connection, steps)


async def _transaction(connection: Any, steps: Steps[T], *, begin: str = "BEGIN") -> T:
    # After an error, the release of the connection to the pool rolls the transaction back.
    await connection.execute(begin)
    result = await run(connection, steps)
    await connection.execute("COMMIT")
    return result


async def _write_transaction(connection: Any, steps: Steps[T]) -> T:
    await connection.execute(BEGIN_WRITE)
    result = await run(connection, steps)
    try:
        await connection.execute("COMMIT")
    except (*CONNECTION_ERRORS, TimeoutError) as error:
        # The transaction may be committed or not. A retry could apply it twice, so the caller must decide.
        raise StoreUnavailable("The connection to the storage broke while it was committing.") from error
    return result


async def _read_transaction(connection: Any, steps: Steps[T]) -> T:
    return await _transaction(connection, steps, begin=BEGIN_READ)


async def _skip_reset(_: Any) -> None:
    """Save the round trip that resets a session: no code here changes session settings."""
