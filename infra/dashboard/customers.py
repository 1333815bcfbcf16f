"""Search customers; show what one did, and the list of this moment with its reasons."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Annotated, Any

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import QueryParameter, SkipValidation
from markupsafe import Markup
from msgspec import Struct

from domain.ranking.interests import category_interests
from domain.records.audit import Act
from domain.records.dashboard import PastEvent
from infra.dashboard.absence import absence_of
from infra.dashboard.pages import backend_page, see, show
from infra.dashboard.reasons import category_name, causes_of, sentence_of, shares_of
from infra.http.auth import AuthenticatedRequest, actor_of
from infra.http.parameters import IdInPath
from infra.storage.opening import Shop
from infra.use_cases.audited import audited
from infra.use_cases.ranking_data import ranking_data_of
from infra.use_cases.recommend import current_list

MAX_FOUND = 20
N_BUYERS = 10
N_EVENTS = 60

Query = Annotated[str | None, QueryParameter(max_length=254)]


class Happening(Struct, frozen=True, kw_only=True):
    """An interaction, or the items of an order with what they cost; `total` is None where a price is unknown."""

    event_type: str
    events: Sequence[PastEvent]
    total: float | None = None

    @property
    def first(self) -> PastEvent:
        return self.events[0]


class Day(Struct, frozen=True, kw_only=True):
    happenings: Sequence[Happening]


@backend_page("/dashboard/customers")
async def customers_page(
    shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest, q: Query = None
) -> Response[Any]:
    repository, asked = shop.repository, (q or "").strip()
    if not asked:
        buyers = await repository.latest_buyers(n=N_BUYERS)
        return await show(request, shop, "customers.html", active="customers", asked="", found=None, buyers=buyers)
    act = Act(actor=actor_of(request), action="search-customers")
    async with audited(repository, act, keep=repository.note_act):
        found = await repository.find_customers(asked, n=MAX_FOUND)
    if len(found) == 1:
        return see("customers", found[0].customer_id)
    return await show(request, shop, "customers.html", active="customers", asked=asked, found=found, buyers=[])


@backend_page("/dashboard/customers/{customer_id:str}")
async def customer_page(
    customer_id: IdInPath, shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest, missing: Query = None
) -> Response[Any]:
    repository = shop.repository
    act = Act(actor=actor_of(request), action="read-profile", customer_id=customer_id)
    async with audited(repository, act, keep=repository.note_act):
        stored = await repository.profile(customer_id)
        customer = stored.customer
        recommended = await current_list(repository, customer_id, now=shop.now(), reuse_seconds=shop.settings.reuse_seconds)
        inputs = await ranking_data_of(repository).inputs(stored.state)
        events = await repository.recent_events(customer.customer_id, n=N_EVENTS)
        absence = await absence_of(shop, inputs, asked) if (asked := (missing or "").strip()) else None
    causes = causes_of(inputs.history, inputs.catalogue)
    items: list[tuple[Any, Markup, Any]] = [
        (item, sentence_of(item.reasons, causes, segment=customer.segment), shares_of(item.reasons))
        for item in recommended.items
    ]
    interests = category_interests(
        inputs.history, inputs.catalogue, half_life_days=inputs.model.config.hyperparameters.interest_days
    )
    return await show(
        request, shop, "customer.html",
        active="customers", customer=customer, activity=stored.activity, recommended=recommended, items=items,
        interests=[(category_name(interest.category), round(100 * interest.weight, 1)) for interest in interests],
        days=_days(events), absence=absence, currency=shop.settings.currency,
    )  # fmt: skip


def _days(events: Iterable[PastEvent]) -> list[Day]:
    """Return what happened, by day and newest first; the items of an order happened together."""
    happenings = [
        Happening(event_type=event_type, events=together, total=_total(together))
        for (event_type, *_), group in groupby(events, key=_key)
        for together in [list(group)]
    ]
    return [Day(happenings=list(group)) for _, group in groupby(happenings, key=lambda one: one.first.occurred_at.date())]


def _key(event: PastEvent) -> tuple[str, Any]:
    return event.event_type, event.order_id or event


def _total(events: Sequence[PastEvent]) -> float | None:
    prices = [event.unit_price for event in events]
    if None in prices:
        return None
    return sum(event.quantity * (event.unit_price or 0.0) for event in events)
