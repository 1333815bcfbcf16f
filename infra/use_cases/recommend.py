"""The three beats that every list is made in: gather the inputs, decide, keep what was decided."""

from datetime import datetime, timedelta

import msgspec

from domain.ports import Repository
from domain.ranking.inputs import StoredList
from domain.ranking.recommend import recommend, shortlist, to_response
from domain.records.recommendations import SHOWN_LENGTH, STORED_LENGTH, ListRequest, RecommendationList

FIRST_PAGE = ListRequest()


async def current_list(
    repository: Repository, customer_id: str, *, request: ListRequest = FIRST_PAGE, now: datetime, reuse_seconds: int
) -> RecommendationList:
    """Answer from the stored list where it is current, young and long enough for `request`; else compute afresh."""
    stored = await _stored_answer(repository, customer_id, request=request)
    if stored is not None and timedelta(0) <= now - stored.generated_at < timedelta(seconds=reuse_seconds):
        return stored
    return await fresh_list(repository, customer_id, request=request, now=now)


async def fresh_list(
    repository: Repository, customer_id: str, *, request: ListRequest = FIRST_PAGE, now: datetime
) -> RecommendationList:
    """Compute a list; one without filters is kept, longer than asked for."""
    inputs = await repository.ranking_inputs(customer_id, category=request.category)
    shortlisted = shortlist(inputs, request=request)
    products = await repository.candidates(shortlisted.query)
    made = recommend(inputs, shortlisted, products, now=now)
    if request.is_filtered:
        return to_response(made, request=request)
    first_page = to_response(made, request=FIRST_PAGE)
    await repository.store_list(StoredList(recommendations=made, first_page=first_page, versions=inputs.versions))
    return first_page if request.limit == SHOWN_LENGTH else to_response(made, request=request)


async def _stored_answer(repository: Repository, customer_id: str, *, request: ListRequest) -> RecommendationList | None:
    """Answer from what is stored and current: mostly from its beginning, else from the whole list if that is enough."""
    if not request.is_filtered and request.limit <= SHOWN_LENGTH:
        first_page = await repository.stored_first_page(customer_id)
        return first_page and msgspec.structs.replace(first_page, cached=True, items=first_page.items[: request.limit])
    stored = await repository.stored_list(customer_id)
    if stored is None:
        return None
    answer = to_response(stored, request=request)
    has_everything = len(stored.items) < STORED_LENGTH
    if len(answer.items) < request.limit and request.is_filtered and not has_everything:
        return None
    return msgspec.structs.replace(answer, cached=True)
