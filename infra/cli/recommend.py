"""`python main.py recommend CUSTOMER_ID`: show a customer's list as a table with a sentence for each reason."""

import argparse
import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from domain.ports.repository import StoredProfile
from domain.ranking.catalogue import Catalogue
from domain.ranking.history import History
from domain.ranking.packed_history import NEVER_BOUGHT, RETURNED
from domain.records.recommendations import ListRequest, Reason, RecommendationList, RecommendedProduct
from infra.cli.arguments import list_length
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.use_cases.ranking_data import ranking_data_of
from infra.use_cases.recommend import current_list

MAX_SENTENCES = 2


class Past(Struct, frozen=True, kw_only=True):
    """The names of the products that a customer looked at or bought, by id, and which of them were bought."""

    names: dict[str, str] = {}
    bought: frozenset[str] = frozenset()


def add_command(commands: Any) -> None:
    command = commands.add_parser("recommend", help="show a customer's recommendations and the reasons for them")
    command.add_argument("customer_id", metavar="CUSTOMER_ID")
    command.add_argument("--limit", type=list_length, default=10, metavar="1-100", help="length of the list (10)")
    command.set_defaults(run=run_recommend)


def run_recommend(parsed: argparse.Namespace, settings: Settings) -> int:
    read = asyncio.run(_read(settings, parsed.customer_id, ListRequest(limit=parsed.limit)))
    Console().print(as_table(*read))
    return 0


async def _read(
    settings: Settings, customer_id: str, request: ListRequest
) -> tuple[RecommendationList, StoredProfile, Past]:
    async with open_repository(settings) as repository:
        recommendations = await current_list(
            repository, customer_id, request=request, now=datetime.now(UTC), reuse_seconds=settings.reuse_seconds
        )
        profile = await repository.profile(customer_id)
        inputs = await ranking_data_of(repository).inputs(profile.state)
        return recommendations, profile, _past(inputs.history, inputs.catalogue)


def _past(history: History, catalogue: Catalogue) -> Past:
    own, bought = (
        [catalogue.product(index) for index in indexes.tolist()]
        for indexes in (history.own, history.own[(history.bought_at != NEVER_BOUGHT) & (history.bought_at < RETURNED)])
    )
    return Past(
        names={product.product_id: product.name for product in own},
        bought=frozenset(product.product_id for product in bought),
    )


class Explainer:
    """Turn the reasons of one customer's list into sentences."""

    def __init__(self, first_name: str | None, segment: str, past: Past) -> None:
        self._customer = first_name or "this customer"
        self._segment = segment
        self._past = past

    def sentences(self, reasons: Iterable[Reason]) -> list[str]:
        """Return the sentences with the largest shares; reasons with the same sentence are added up."""
        shares: defaultdict[str, float] = defaultdict(float)
        causes: defaultdict[str | None, float] = defaultdict(float)
        for reason in reasons:
            if reason.source in {"bought_together", "viewed_together"}:
                causes[reason.product_id] += reason.share
            else:
                shares[self._sentence(reason)] += reason.share
        largest = sorted([*shares.items(), *self._because(causes)], key=lambda pair: -pair[1])[:MAX_SENTENCES]
        return [f"{sentence} ({share:.0%})" for sentence, share in largest]

    def _because(self, causes: Mapping[str | None, float]) -> list[tuple[str, float]]:
        """Return a sentence with its share for each product; the first includes the share without a product."""
        others = causes.get(None, 0.0)
        products = sorted((-share, product_id) for product_id, share in causes.items() if product_id is not None)
        if not products:
            return [(f"Because of products that {self._customer} bought or viewed", others)] if others else []
        sentences = [(f"Because {self._customer} {self._event(product_id)}", -share) for share, product_id in products]
        if others:
            sentence, share = sentences[0]
            sentences[0] = (f"{sentence} and others", share + others)
        return sentences

    def _event(self, product_id: str) -> str:
        return f"{'bought' if product_id in self._past.bought else 'viewed'} {self._name(product_id)}"

    def _name(self, product_id: str) -> str:
        return self._past.names.get(product_id, product_id)

    def _sentence(self, reason: Reason) -> str:
        match reason.source:
            case "similar_product" if reason.product_id is not None:
                return f"Similar to {self._name(reason.product_id)}"
            case "similar_product":
                return f"Similar to products that {self._customer} bought or viewed"
            case "segment_trend":
                return f"Popular with {self._segment} customers"
            case "category_interest":
                return f"Interested in {reason.category or 'this category'}"
            case "price_fit":
                return f"Fits the usual price of {self._segment} customers"
            case "new":
                return "New in the shop"
            case "popular":
                return "Popular in the shop"
            case "rule":
                return f"Because of the rule {reason.rule}"
            case own:
                return own.replace("_", " ").capitalize()


def as_table(recommendations: RecommendationList, profile: StoredProfile, past: Past) -> Table:
    """Lay out a list with products, prices and reasons, two lines per product."""
    explainer = Explainer(profile.customer.first_name, profile.customer.segment, past)
    title = f"{recommendations.customer_id}: {recommendations.strategy}, segment {recommendations.segment}"
    # An id may be longer than the table, or contain what rich would read as markup.
    heading = Text(title, no_wrap=True, overflow="ignore")
    table = Table(title=heading, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("", justify="right")
    table.add_column("product", no_wrap=True)
    table.add_column("why")
    for item in recommendations.items:
        product = Text.assemble(item.name, "\n", (_details(item), "dim"))
        table.add_row(str(item.rank), product, Text("\n".join(explainer.sentences(item.reasons))))
    return table


def _details(item: RecommendedProduct) -> str:
    price = "" if item.price is None else f"{item.price:.2f} {item.currency}"
    return ", ".join(filter(None, (item.category, price)))
