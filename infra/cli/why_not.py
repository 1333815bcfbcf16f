"""`python main.py why-not CUSTOMER_ID PRODUCT_ID`: say why a product is not in a customer's list."""

import argparse
import asyncio
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, get_args

import msgspec

from domain.records.audit import COMMAND_LINE, Act
from domain.records.recommendations import ListRequest, Seen
from domain.records.why_not import ScorePart, WhyNot
from infra.cli.arguments import as_columns, list_length
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.use_cases.audited import audited
from infra.use_cases.why_not import explain_absence

DESCRIPTION = """\
Say what keeps a product out of a customer's list first, and what would change it. The table compares its score, source by
source, with that of the last product of the list. The audit keeps an entry, as it does for profiles.
"""


def add_command(commands: Any) -> None:
    command = commands.add_parser("why-not", help="say why a product is not in a customer's list", description=DESCRIPTION)
    command.add_argument("customer_id", metavar="CUSTOMER_ID")
    command.add_argument("product_id", metavar="PRODUCT_ID", help="id of the product, or another id of it")
    command.add_argument("--limit", type=list_length, default=10, metavar="1-100", help="length of the list (10)")
    command.add_argument("--seen", choices=get_args(Seen), default="few", help="products of the customer's own history")
    command.add_argument("--json", action="store_true", help="print the answer of the endpoint, as a line of JSON")
    command.set_defaults(run=run_why_not)


def run_why_not(parsed: argparse.Namespace, settings: Settings) -> int:
    request = ListRequest(limit=parsed.limit, seen=parsed.seen)
    found = asyncio.run(_read(settings, parsed.customer_id, parsed.product_id, request))
    sys.stdout.write(msgspec.json.encode(found).decode() + "\n" if parsed.json else _as_text(found))
    return 0


async def _read(settings: Settings, customer_id: str, product_id: str, request: ListRequest) -> WhyNot:
    act = Act(actor=COMMAND_LINE, action="read-profile", customer_id=customer_id)
    async with open_repository(settings) as repository, audited(repository, act, keep=repository.record_act):
        return await explain_absence(repository, customer_id, product_id, request=request, now=datetime.now(UTC))


def _as_text(found: WhyNot) -> str:
    rank = "" if found.rank is None else f", rank {found.rank} of a list of {found.limit}"
    text = f"{found.product_id} for {found.customer_id}: {found.verdict}{rank}\n{found.advice}\n"
    if found.score is None or found.score_of_last_shown is None:
        return text
    heading = ("source", found.product_id, f"last shown: {found.last_shown}", "missing")
    return f"{text}\n{as_columns(heading, list(_lines(found, found.score, found.score_of_last_shown)))}"


def _lines(found: WhyNot, score: float, score_of_last_shown: float) -> Iterator[tuple[str, str, str, str]]:
    """Yield a line for each source, that in which the last product shown is furthest ahead first, and then the sum."""
    own, last = _amounts(found.parts), _amounts(found.parts_of_last_shown)
    missing = {source: last.get(source, 0.0) - own.get(source, 0.0) for source in own | last}
    for source in sorted(missing, key=lambda source: (-missing[source], source)):
        yield source, f"{own.get(source, 0.0):.4f}", f"{last.get(source, 0.0):.4f}", f"{missing[source]:.4f}"
    yield "score", f"{score:.4f}", f"{score_of_last_shown:.4f}", f"{score_of_last_shown - score:.4f}"


def _amounts(parts: list[ScorePart]) -> dict[str, float]:
    return {part.source: part.amount for part in parts}
