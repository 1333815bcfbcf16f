"""Co-occurrence against dense matrices."""

import numpy as np
import pytest
from hypothesis import given

from domain.training import co_occurrence as module
from domain.training.co_occurrence import SHRINKAGE
from tests.domain.training.baskets import BASKETS, co_occurrence_of, gram_of


@given(BASKETS)
def test_co_occurrences_are_divided_by_the_sizes_of_seed_and_candidate(baskets):
    gram = gram_of(baskets)
    sizes = np.diag(gram) + SHRINKAGE
    expected = gram / np.outer(sizes**0.3, sizes**0.6)
    np.fill_diagonal(expected, 0.0)

    neighbours, candidates = co_occurrence_of(baskets)

    assert neighbours.toarray() == pytest.approx(expected)
    assert candidates.toarray() == pytest.approx(gram - np.diag(np.diag(gram)))


def test_candidates_are_the_products_of_largest_cosine():
    baskets = [[0, 1, 2], [0, 1], [1], [1], [1], [1], [0, 2]]

    _, candidates = co_occurrence_of(baskets, n_candidates=1)

    gram = gram_of(baskets)
    cosines = gram / np.sqrt(np.diag(gram) + SHRINKAGE)
    assert candidates[[0]].indices.tolist() == [1 + int(np.argmax(cosines[0, 1:3]))]


def test_the_block_size_does_not_change_the_neighbours(monkeypatch):
    baskets = [[0, 1, 2], [1, 2, 3], [3, 4, 5], [0, 5]]
    in_one_block = co_occurrence_of(baskets)[0].toarray()

    monkeypatch.setattr(module, "PAIRS_PER_BLOCK", 2)

    assert co_occurrence_of(baskets)[0].toarray() == pytest.approx(in_one_block)
