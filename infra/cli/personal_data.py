"""`python main.py export CUSTOMER_ID` and `python main.py erase CUSTOMER_ID`: a person's own data."""

import argparse
import asyncio
import sys
from typing import Any

from domain.errors import ConfigurationError
from domain.records.audit import COMMAND_LINE
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.use_cases.audited import erase_customer, exported_chunks

EXPORT_DESCRIPTION = """\
Write everything that is stored about a customer to standard output, as one JSON document. The audit keeps an entry.
"""
ERASE_DESCRIPTION = """\
Delete everything that is stored about a customer, for good. The id stays refused, and the audit keeps an entry with a keyed
hash of it.
"""
QUESTION = "Delete everything that is stored about this customer, for good? Type yes: "


def add_command(commands: Any) -> None:
    command = commands.add_parser("export", help="write a customer's data as JSON", description=EXPORT_DESCRIPTION)
    command.add_argument("customer_id", metavar="CUSTOMER_ID")
    command.set_defaults(run=run_export)
    command = commands.add_parser("erase", help="delete a customer's data for good", description=ERASE_DESCRIPTION)
    command.add_argument("customer_id", metavar="CUSTOMER_ID")
    command.add_argument("--yes", action="store_true", help="do not ask")
    command.set_defaults(run=run_erase)


def run_export(parsed: argparse.Namespace, settings: Settings) -> int:
    asyncio.run(_export(settings, parsed.customer_id))
    return 0


def run_erase(parsed: argparse.Namespace, settings: Settings) -> int:
    if not parsed.yes and not _is_confirmed():
        sys.stdout.write("Nothing was deleted.\n")
        return 1
    asyncio.run(_erase(settings, parsed.customer_id))
    sys.stdout.write("The customer is erased.\n")
    return 0


def _is_confirmed() -> bool:
    """Ask on the terminal; raise ConfigurationError if there is none."""
    if not sys.stdin.isatty():
        raise ConfigurationError("Nobody can be asked here. To erase the customer, add --yes.")
    sys.stdout.write(QUESTION)
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() == "yes"


async def _export(settings: Settings, customer_id: str) -> None:
    async with open_repository(settings) as repository:
        async for chunk in exported_chunks(repository, customer_id, actor=COMMAND_LINE):
            # A character of several bytes may begin in one chunk and end in the next.
            sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.write(b"\n")
    sys.stdout.flush()


async def _erase(settings: Settings, customer_id: str) -> None:
    async with open_repository(settings) as repository:
        await erase_customer(repository, customer_id, actor=COMMAND_LINE)
