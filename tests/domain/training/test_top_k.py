"""The largest entries of rows."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from domain.training.top_k import top_k, top_k_rows


@given(st.lists(st.sampled_from([-1.0, 0.0, 0.5, 1.0, 2.0]), max_size=12), st.integers(0, 5))
def test_top_k_is_the_beginning_of_a_full_sort_of_the_positive_values(values, k):
    values = np.array(values, dtype=np.float64)
    columns = np.arange(len(values), dtype=np.int32)[::-1].copy()

    positions = top_k(columns, values, k=k)

    expected = sorted((-value, column) for value, column in zip(values, columns, strict=True) if value > 0)[:k]
    assert [(-values[position], columns[position]) for position in positions] == expected


def test_top_k_rows_keeps_the_largest_positive_entries_of_each_row_best_first():
    matrix = sparse.csr_array(np.array([[0.1, 0.3, 0.2], [0.0, -1.0, 0.5]]))

    largest = top_k_rows(matrix, k=2)

    assert largest.indices.tolist() == [1, 2, 2]
    assert largest.data.tolist() == [0.3, 0.2, 0.5]
