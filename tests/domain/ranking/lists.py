"""Lists as they are answered."""

import numpy as np

from domain.ranking import ranked_list as lists
from domain.ranking.recommend import recommend, shortlist
from domain.records.recommendations import ListRequest
from tests.domain.shop import NOW

TEN = ListRequest()


def ranking_of(inputs, products, *, request=TEN, now=NOW):
    """Rank `products`, as if they were what the catalogue has for the shortlist."""
    inputs.catalogue.add(products)
    candidates = np.array(sorted(product.product_index for product in products), dtype=np.intp)
    return recommend(inputs, shortlist(inputs, request=request), candidates, now=now)


def ranked_list(inputs, products, *, request=TEN):
    return lists.ranked_list(ranking_of(inputs, products, request=request))


def ids(ranked):
    return [item.product_id for item in ranked.items]


def sources(item):
    return {reason.source for reason in item.reasons}


def causes(item, source):
    """Return the product and the category that each reason of a source names."""
    return [(reason.product_id, reason.category) for reason in item.reasons if reason.source == source]
