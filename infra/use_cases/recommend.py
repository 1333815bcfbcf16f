"""Recommend: gather the inputs, rank, answer, and store the answer; or answer from the stored list."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from domain.errors import CustomerNotFound
from domain.ports import Recorded, Repository, StoredList
from domain.ranking.answer import to_response
from domain.ranking.model import UNTRAINED
from domain.ranking.packed_history import CustomerState
from domain.ranking.recommend import recommend, shortlist
from domain.records.interactions import CustomerEvent
from domain.records.recommendations import ListRequest, RecommendationList
from infra.use_cases.ranking_data import ranking_data_of

FIRST_PAGE = ListRequest()


async def list_or_newcomers(
    repository: Repository, customer_id: str, *, request: ListRequest = FIRST_PAGE, now: datetime, reuse_seconds: int
) -> RecommendationList:
    """Return the current list of a customer, or the list of a newcomer if nobody has the id; an erased one has none."""
    try:
        return await current_list(repository, customer_id, request=request, now=now, reuse_seconds=reuse_seconds)
    except CustomerNotFound:
        state = await state_or_newcomers(repository, customer_id)
        return (await _computed(repository, state, request, now=now)).recommendations


async def state_or_newcomers(repository: Repository, customer_id: str) -> CustomerState:
    """Return what lists depend on of a customer, or of a newcomer if nobody has the id.

    Nothing is stored for a newcomer: the first event registers a guest, not each look of a crawler.
    """
    try:
        return await repository.customer_state(customer_id)
    except CustomerNotFound:
        return await repository.newcomer_state(customer_id)


async def current_list(
    repository: Repository, customer_id: str, *, request: ListRequest = FIRST_PAGE, now: datetime, reuse_seconds: int
) -> RecommendationList:
    """Return the beginning of the stored list if it is current, recent and long enough for `request`, else a fresh one."""
    if request.is_storable:
        stored = await repository.stored_list(customer_id, length=request.limit)
        if stored is not None and timedelta(0) <= now - stored.generated_at < timedelta(seconds=reuse_seconds):
            items = stored.items[: request.limit]
            return replace(stored, cached=True, items=items)
    return await fresh_list(repository, customer_id, request=request, now=now)


async def recorded_list(repository: Repository, event: CustomerEvent, *, now: datetime) -> RecommendationList:
    """Record an event, and return a list of its customer that was computed while the event became durable."""
    made: StoredList | None = None

    async def make(recorded: Recorded) -> None:
        nonlocal made
        state = recorded.state
        # Before the first training, popularity is counted from stored events, which do not have this one yet.
        if state is not None and state.model is not UNTRAINED:
            made = await _computed(repository, state, FIRST_PAGE, now=now)

    recorded = await repository.record_while(make, [event], now=now)
    if made is None:
        state = recorded.state or await repository.customer_state(event.customer_id)
        made = await _computed(repository, state, FIRST_PAGE, now=now)
    # Not earlier: it names a version of the customer that another event gets if this one is not recorded.
    await repository.store_list(made)
    return made.recommendations


async def fresh_list(
    repository: Repository, customer_id: str, *, request: ListRequest = FIRST_PAGE, now: datetime
) -> RecommendationList:
    """Compute a list, and store it if the request has no conditions."""
    made = await _computed(repository, await repository.customer_state(customer_id), request, now=now)
    if request.is_storable:
        await repository.store_list(made)
    return made.recommendations


async def _computed(repository: Repository, state: CustomerState, request: ListRequest, *, now: datetime) -> StoredList:
    data = ranking_data_of(repository)
    inputs = await data.inputs(state, category=request.category)
    shortlisted = shortlist(inputs, request=request)
    candidates = await data.candidates(inputs, shortlisted.query, catalogue_version=state.catalogue_version)
    answer = to_response(recommend(inputs, shortlisted, candidates, now=now))
    return StoredList(recommendations=answer, length=request.limit, state=state)
