"""Contributions to scores, in arrays and packed."""

import numpy as np

from domain.ranking.contributions import NO_CAUSE, SOURCE_INDEX, Contributions, sources_in, unpack_contributions

CONTRIBUTIONS = Contributions(
    positions=np.array([1, 0, 1, 1]),
    sources=np.array([SOURCE_INDEX[source] for source in ("new", "popular", "bought_together", "new")]),
    causes=np.array([NO_CAUSE, NO_CAUSE, 0, NO_CAUSE]),
    amounts=np.array([0.5, 0.25, 2.0, -1.0]),
)


def test_positive_contributions_are_unpacked_for_each_chosen_product_in_the_chosen_order():
    of_second, of_third, of_first = CONTRIBUTIONS.packed([1, 2, 0])

    assert unpack_contributions(of_second, causes=["p-7"]) == [("new", None, 0.5), ("bought_together", "p-7", 2.0)]
    assert unpack_contributions(of_third, causes=["p-7"]) == []
    assert unpack_contributions(of_first, causes=["p-7"]) == [("popular", None, 0.25)]


def test_totals_include_negative_contributions():
    assert CONTRIBUTIONS.totals(3).tolist() == [0.25, 0.5 + 2.0 - 1.0, 0.0]


def test_sources_in_returns_the_sources_of_packed_contributions():
    assert sources_in(CONTRIBUTIONS.packed([0])) == {"popular"}
    assert sources_in([]) == set()
