"""Item-to-item neighbours against slow and obvious computations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from domain.ranking.hyperparameters import Hyperparameters
from domain.training import co_occurrence as co_occurrence_module
from domain.training import ridge as ridge_module
from domain.training.co_occurrence import SHRINKAGE, co_occurrence
from domain.training.neighbours import NeighbourModels, combine, learn_neighbours
from domain.training.ridge import ease, slim
from domain.training.top_k import top_k, top_k_rows
from domain.training.transitions import GAP_DAYS, item_transitions
from tests.domain.event_logs import log_of, tastes

N_PRODUCTS = 6
BASKETS = st.lists(st.sets(st.integers(0, N_PRODUCTS - 1), min_size=1).map(sorted), min_size=1, max_size=12)


def matrix_of(baskets):
    matrix = np.zeros((len(baskets), N_PRODUCTS))
    for customer, basket in enumerate(baskets):
        matrix[customer, basket] = 1.0
    return sparse.csr_array(matrix)


def weights_of(baskets):
    """Weigh customers unevenly, so that a weight left out is seen."""
    return 1.0 / (1.0 + np.arange(len(baskets)))


def gram_of(baskets):
    dense = matrix_of(baskets).toarray()
    return dense.T @ np.diag(weights_of(baskets)) @ dense


def counted(baskets, *, n_neighbours=N_PRODUCTS, n_candidates=N_PRODUCTS):
    return co_occurrence(
        matrix_of(baskets),
        weights_of(baskets),
        seed_exponent=0.3,
        candidate_exponent=0.6,
        momentum=np.ones(N_PRODUCTS),
        n_neighbours=n_neighbours,
        n_candidates=n_candidates,
    )


@given(BASKETS)
def test_co_occurrences_are_divided_by_the_strength_of_both_sides(baskets):
    gram = gram_of(baskets)
    strength = np.diag(gram) + SHRINKAGE
    expected = gram / np.outer(strength**0.3, strength**0.6)
    np.fill_diagonal(expected, 0.0)

    near, candidates = counted(baskets)

    assert near.toarray() == pytest.approx(expected)
    assert candidates.strengths == pytest.approx(np.diag(gram))
    assert candidates.together.toarray() == pytest.approx(gram - np.diag(np.diag(gram)))


def test_candidates_are_those_of_largest_cosine():
    baskets = [[0, 1, 2], [0, 1], [1], [1], [1], [1], [0, 2]]

    _, candidates = counted(baskets, n_candidates=1)

    gram = gram_of(baskets)
    cosines = gram / np.sqrt(np.diag(gram) + SHRINKAGE)
    assert candidates.together[[0]].indices.tolist() == [1 + int(np.argmax(cosines[0, 1:3]))]


def test_blocks_make_no_difference(monkeypatch):
    baskets = [[0, 1, 2], [1, 2, 3], [3, 4, 5], [0, 5]]
    whole = counted(baskets)[0].toarray()

    monkeypatch.setattr(co_occurrence_module, "PRODUCTS_PER_BLOCK", 2)

    assert counted(baskets)[0].toarray() == pytest.approx(whole)


@given(BASKETS, st.integers(1, N_PRODUCTS), st.sampled_from([0.1, 1.0, 10.0]))
def test_a_restricted_ridge_solves_the_normal_equations_of_each_product(baskets, n_candidates, penalty):
    gram = gram_of(baskets)
    _, candidates = counted(baskets, n_candidates=n_candidates)
    expected = np.zeros((N_PRODUCTS, N_PRODUCTS))
    for product in range(N_PRODUCTS):
        chosen = candidates.together[[product]].indices
        regularised = gram[np.ix_(chosen, chosen)] + penalty * np.eye(len(chosen))
        expected[chosen, product] = np.linalg.solve(regularised, gram[chosen, product])

    found = slim(matrix_of(baskets), weights_of(baskets), candidates, penalty=penalty)

    assert found.toarray() == pytest.approx(np.maximum(expected, 0.0), abs=1e-9)


@pytest.mark.parametrize("bound", ["BATCH_CELLS", "BATCH_ENTRIES"])
def test_any_part_of_the_products_can_be_regressed_alone_and_in_any_batches(monkeypatch, bound):
    baskets = [[0, 1, 2], [1, 2, 3], [3, 4, 5], [0, 5], [0, 1], [2, 4]]
    _, candidates = counted(baskets)
    matrix, weights = matrix_of(baskets), weights_of(baskets)
    whole = slim(matrix, weights, candidates, penalty=1.0).toarray()

    monkeypatch.setattr(ridge_module, bound, 1)
    parts = [slim(matrix, weights, candidates, penalty=1.0, products=part).toarray() for part in ([0, 3], [1, 2, 4, 5])]

    assert sum(parts) == pytest.approx(whole)


@given(BASKETS)
def test_a_ridge_on_all_products_is_the_dense_one_where_all_are_candidates(baskets):
    gram = gram_of(baskets)
    inverse = np.linalg.inv(gram + 2.0 * np.eye(N_PRODUCTS))
    expected = -inverse / np.diag(inverse)
    np.fill_diagonal(expected, 0.0)

    found = ease(matrix_of(baskets), weights_of(baskets), penalty=2.0).toarray()

    assert found == pytest.approx(np.where((gram > 0) & (expected > 1e-12), expected, 0.0), abs=1e-9)


def test_what_follows_counts_by_distance_and_time():
    log = log_of(("a", 0, "view", 2), ("a", 1, "view", 1), ("a", 2, "view", 0), ("b", 3, "view", 0))

    found = item_transitions(log, n_products=4, seed_exponent=0.0, candidate_exponent=0.0).toarray()

    one_day, two_days = 0.5 ** (1 / GAP_DAYS), 0.5 ** (2 / GAP_DAYS)
    assert found == pytest.approx(np.array([[0, one_day, two_days / 2, 0], [0, 0, one_day, 0], [0] * 4, [0] * 4]))


def test_events_of_one_instant_have_no_order():
    log = log_of(("a", 0, "purchase", 0, 1), ("a", 1, "purchase", 0, 1))

    found = item_transitions(log, n_products=2, seed_exponent=0.0, candidate_exponent=0.0).toarray()

    assert found.tolist() == [[0.0, 1.0], [1.0, 0.0]]


def test_a_product_does_not_follow_itself():
    log = log_of(("a", 0, "view", 1), ("a", 0, "view", 0))

    assert item_transitions(log, n_products=1, seed_exponent=0.5, candidate_exponent=0.5).nnz == 0


@given(st.lists(st.sampled_from([-1.0, 0.0, 0.5, 1.0, 2.0]), max_size=12), st.integers(0, 5))
def test_the_strongest_are_the_first_of_a_full_sort(values, n):
    values = np.array(values, dtype=np.float64)
    columns = np.arange(len(values), dtype=np.int32)[::-1].copy()

    found = top_k(columns, values, n=n)

    expected = sorted((-value, column) for value, column in zip(values, columns, strict=True) if value > 0)[:n]
    assert [(-values[place], columns[place]) for place in found] == expected


def test_rows_are_cut_to_their_largest_entries_best_first():
    matrix = sparse.csr_array(np.array([[0.1, 0.3, 0.2], [0.0, -1.0, 0.5]]))

    found = top_k_rows(matrix, n=2)

    assert found.indices.tolist() == [1, 2, 2]
    assert found.data.tolist() == [0.3, 0.2, 0.5]


def test_neighbours_mix_the_views_by_their_shares():
    def view(*values):
        return sparse.csr_array(np.array([values, [0.0] * len(values)]))

    seen = NeighbourModels(
        together=view(1.0, 0.0), ridge=view(0.0, 1.0), transitions=view(1.0, 1.0), regressed=view(0.0, 1.0)
    )

    assert combine(seen, ridge_share=0.2, succession_share=0.3).toarray()[0] == pytest.approx([0.5 + 0.3, 0.2 + 0.3])


@pytest.mark.parametrize("n_candidates", [4, 12])
def test_every_view_knows_the_tastes_of_a_shop(n_candidates):
    seen = learn_neighbours(tastes(days=5), Hyperparameters(n_candidates=n_candidates), n_products=12)

    for view in (seen.together, seen.ridge, seen.transitions):
        rows, columns = view.nonzero()
        assert len(rows)
        assert ((rows < 6) == (columns < 6)).all()
        most = view.max(axis=1).toarray()
        assert most[most > 0].mean() == pytest.approx(1.0)


def test_old_interests_count_less_where_memory_fades():
    log = log_of(
        *((name, product, "view", 0) for name in "ab" for product in (0, 1)),
        *((name, product, "view", 60) for name in "cd" for product in (0, 2)),
    )

    faded = learn_neighbours(log, Hyperparameters(memory_days=30.0), n_products=3).together.toarray()

    assert faded[0, 1] > faded[0, 2] > 0


def test_a_shop_without_events_has_empty_views():
    seen = learn_neighbours(log_of(), Hyperparameters(), n_products=3)

    assert combine(seen, ridge_share=0.5, succession_share=0.1).nnz == 0
