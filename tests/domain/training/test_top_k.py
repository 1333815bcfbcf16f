"""The largest entries of rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from domain.training import top_k as module
from domain.training.top_k import best_first, blocks, top_k, top_k_rows

VALUES = st.lists(st.sampled_from([-1.0, 0.0, 0.5, 1.0, 2.0]), max_size=12)


def expected_of(columns, values, *, k):
    return sorted((-value, column) for value, column in zip(values, columns, strict=True) if value > 0)[:k]


@given(VALUES, st.integers(0, 5))
def test_top_k_is_the_beginning_of_a_full_sort_of_the_positive_values(values, k):
    values = np.array(values, dtype=np.float64)
    columns = np.arange(len(values), dtype=np.int32)[::-1].copy()

    positions = top_k(columns, values, k=k)

    assert [(-values[position], columns[position]) for position in positions] == expected_of(columns, values, k=k)


@given(st.lists(VALUES, max_size=6), st.integers(0, 5), st.sampled_from([1, 5, 100]))
def test_top_k_rows_is_the_same_for_each_row_whatever_the_order_of_its_columns(rows, k, entries_per_block):
    columns = [np.random.default_rng(number).permutation(12)[: len(row)] for number, row in enumerate(rows)]
    matrix = sparse.csr_array(
        (
            np.array([value for row in rows for value in row]),
            np.array([column for own in columns for column in own], dtype=np.int32),
            np.append(0, np.cumsum([len(row) for row in rows], dtype=np.int32)),
        ),
        shape=(len(rows), 12),
    )

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "ENTRIES_PER_BLOCK", entries_per_block)
        largest = top_k_rows(matrix, k=k)
        sorted_rows = best_first(largest)

    assert largest.has_sorted_indices
    for row, (own, values) in enumerate(zip(columns, rows, strict=True)):
        entries = slice(sorted_rows.indptr[row], sorted_rows.indptr[row + 1])
        found = zip((-sorted_rows.data[entries]).tolist(), sorted_rows.indices[entries].tolist(), strict=True)
        assert [*found] == expected_of(own, values, k=k)


def test_blocks_have_at_most_the_given_work_or_one_row():
    assert [*blocks(np.array([3, 1, 9, 2, 2, 0]), most=4)] == [slice(0, 2), slice(2, 3), slice(3, 6)]
