"""The three beats that every list is made in: gather the evidence, decide, keep what was decided."""

from datetime import datetime, timedelta

from domain.evidence import StoredList
from domain.ports import Repository
from domain.recommend import recommend, shortlist, shown
from domain.recommendations import STORED_LENGTH, ListRequest, RecommendationList

TEN = ListRequest()


async def current_list(
    repository: Repository, customer_id: str, *, request: ListRequest = TEN, now: datetime, reuse_seconds: int
) -> RecommendationList:
    """Answer from the stored list where it is current, young and long enough for `request`; else compute afresh."""
    stored = await repository.stored_list(customer_id)
    if stored is not None and _is_young(stored, now=now, reuse_seconds=reuse_seconds):
        answer = shown(stored.recommendations, request=request, cached=True)
        is_whole = len(stored.recommendations.items) < STORED_LENGTH
        if len(answer.items) == request.limit or is_whole or not request.is_filtered:
            return answer
    return await fresh_list(repository, customer_id, request=request, now=now)


async def fresh_list(
    repository: Repository, customer_id: str, *, request: ListRequest = TEN, now: datetime
) -> RecommendationList:
    """Compute a list; one without filters is kept, longer than asked for."""
    evidence = await repository.evidence(customer_id, category=request.category)
    shortlisted = shortlist(evidence, request=request)
    products = await repository.candidates(shortlisted.query)
    made = recommend(evidence, shortlisted, products, now=now)
    if not request.is_filtered:
        await repository.store_list(StoredList(recommendations=made, versions=evidence.versions))
    return shown(made, request=request, cached=False)


def _is_young(stored: StoredList, *, now: datetime, reuse_seconds: int) -> bool:
    """Tell whether a list may be reused; one from the future was made by a clock that has since gone back."""
    return timedelta(0) <= now - stored.recommendations.generated_at < timedelta(seconds=reuse_seconds)
