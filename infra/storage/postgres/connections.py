"""A pool of connections to one PostgreSQL database; what may safely be run again is, and nothing else."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar
from urllib.parse import urlsplit

import asyncpg
from msgspec import Struct

from domain.errors import ConfigurationError, StoreBusy, StoreUnavailable
from infra.storage.postgres.dialect import run
from infra.storage.postgres.migrations import check_or_migrate
from infra.storage.sql.statements import Steps, WrittenMeanwhile

T = TypeVar("T")

BUSY_SECONDS = 5.0
CONNECT_SECONDS = 3.0
STATEMENT_SECONDS = 5.0
MAX_LOST_CONNECTIONS = 3

BEGIN_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

_ANEW = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.UniqueViolationError, WrittenMeanwhile)
"""Another writer was first: the transaction is rolled back, and run anew sees what that one did."""

_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    ConnectionError,
)
_FAULTS = (
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.OperatorInterventionError,
    asyncpg.SyntaxOrAccessError,
    asyncpg.PostgresSystemError,
    asyncpg.PostgresIOError,
    asyncpg.InternalServerError,
    OSError,
)


class ConnectionLost(Exception):
    """A connection that broke before the transaction was committed: it may be run again."""


class PoolOptions(Struct, frozen=True, kw_only=True):
    """How many connections a process has at most, and how many prepared statements each keeps.

    Behind a pooler that gives every transaction another connection it keeps none, and every statement is a transaction.
    """

    size: int
    statement_cache_size: int = 100


class Connections:
    """The open connections of one process to one database."""

    def __init__(self, url: str, options: PoolOptions) -> None:
        self._url = url
        self._options = options

    async def open(self, *, migrate: bool) -> None:
        """Connect and check the schema, migrating it if asked; raise ConfigurationError where that cannot be done."""
        self._pool = asyncpg.create_pool(
            self._url,
            min_size=0,
            max_size=self._options.size,
            statement_cache_size=self._options.statement_cache_size,
            timeout=CONNECT_SECONDS,
            command_timeout=STATEMENT_SECONDS,
            reset=_keep_as_it_is,
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
        except ValueError as error:
            # What asyncpg says of it may hold a part of the password.
            raise ConfigurationError(
                "DATABASE_URL is no URL of PostgreSQL; is every special character %-encoded?"
            ) from error
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            raise ConfigurationError(f"The database {_shown(self._url)} cannot be used: {_told(error)}.") from error

    async def close(self) -> None:
        """Close all connections when what runs on them is finished; what comes later finds no storage."""
        await self._pool.close()

    async def write(self, transaction: Callable[..., Steps[T]], *arguments: Any, **named: Any) -> T:
        """Run the steps of `transaction(...)` and commit them; return after they are durable.

        A caller that goes away does not stop it: what has begun is finished.
        """
        return await asyncio.shield(self._repeated(_once, lambda: transaction(*arguments, **named)))

    async def put(self, transaction: Callable[..., Steps[T]], *arguments: Any) -> T:
        return await asyncio.shield(self._repeated(self._at_once, lambda: transaction(*arguments)))

    async def look_up(self, reading: Callable[..., Steps[T]], *arguments: Any) -> T:
        return await self._repeated(self._at_once, lambda: reading(*arguments))

    async def read(self, reading: Callable[..., Steps[T]], *arguments: Any, **named: Any) -> T:
        return await self._repeated(_on_snapshot, lambda: reading(*arguments, **named))

    async def scrub(self) -> None:
        """Do nothing: PostgreSQL frees the room of deleted rows when it vacuums."""

    async def _repeated(self, how: Callable[[Any, Steps[T]], Awaitable[T]], steps: Callable[[], Steps[T]]) -> T:
        """Run steps `how` it is said, anew where another writer was first or the connection broke before the commit."""
        until = time.monotonic() + BUSY_SECONDS
        lost = 0
        while True:
            try:
                async with self._connection() as connection:
                    return await how(connection, steps())
            except _ANEW as error:
                if time.monotonic() >= until:
                    raise StoreBusy("The storage is busy.") from error
                await asyncio.sleep(random.uniform(0.001, 0.01))  # noqa: S311 - jitter, no secret
            except ConnectionLost as error:
                lost += 1
                if lost == MAX_LOST_CONNECTIONS:
                    raise StoreUnavailable("The storage cannot be reached.") from error

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[Any]:
        """Take a connection from the pool; say in our terms what goes wrong with it."""
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
        except _LOST as error:
            raise ConnectionLost from error
        except _FAULTS as error:
            raise StoreUnavailable("The storage cannot be read or written.") from error
        finally:
            # Where that fails the pool closes the connection, and what was run on it has its own outcome.
            with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                await self._pool.release(connection, timeout=CONNECT_SECONDS)

    async def _at_once(self, connection: Any, steps: Steps[T]) -> T:
        if self._options.statement_cache_size == 0:
            # Preparing and running a statement are two messages, which a pooler keeps together only in a transaction.
            return await _in_transaction(connection, steps)
        return await run(connection, steps)


async def _in_transaction(connection: Any, steps: Steps[T], *, begin: str = "BEGIN") -> T:
    # What fails in here is rolled back when the connection goes back to the pool.
    await connection.execute(begin)
    result = await run(connection, steps)
    await connection.execute("COMMIT")
    return result


async def _once(connection: Any, steps: Steps[T]) -> T:
    await connection.execute("BEGIN")
    result = await run(connection, steps)
    try:
        await connection.execute("COMMIT")
    except (*_LOST, TimeoutError) as error:
        # It may be committed or not. Running it again could do it twice, so the caller is told and decides.
        raise StoreUnavailable("The storage went away while it was committing.") from error
    return result


async def _on_snapshot(connection: Any, steps: Steps[T]) -> T:
    return await _in_transaction(connection, steps, begin=BEGIN_READING)


async def _keep_as_it_is(_: Any) -> None:
    """Spare the round trip that would reset a session which nothing here changes."""


def _shown(url: str) -> str:
    """Show where a database is, without the password."""
    parts = urlsplit(url)
    user = f"{parts.username}@" if parts.username else ""
    return f"{parts.scheme}://{user}{parts.hostname or ''}{parts.path}"


def _told(error: Exception) -> str:
    """Say an error in one line."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return " ".join(str(error).split()).rstrip(".")
