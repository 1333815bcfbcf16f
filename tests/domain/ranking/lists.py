"""Lists as they are answered."""

from domain.ranking.recommend import recommend, shortlist, to_response
from domain.records.recommendations import ListRequest
from tests.domain.shop import NOW

TEN = ListRequest()


def ranked_list(inputs, products, *, request=TEN):
    scored = recommend(inputs, shortlist(inputs, request=request), products, now=NOW)
    return to_response(scored, request=request)


def ids(ranked):
    return [item.product_id for item in ranked.items]


def sources(item):
    return {reason.source for reason in item.reasons}


def causes(item, source):
    """Return the product and the category that each reason of a source names."""
    return [(reason.product_id, reason.category) for reason in item.reasons if reason.source == source]
