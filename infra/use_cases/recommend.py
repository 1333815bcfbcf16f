"""Recommend: gather the inputs, rank, answer, and store the answer; or answer from the stored list."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from domain.ports import Repository, StoredList
from domain.ranking.answer import to_response
from domain.ranking.packed_history import CustomerState
from domain.ranking.recommend import recommend, shortlist
from domain.records.recommendations import ListRequest, RecommendationList
from infra.use_cases.ranking_data import ranking_data_of

FIRST_PAGE = ListRequest()


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


async def fresh_list(
    repository: Repository,
    customer_id: str,
    *,
    state: CustomerState | None = None,
    request: ListRequest = FIRST_PAGE,
    now: datetime,
) -> RecommendationList:
    """Compute a list from `state`, or from the customer's current one; store it if the request has no conditions."""
    data = ranking_data_of(repository)
    state = state or await repository.customer_state(customer_id)
    inputs = await data.inputs(state, category=request.category)
    shortlisted = shortlist(inputs, request=request)
    candidates = await data.candidates(inputs, shortlisted.query, catalogue_version=state.catalogue_version)
    answer = to_response(recommend(inputs, shortlisted, candidates, now=now))
    if request.is_storable:
        await repository.store_list(StoredList(recommendations=answer, length=request.limit, state=state))
    return answer
