"""`python main.py recommend CUSTOMER_ID`: a list as a table, for a person."""

import argparse
import asyncio
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from domain.records.recommendations import ListRequest, Reason, RecommendationList
from infra.cli.arguments import list_length
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.use_cases.recommend import current_list

SAID = {
    "bought_together": "bought by those who bought",
    "viewed_together": "viewed by those who viewed",
    "similar_product": "similar to",
    "segment_trend": "popular in the segment",
    "category_interest": "interest in",
    "price_fit": "price that fits the segment",
    "new": "new",
    "popular": "popular",
}


def add_command(commands: Any) -> None:
    command = commands.add_parser("recommend", help="show what a customer is recommended, and why")
    command.add_argument("customer_id", metavar="CUSTOMER_ID")
    command.add_argument("--limit", type=list_length, default=10, metavar="1-100", help="length of the list (10)")
    command.set_defaults(run=run_recommend)


def run_recommend(parsed: argparse.Namespace, settings: Settings) -> int:
    made = asyncio.run(_current(settings, parsed.customer_id, ListRequest(limit=parsed.limit)))
    Console().print(as_table(made))
    return 0


async def _current(settings: Settings, customer_id: str, request: ListRequest) -> RecommendationList:
    async with open_repository(settings) as repository:
        return await current_list(
            repository,
            customer_id,
            request=request,
            now=datetime.now(UTC),
            reuse_seconds=settings.reuse_seconds,
        )


def as_table(made: RecommendationList) -> Table:
    """Lay out a list with names, prices and reasons."""
    table = Table(title=f"{made.customer_id}: {made.strategy}, segment {made.segment}")
    for column in ("", "product", "name", "category", "price", "why"):
        table.add_column(column, justify="right" if column in {"", "price"} else "left")
    for item in made.items:
        price = "" if item.price is None else f"{item.price:.2f} {item.currency}"
        why = ", ".join(told(reason) for reason in item.reasons[:3])
        table.add_row(str(item.rank), item.product_id, item.name, item.category or "", price, why)
    return table


def told(reason: Reason) -> str:
    """Say one reason with its share."""
    subject = reason.product_id or reason.category or ""
    if not subject and reason.source in {"bought_together", "viewed_together", "similar_product"}:
        subject = "others"
    return f"{SAID[reason.source]} {subject}".strip() + f" {reason.share:.0%}"
