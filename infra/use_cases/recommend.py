"""Recommend: gather the inputs, rank, answer, and store the list; or answer from the stored list."""

from datetime import datetime, timedelta

from msgspec import UNSET, Struct
from msgspec.structs import replace

from domain.errors import CustomerNotFound
from domain.ports.repository import ListVersions, Recorded, Repository, StoredList
from domain.ranking.answers import to_answer
from domain.ranking.arms import NO_ARM, ListArm, inputs_in, shortlist_in
from domain.ranking.inputs import RankingInputs
from domain.ranking.model import UNTRAINED
from domain.ranking.packed_history import CustomerState
from domain.ranking.ranked_list import ranked_list
from domain.ranking.recommend import recommend
from domain.ranking.rule_book import ListPlace
from domain.ranking.rules import NO_RULES, ListRules
from domain.records.category_hints import category_hint
from domain.records.interactions import CustomerEvent, Purchase
from domain.records.recommendations import ListRequest, RankedList, RecommendationList
from infra.use_cases.ranking_data import RankingData, ranking_data_of
from infra.use_cases.recommendation_ids import new_recommendation_id
from infra.use_cases.rule_data import place_of, rule_data_of

FIRST_PAGE = ListRequest()


async def list_or_newcomers(
    repository: Repository, customer_id: str, *, request: ListRequest = FIRST_PAGE, now: datetime, reuse_seconds: int
) -> RecommendationList:
    """Return the current list of a customer, or the list of a newcomer if nobody has the id; an erased one has none."""
    try:
        return await current_list(repository, customer_id, request=request, now=now, reuse_seconds=reuse_seconds)
    except CustomerNotFound:
        state = await state_of(repository, customer_id, allows_guest=True)
        return (await _computed(repository, state, request, now=now)).answer


async def state_of(repository: Repository, customer_id: str, *, allows_guest: bool) -> CustomerState:
    """Return what lists depend on of a customer, or if that is allowed, of a newcomer where nobody has the id.

    Nothing is stored for a newcomer: the first event registers a guest, not each look of a crawler.
    """
    try:
        return await repository.customer_state(customer_id)
    except CustomerNotFound:
        if not allows_guest:
            raise
        return await repository.newcomer_state(customer_id)


async def current_list(
    repository: Repository, customer_id: str, *, request: ListRequest = FIRST_PAGE, now: datetime, reuse_seconds: int
) -> RecommendationList:
    """Return the beginning of the stored list if it is current, recent and long enough for `request`, else a fresh one.

    A stored list shows its products as they are now, and is not used if one of them is not available any more.
    """
    if request.is_storable and (stored := await repository.stored_list(customer_id, length=request.limit)):
        ranked, versions = stored
        is_recent = timedelta(0) <= now - ranked.generated_at < timedelta(seconds=reuse_seconds)
        if is_recent and (answer := await _stored_answer(repository, ranked, versions, request, now=now)):
            return answer
    return await fresh_list(repository, customer_id, request=request, now=now)


async def _stored_answer(
    repository: Repository, ranked: RankedList, versions: ListVersions, request: ListRequest, *, now: datetime
) -> RecommendationList | None:
    """Return the answer of a stored list, None if it would have another arm, other rules or other products now."""
    if ranked.rules and not ranked.items:
        # Where rules leave nothing, the answer names them, which a stored list cannot.
        return None
    place = ListPlace(kind="for-customer", placement=request.placement, segment=ranked.segment)
    decided = rule_data_of(repository)
    arm = await decided.arm_of(versions.rules, versions.experiment_key, place, now=now)
    digest = await decided.digest(versions.rules, place, arm=arm, now=now)
    if (ranked.arm, ranked.rules) != (arm.digest, digest):
        return None
    products = await ranking_data_of(repository).products_of(
        ranked, limit=request.limit, catalogue_version=versions.catalogue
    )
    if products is None:
        return None
    identifier = await new_recommendation_id(
        repository, "for-customer", model_id=versions.model_id, placement=request.placement, arm=arm.label, now=now
    )
    return to_answer(ranked, products, recommendation_id=identifier, cached=True)


async def recorded_list(repository: Repository, event: CustomerEvent, *, now: datetime) -> RecommendationList:
    """Record an event, and return a list of its customer that was computed while the event became durable.

    If the event may create products, the list names those that only events have named so far.
    """
    create_products = isinstance(event, Purchase) and event.unknown_products == "create"
    made: _Made | None = None

    async def make(recorded: Recorded) -> None:
        nonlocal made
        state = recorded.state
        # Before the first training, popularity is counted from stored events, which do not have this one yet. Products that
        # the event created are not stored yet either, and who reads them now would take them for unknown from then on.
        if state is not None and state.model is not UNTRAINED and not recorded.created_products:
            made = await _computed(repository, state, FIRST_PAGE, now=now)

    recorded = await repository.record_while(make, [event], now=now, create_products=create_products)
    if made is None:
        state = recorded.state or await repository.customer_state(event.customer_id)
        made = await _computed(repository, state, FIRST_PAGE, now=now)
    # Not earlier: it names a version of the customer that another event gets if this one is not recorded.
    await repository.store_list(made.stored)
    answer = made.answer
    return replace(answer, created_products=list(recorded.created_products)) if create_products else answer


async def fresh_list(
    repository: Repository, customer_id: str, *, request: ListRequest = FIRST_PAGE, now: datetime
) -> RecommendationList:
    """Compute a list, and store it if the request has no conditions."""
    made = await _computed(repository, await repository.customer_state(customer_id), request, now=now)
    if request.is_storable:
        await repository.store_list(made.stored)
    if request.categories and not made.answer.items and made.answer.hint is UNSET:
        hint = category_hint(request.categories, await repository.category_paths())
        return replace(made.answer, hint=hint or UNSET)
    return made.answer


class _Made(Struct, frozen=True, kw_only=True):
    stored: StoredList
    answer: RecommendationList


async def _computed(repository: Repository, state: CustomerState, request: ListRequest, *, now: datetime) -> _Made:
    data = ranking_data_of(repository)
    inputs = await data.inputs(state, categories=request.categories)
    place = place_of("for-customer", state, request)
    arm, rules = await rule_data_of(repository).of_customer(state, place, catalogue=inputs.catalogue, now=now)
    ranked = await ranked_under(rules, data, inputs, request, arm=arm, now=now)
    hint = ""
    if rules.hides and not ranked.items:
        without = await ranked_under(NO_RULES, data, inputs, request, arm=arm, now=now)
        hint = rules.hint_without(item.product_index for item in without.items)
    products = [inputs.catalogue.product(item.product_index) for item in ranked.items]
    versions = ListVersions(
        customer=state.version,
        catalogue=state.catalogue_version,
        model_id=state.model.model_id,
        rules=state.rules_version,
    )
    identifier = await new_recommendation_id(
        repository, "for-customer", model_id=versions.model_id, placement=request.placement, arm=arm.label, now=now
    )
    return _Made(
        stored=StoredList(ranked=ranked, length=request.limit, versions=versions),
        answer=replace(to_answer(ranked, products, recommendation_id=identifier, cached=False), hint=hint or UNSET),
    )


async def ranked_under(  # noqa: PLR0913 - what one list depends on
    rules: ListRules,
    data: RankingData,
    inputs: RankingInputs,
    request: ListRequest,
    *,
    arm: ListArm = NO_ARM,
    now: datetime,
) -> RankedList:
    """Rank a customer's list under rules, in an arm of an experiment."""
    inputs = inputs_in(arm.arm, inputs)
    shortlisted = shortlist_in(arm.arm, inputs, request=request, rules=rules)
    candidates = await data.candidates(inputs, shortlisted.query, rules=rules)
    return replace(ranked_list(recommend(inputs, shortlisted, candidates, now=now, rules=rules)), arm=arm.digest)
