"""The neighbours of many products in one array."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ranking.neighbour_table import NeighbourTable
from tests.domain.shop import neighbour_lists


def indexes(*products):
    return np.array(products, dtype=np.intp)


def lists_of(table, *products):
    """Return the lists of the products as pairs, all first ones before all second ones."""
    entries = table.of(indexes(*products))
    pairs = list(zip(entries.products.tolist(), entries.weights.tolist(), strict=True))
    ends = entries.sizes.cumsum().tolist()
    return [pairs[first:last] for first, last in zip([0, *ends], ends, strict=False)]


def test_the_lists_of_products_come_by_kind():
    table = NeighbourTable([
        neighbour_lists(4, bought=[(1, 0.5), (2, 0.25)], similar=[(3, 1.0)]),
        neighbour_lists(0, viewed=[(9, 0.125)]),
    ])  # fmt: skip

    assert lists_of(table, 0, 4) == [[], [(1, 0.5), (2, 0.25)], [(9, 0.125)], [], [], [(3, 1.0)]]
    assert lists_of(table) == []
    assert table.has_similar(indexes(0, 4)).tolist() == [False, True]
    assert (table.n_products, table.n_entries) == (10, 4)


def test_products_are_missing_until_they_are_added_with_or_without_lists():
    table = NeighbourTable()
    assert table.missing(indexes(0, 7)).tolist() == [0, 7]

    table.add([neighbour_lists(7, bought=[(1, 1.0)])], unknown=[3])

    assert table.missing(indexes(0, 3, 7, 8, 9999)).tolist() == [0, 8, 9999]
    assert lists_of(table, 3, 7) == [[], [(1, 1.0)], [], [], [], []]
    assert table.missing(indexes()).tolist() == []


@pytest.mark.parametrize("n_reserved", [0, 100])
@given(added=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3)), max_size=30, unique_by=lambda pair: pair[0]))
def test_lists_that_were_added_one_by_one_stay_as_they_are(n_reserved, added):
    table = NeighbourTable(n_reserved=n_reserved)
    expected = {}
    for index, n in added:
        expected[index] = [(other, 1.0) for other in range(n)]
        table.add([neighbour_lists(index, viewed=expected[index])])

    assert lists_of(table, *expected) == [[]] * len(expected) + list(expected.values()) + [[]] * len(expected)
