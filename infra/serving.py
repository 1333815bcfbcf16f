"""The three beats that every list is made in: gather the evidence, decide, keep what was decided."""

from datetime import datetime, timedelta

import msgspec

from domain.evidence import StoredList
from domain.ports import Repository
from domain.recommend import recommend, shortlist
from domain.recommendations import ListRequest, RecommendationList, RecommendedProduct

SHOWN = ListRequest()


async def current_list(
    repository: Repository, customer_id: str, *, request: ListRequest = SHOWN, now: datetime, reuse_seconds: int
) -> RecommendationList:
    """Answer from the stored list where it is current, young and long enough for `request`; else compute afresh."""
    stored = await repository.stored_list(customer_id)
    if stored is None or not timedelta(0) <= now - stored.recommendations.generated_at < timedelta(
        seconds=reuse_seconds
    ):
        if request.is_filtered:
            return await _filtered_list(repository, customer_id, request=request, now=now)
        return await fresh_list(repository, customer_id, request=request, now=now)
    items = [item for item in stored.recommendations.items if request.admits(item)]
    if len(items) < request.limit and request.is_filtered:
        return await _filtered_list(repository, customer_id, request=request, now=now)
    return _cut(msgspec.structs.replace(stored.recommendations, cached=True, items=items), request.limit)


async def fresh_list(
    repository: Repository, customer_id: str, *, request: ListRequest = SHOWN, now: datetime
) -> RecommendationList:
    """Compute a list and keep it, longer than asked for; answer the beginning."""
    evidence = await repository.evidence(customer_id)
    shortlisted = shortlist(evidence, request=ListRequest())
    products = await repository.candidates(shortlisted.query)
    made = recommend(evidence, shortlisted, products, now=now)
    await repository.store_list(StoredList(recommendations=made, versions=evidence.versions))
    return _cut(made, request.limit)


async def _filtered_list(
    repository: Repository, customer_id: str, *, request: ListRequest, now: datetime
) -> RecommendationList:
    evidence = await repository.evidence(customer_id, category=request.category)
    shortlisted = shortlist(evidence, request=request)
    products = await repository.candidates(shortlisted.query)
    return recommend(evidence, shortlisted, products, now=now)


def _cut(made: RecommendationList, limit: int) -> RecommendationList:
    """Shorten a list, ranking anew what filters left of it."""
    return msgspec.structs.replace(made, items=[_ranked(item, rank) for rank, item in enumerate(made.items[:limit], 1)])


def _ranked(item: RecommendedProduct, rank: int) -> RecommendedProduct:
    return item if item.rank == rank else msgspec.structs.replace(item, rank=rank)
