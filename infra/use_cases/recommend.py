"""The three beats that every list is made in: gather the evidence, decide, keep what was decided."""

from datetime import datetime, timedelta

import msgspec

from domain.ports import Repository
from domain.ranking.inputs import StoredList
from domain.ranking.recommend import recommend, shortlist, shown
from domain.records.recommendations import SHOWN_LENGTH, STORED_LENGTH, ListRequest, RecommendationList

BEGINNING = ListRequest()


async def current_list(
    repository: Repository, customer_id: str, *, request: ListRequest = BEGINNING, now: datetime, reuse_seconds: int
) -> RecommendationList:
    """Answer from the stored list where it is current, young and long enough for `request`; else compute afresh."""
    stored = await _stored_answer(repository, customer_id, request=request)
    if stored is not None and timedelta(0) <= now - stored.generated_at < timedelta(seconds=reuse_seconds):
        return stored
    return await fresh_list(repository, customer_id, request=request, now=now)


async def fresh_list(
    repository: Repository, customer_id: str, *, request: ListRequest = BEGINNING, now: datetime
) -> RecommendationList:
    """Compute a list; one without filters is kept, longer than asked for."""
    evidence = await repository.evidence(customer_id, category=request.category)
    shortlisted = shortlist(evidence, request=request)
    products = await repository.candidates(shortlisted.query)
    made = recommend(evidence, shortlisted, products, now=now)
    if request.is_filtered:
        return shown(made, request=request)
    beginning = shown(made, request=BEGINNING)
    await repository.store_list(StoredList(recommendations=made, beginning=beginning, versions=evidence.versions))
    return beginning if request.limit == SHOWN_LENGTH else shown(made, request=request)


async def _stored_answer(repository: Repository, customer_id: str, *, request: ListRequest) -> RecommendationList | None:
    """Answer from what is stored and current: mostly from its beginning, else from the whole list if that is enough."""
    if not request.is_filtered and request.limit <= SHOWN_LENGTH:
        beginning = await repository.stored_beginning(customer_id)
        return beginning and msgspec.structs.replace(beginning, cached=True, items=beginning.items[: request.limit])
    stored = await repository.stored_list(customer_id)
    if stored is None:
        return None
    answer = shown(stored, request=request)
    has_everything = len(stored.items) < STORED_LENGTH
    if len(answer.items) < request.limit and request.is_filtered and not has_everything:
        return None
    return msgspec.structs.replace(answer, cached=True)
