"""How many products a request of impressions may have."""

import pytest

from domain.errors import TooManyItems
from domain.records.impressions import Impressions, ShownList


def shown(*sizes):
    lists = tuple(ShownList(recommendation_id="x", product_ids=tuple(f"p-{n}" for n in range(size))) for size in sizes)
    return Impressions(impressions=lists)


def test_a_request_has_at_most_1000_products():
    shown(*[100] * 10).check()
    with pytest.raises(TooManyItems, match="at most 1,000 products"):
        shown(*[100] * 10, 1).check()
