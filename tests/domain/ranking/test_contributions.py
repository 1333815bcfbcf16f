"""How the parts of scores are kept."""

import numpy as np

from domain.ranking.contributions import NO_CAUSE, Contributions, sources_in, unpack_contributions
from domain.records.recommendations import SOURCES

PARTS = Contributions(
    positions=np.array([1, 0, 1, 1]),
    sources=np.array(
        [SOURCES.index("new"), SOURCES.index("popular"), SOURCES.index("bought_together"), SOURCES.index("new")]
    ),
    causes=np.array([NO_CAUSE, NO_CAUSE, 0, NO_CAUSE]),
    amounts=np.array([0.5, 0.25, 2.0, -1.0]),
)


def test_the_positive_parts_of_the_chosen_products_are_read_back_in_their_order():
    of_second, of_third, of_first = PARTS.packed([1, 2, 0])

    assert unpack_contributions(of_second, causes=["p-7"]) == [("new", None, 0.5), ("bought_together", "p-7", 2.0)]
    assert unpack_contributions(of_third, causes=["p-7"]) == []
    assert unpack_contributions(of_first, causes=["p-7"]) == [("popular", None, 0.25)]


def test_totals_count_negative_parts_as_well():
    assert PARTS.totals(3).tolist() == [0.25, 0.5 + 2.0 - 1.0, 0.0]


def test_the_sources_of_what_was_chosen_are_known():
    assert sources_in(PARTS.packed([0])) == {"popular"}
    assert sources_in([]) == set()
