"""Preview a rule: lists of customers without it and with it, and what it costs in hits on their last orders."""

import time
from datetime import datetime

from msgspec import UNSET, Struct
from msgspec.structs import replace

from domain.errors import CustomerNotFound, RuleNotFound
from domain.evaluation.last_orders import hits_cost, hold_out_last_order
from domain.ports.repository import Repository
from domain.ranking.answers import as_recommended
from domain.ranking.inputs import RankingInputs
from domain.ranking.packed_history import CustomerState
from domain.ranking.rule_book import ListPlace, RuleBook
from domain.records.recommendations import Kind, ListRequest, RankedList, RecommendedProduct
from domain.records.rule_previews import DEFAULT_SAMPLE, HitsCost, ListChange, PreviewRequest, RulePreview, Surprises
from domain.records.rules import Rule
from infra.use_cases.ranking_data import RankingData, ranking_data_of
from infra.use_cases.recommend import ranked_under
from infra.use_cases.rule_data import DecidedRules, place_of
from infra.use_cases.rules import unknown_products
from infra.use_cases.shop_lists import ShopListRequest, ranked_shop_list

N_COMPARED = 200
MIN_COMPARED = 30
"""With fewer customers, an interval would say nothing."""
K = 10
MAX_SECONDS = 4.0
"""After which the comparison of hits ends with the customers that it has."""
TOO_FEW = f"Fewer than {MIN_COMPARED} customers of the newest orders have an order with events before it."
_ONE = ListRequest(limit=1)


class _Books(Struct, frozen=True):
    """The rules without the previewed one and with it."""

    without: DecidedRules
    with_it: DecidedRules


async def preview(repository: Repository, asked: PreviewRequest, *, now: datetime) -> RulePreview:
    """Return what a rule changes as if it were live now; raise RuleNotFound or CustomerNotFound. Nothing is stored."""
    changes, surprises = await compare_lists(repository, asked, now=now)
    hits = await cost_of(repository, asked, now=now)
    return RulePreview(
        customers=changes,
        n_changed=sum(change.is_changed for change in changes),
        hits=hits,
        no_hits_because=UNSET if hits else TOO_FEW,
        warnings=surprises.warnings,
    )


async def compare_lists(
    repository: Repository, asked: PreviewRequest, *, now: datetime
) -> tuple[list[ListChange], Surprises]:
    """Return the lists of customers before and after, and what may surprise about the rule."""
    rule, books = await _books_of(repository, asked)
    request = ListRequest(limit=asked.limit, placement=_placement_of(rule))
    sample = asked.sample if isinstance(asked.sample, int) else DEFAULT_SAMPLE
    customer_ids = asked.customer_ids or await repository.recent_customers(n=sample)
    changes = [await _change(repository, customer_id, books, request, now=now) for customer_id in customer_ids]
    surprises = Surprises(
        unknown_products=await unknown_products(repository, rule),
        n_emptied=sum(bool(change.before) and not change.after for change in changes),
        n_lists=len(changes),
        emptied_kind=await _emptied_kind(repository, rule, books, now=now),
        is_for_other_lists=bool(rule.where.kinds) and "for-customer" not in rule.where.kinds,
    )
    return changes, surprises


async def cost_of(repository: Repository, asked: PreviewRequest, *, now: datetime) -> HitsCost | None:
    """Return what a rule costs in hits, None if too few customers have an order to compare with."""
    rule, books = await _books_of(repository, asked)
    return await _hits(repository, books, ListRequest(limit=K, placement=_placement_of(rule)), now=now)


def _placement_of(rule: Rule) -> str | None:
    return next(iter(rule.where.placements), None)


async def _books_of(repository: Repository, asked: PreviewRequest) -> tuple[Rule, _Books]:
    stored = (await repository.stored_rules()).rules
    if isinstance(asked.rule, Rule):
        rule, others = asked.rule, list[Rule](stored)
    else:
        rule = next((one for one in stored if one.rule_id == asked.rule_id), None)
        if rule is None:
            raise RuleNotFound(str(asked.rule_id))
        # Without a saved rule means: as if it had never been saved.
        others = [one for one in stored if one is not rule]
    previewed = replace(rule, status="live", starts_at=UNSET, until=UNSET)
    changed: list[Rule] = [previewed if one.known_id == rule.known_id else one for one in stored]
    if previewed not in changed:
        changed.append(previewed)
    data = ranking_data_of(repository)
    return rule, _Books(DecidedRules(RuleBook(others), repository, data), DecidedRules(RuleBook(changed), repository, data))


async def _change(
    repository: Repository, customer_id: str, books: _Books, request: ListRequest, *, now: datetime
) -> ListChange:
    data = ranking_data_of(repository)
    state = await repository.customer_state(customer_id)
    inputs = await data.inputs(state)
    before, after = [
        _shown(await _ranked(rules, data, state, inputs, request, now=now), inputs)
        for rules in (books.without, books.with_it)
    ]
    is_changed = [item.product_id for item in before] != [item.product_id for item in after]
    return ListChange(customer_id=customer_id, is_changed=is_changed, before=before, after=after)


async def _ranked(  # noqa: PLR0913 - what one list depends on
    rules: DecidedRules,
    data: RankingData,
    state: CustomerState,
    inputs: RankingInputs,
    request: ListRequest,
    *,
    now: datetime,
) -> RankedList:
    applying = await rules.of(place_of("for-customer", state, request), catalogue=inputs.catalogue, now=now)
    return await ranked_under(applying, data, inputs, request, now=now)


def _shown(ranked: RankedList, inputs: RankingInputs) -> list[RecommendedProduct]:
    return [
        as_recommended(inputs.catalogue.product(item.product_index), rank=rank, score=item.score, reasons=item.reasons)
        for rank, item in enumerate(ranked.items, start=1)
    ]


async def _hits(repository: Repository, books: _Books, request: ListRequest, *, now: datetime) -> HitsCost | None:
    """Compare the lists of customers by their last orders; between two customers, other requests are served."""
    ends_at = time.monotonic() + MAX_SECONDS
    before: list[int] = []
    after: list[int] = []
    data = ranking_data_of(repository)
    for customer_id in await repository.recent_customers(n=N_COMPARED):
        if time.monotonic() > ends_at:
            break
        try:
            state = await repository.customer_state(customer_id)
        except CustomerNotFound:
            # Erased or purged meanwhile.
            continue
        if (held_out := hold_out_last_order(state.history)) is None:
            continue
        known = replace(state, history=held_out.history)
        inputs = await data.inputs(known)
        for rules, hits in ((books.without, before), (books.with_it, after)):
            ranked = await _ranked(rules, data, known, inputs, request, now=now)
            hits.append(sum(item.product_index in held_out.products for item in ranked.items))
    return hits_cost(before, after) if len(before) >= MIN_COMPARED else None


async def _emptied_kind(repository: Repository, rule: Rule, books: _Books, *, now: datetime) -> Kind | None:
    """Return a kind of lists that the rule is for if it hides every product there.

    Lists of the whole shop tell that, ranked under the rules of that kind: they may show any product.
    """
    if rule.action != "hide":
        return None
    segment = next(iter(rule.where.segments), None)
    # Lists that are not of one customer have no segment.
    kind: Kind = rule.where.kinds[0] if rule.where.kinds else "for-customer" if segment else "popular"
    place = ListPlace(kind=kind, placement=_placement_of(rule), segment=segment)
    request = ShopListRequest(kind="popular", list_request=_ONE)
    shop = await repository.list_state()
    catalogue = await ranking_data_of(repository).catalogue_of(shop.catalogue_version)
    n_found: list[int] = []
    for decided in (books.without, books.with_it):
        rules = await decided.of(place, catalogue=catalogue, now=now)
        ranked = await ranked_shop_list(repository, request, shop.model, catalogue=catalogue, rules=rules, now=now)
        n_found.append(len(ranked.items))
    return kind if n_found == [1, 0] else None
