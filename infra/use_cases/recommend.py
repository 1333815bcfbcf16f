"""Recommend: read the inputs, rank, store the list; or answer from the stored list."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from domain.ports import Repository, StoredList
from domain.ranking.recommend import recommend, shortlist, to_response
from domain.records.recommendations import DEFAULT_LIMIT, STORED_LENGTH, ListRequest, RecommendationList

FIRST_PAGE = ListRequest()


async def current_list(
    repository: Repository, customer_id: str, *, request: ListRequest = FIRST_PAGE, now: datetime, reuse_seconds: int
) -> RecommendationList:
    """Return the stored list if it is current, recent and long enough for `request`, else a fresh one."""
    stored = await _stored_answer(repository, customer_id, request=request)
    if stored is not None and timedelta(0) <= now - stored.generated_at < timedelta(seconds=reuse_seconds):
        return stored
    return await fresh_list(repository, customer_id, request=request, now=now)


async def fresh_list(
    repository: Repository, customer_id: str, *, request: ListRequest = FIRST_PAGE, now: datetime
) -> RecommendationList:
    """Compute a list and answer `request` from it; if no filter applies, store the whole list."""
    inputs = await repository.ranking_inputs(customer_id, category=request.category)
    shortlisted = shortlist(inputs, request=request)
    products = await repository.candidates(shortlisted.query)
    scored = recommend(inputs, shortlisted, products, now=now)
    if request.is_filtered:
        return to_response(scored, request=request)
    first_page = to_response(scored, request=FIRST_PAGE)
    await repository.store_list(StoredList(recommendations=scored, first_page=first_page, versions=inputs.versions))
    return first_page if request.limit == DEFAULT_LIMIT else to_response(scored, request=request)


async def _stored_answer(repository: Repository, customer_id: str, *, request: ListRequest) -> RecommendationList | None:
    """Answer from the first page of the stored list, or from the whole list; None if neither is enough."""
    if not request.is_filtered and request.limit <= DEFAULT_LIMIT:
        first_page = await repository.stored_first_page(customer_id)
        return first_page and replace(first_page, cached=True, items=first_page.items[: request.limit])
    stored = await repository.stored_list(customer_id)
    if stored is None:
        return None
    answer = to_response(stored, request=request)
    is_whole_catalogue = len(stored.items) < STORED_LENGTH
    if len(answer.items) < request.limit and request.is_filtered and not is_whole_catalogue:
        return None
    return replace(answer, cached=True)
