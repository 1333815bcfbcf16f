"""`python main.py audit`: show who exported, erased, merged or read customers, and who changed keys."""

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from typing import Any, get_args

import msgspec

from domain.records.audit import Action, AuditEntry, AuditQuery
from infra.cli.arguments import as_columns, positive_number
from infra.settings import Settings
from infra.storage.opening import open_repository

DESCRIPTION = """\
Show the newest entries of the audit, newest first, with times in UTC: who (the name of a key, `local` for a server without
keys, or `command line`), did what, to which customer, with which outcome.

A customer stands there only as a keyed hash of the id, shortened in the table: --customer ID finds the entries of one.
"""
N_DIGITS, N_SHOWN = 64, 12
"""The digits of a hash, and those in the table."""


def add_command(commands: Any) -> None:
    command = commands.add_parser(
        "audit", help="show who exported, erased, merged or read customers", description=DESCRIPTION
    )
    command.add_argument("--customer", metavar="ID", help="only entries of this customer")
    command.add_argument("--action", choices=get_args(Action), help="only this action")
    command.add_argument("--actor", metavar="NAME", help="only acts of this key or other actor")
    command.add_argument("--since", type=instant, metavar="DATE", help="only entries since a day, or an instant (UTC)")
    command.add_argument("--limit", type=positive_number, default=100, metavar="N", help="at most N entries (100)")
    command.add_argument("--json", action="store_true", help="print each entry as a line of JSON, with the whole hash")
    command.set_defaults(run=run_audit)


def run_audit(parsed: argparse.Namespace, settings: Settings) -> int:
    query = AuditQuery(
        customer_id=parsed.customer, action=parsed.action, actor=parsed.actor, since=parsed.since, limit=parsed.limit
    )
    entries = asyncio.run(_read(settings, query))
    sys.stdout.write(_as_json(entries) if parsed.json else _as_table(entries))
    return 0


def instant(text: str) -> datetime:
    """Read the value of --since; without an offset it is in UTC."""
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("expected a date like 2026-11-26, or an instant like 2026-11-26T10:00") from None
    return given.replace(tzinfo=UTC) if given.tzinfo is None else given


async def _read(settings: Settings, query: AuditQuery) -> list[AuditEntry]:
    async with open_repository(settings) as repository:
        return await repository.audit_entries(query)


def _as_json(entries: list[AuditEntry]) -> str:
    return "".join(msgspec.json.encode(entry).decode() + "\n" for entry in entries)


def _as_table(entries: list[AuditEntry]) -> str:
    if not entries:
        return "No entry matches.\n"
    return as_columns(
        ("time", "actor", "action", "subject", "outcome"),
        [
            (f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.actor, entry.action, _shown(entry.subject), entry.outcome)
            for entry in entries
        ],
    )


def _shown(subject: str | None) -> str:
    if subject is None:
        return "-"
    # A name has at most 32 characters.
    return f"{subject[:N_SHOWN]}..." if len(subject) == N_DIGITS else subject
