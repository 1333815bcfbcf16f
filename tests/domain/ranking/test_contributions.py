"""Contributions to scores, as arrays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ranking.contributions import NO_CAUSE, NO_CONTRIBUTIONS, SOURCE_INDEX, Contributions, concatenate

BOUGHT, NEW, POPULAR = (SOURCE_INDEX[source] for source in ("bought_together", "new", "popular"))


def contributions(*entries):
    """Return contributions from tuples (position, source, cause, amount)."""
    positions, sources, causes, amounts = zip(*entries, strict=True)
    return Contributions(
        positions=np.array(positions), sources=np.array(sources), causes=np.array(causes), amounts=np.array(amounts)
    )


def entries_of(found):
    columns = (found.positions, found.sources, found.causes, found.amounts)
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


SOME = contributions((1, BOUGHT, 0, 0.5), (0, POPULAR, NO_CAUSE, 0.25), (1, BOUGHT, 1, 2.0), (1, BOUGHT, 2, 1.0))


def test_contributions_to_chosen_products_have_their_places_in_the_choice():
    assert entries_of(SOME.to(np.array([2, 0]))) == [(1, POPULAR, NO_CAUSE, 0.25)]
    assert entries_of(SOME.to(np.array([1])).largest(1)) == [(0, BOUGHT, NO_CAUSE, 1.5), (0, BOUGHT, 1, 2.0)]
    assert entries_of(SOME.to(np.array([], dtype=np.intp))) == []


def test_the_largest_contributions_keep_their_cause_and_the_others_are_one():
    assert entries_of(SOME.largest(2)) == [
        (0, POPULAR, NO_CAUSE, 0.25),
        (1, BOUGHT, NO_CAUSE, 0.5),
        (1, BOUGHT, 1, 2.0),
        (1, BOUGHT, 2, 1.0),
    ]
    assert entries_of(SOME.largest(5)) == entries_of(SOME)


def test_no_contributions_have_no_largest_ones():
    assert entries_of(NO_CONTRIBUTIONS.largest(5)) == []
    assert entries_of(NO_CONTRIBUTIONS.to(np.array([3]))) == []


def test_concatenated_contributions_are_those_of_all_parts():
    assert entries_of(concatenate(SOME, NO_CONTRIBUTIONS, SOME)) == sorted(entries_of(SOME) * 2)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from([BOUGHT, NEW]), st.integers(0, 9), st.floats(0.1, 1)), min_size=1),
    st.integers(1, 4),
)
def test_the_largest_contributions_keep_the_sum_of_each_product_and_source(entries, n):
    largest = contributions(*entries).largest(n)

    for position in range(4):
        for source in (BOUGHT, NEW):
            of_all = [amount for *group, _, amount in entries if group == [position, source]]
            kept = [amount for *group, _, amount in entries_of(largest) if group == [position, source]]
            assert sum(kept) == pytest.approx(sum(of_all))
            assert len(kept) == min(len(of_all), n + 1)
