"""The errors of asyncpg, by what they mean for a transaction."""

import asyncpg

from infra.storage.sql.statements import ConcurrentWrite

CONFLICTS = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.UniqueViolationError,
    asyncpg.LockNotAvailableError,
    ConcurrentWrite,
)
"""Another writer was first: the transaction is rolled back, and a retry reads the changes of that writer."""

CONNECTION_ERRORS = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    ConnectionError,
)
SERVER_ERRORS = (
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
