"""The sessions of the dashboard."""

from datetime import datetime

from domain.records.sessions import DashboardSession
from domain.records.values import from_microseconds, to_microseconds
from infra.storage.sql.statements import Steps, one_or_none, rows

MAX_ENDED = 500
"""Ended sessions that one transaction deletes."""


def begin(session: DashboardSession, *, now: datetime) -> Steps[None]:
    """Store a session, and delete a batch of those that ended."""
    yield from rows(
        "DELETE FROM dashboard_sessions WHERE session_hash IN"
        " (SELECT session_hash FROM dashboard_sessions WHERE ends_at <= :now ORDER BY ends_at LIMIT :n)",
        now=to_microseconds(now),
        n=MAX_ENDED,
    )
    yield from rows(
        "INSERT INTO dashboard_sessions (session_hash, key_id, ends_at, notice)"
        " VALUES (:session_hash, :key_id, :ends_at, :notice)",
        session_hash=session.session_hash,
        key_id=session.key_id,
        ends_at=to_microseconds(session.ends_at),
        notice=session.notice,
    )


def read(session_hash: str, now: datetime) -> Steps[DashboardSession | None]:
    """Read a session that has not ended."""
    row = yield from one_or_none(
        "SELECT key_id, ends_at, notice FROM dashboard_sessions WHERE session_hash = :session_hash AND ends_at > :now",
        session_hash=session_hash,
        now=to_microseconds(now),
    )
    if row is None:
        return None
    key_id, ends_at, notice = row
    return DashboardSession(session_hash=session_hash, key_id=key_id, ends_at=from_microseconds(ends_at), notice=notice)


def set_notice(session_hash: str, notice: str | None) -> Steps[None]:
    yield from rows(
        "UPDATE dashboard_sessions SET notice = :notice WHERE session_hash = :session_hash",
        session_hash=session_hash,
        notice=notice,
    )


def end(session_hash: str) -> Steps[None]:
    yield from rows("DELETE FROM dashboard_sessions WHERE session_hash = :session_hash", session_hash=session_hash)
