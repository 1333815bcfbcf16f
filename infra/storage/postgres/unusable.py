"""Say why a database cannot be used, and show nothing of its URL but host and database.

The texts of the server, of asyncpg and of Python may repeat other parts of the URL, so none of them is shown.
"""

import os
import socket
import ssl
from urllib.parse import urlsplit

import asyncpg

_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (asyncpg.InvalidPasswordError, "the user or the password is wrong"),
    (asyncpg.InvalidAuthorizationSpecificationError, "the server does not admit this user"),
    (asyncpg.InvalidCatalogNameError, "the database does not exist"),
    (asyncpg.InsufficientPrivilegeError, "the user lacks a privilege"),
    (asyncpg.TooManyConnectionsError, "the server has too many connections"),
    (asyncpg.CannotConnectNowError, "the server is starting or stopping"),
    (TimeoutError, "no answer in time"),
    (socket.gaierror, "the host is unknown"),
    (ssl.SSLError, "the TLS connection failed"),
)


def why_unusable(url: str, error: Exception) -> str:
    """Return one line with host, database and reason; `url` is a valid DATABASE_URL."""
    parts = urlsplit(url)
    return f"The database postgresql://{parts.hostname or ''}{parts.path} cannot be used: {_reason(error)}."


def _reason(error: Exception) -> str:
    for kind, reason in _REASONS:
        if isinstance(error, kind):
            return reason
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    if isinstance(error, asyncpg.PostgresError):
        return f"{type(error).__name__}, SQLSTATE {getattr(error, 'sqlstate', '')}"
    return type(error).__name__
