"""Neighbours by factors against dense solutions of the same equations."""

import numpy as np
import pytest
from hypothesis import given, settings
from scipy import sparse

from domain.training import factors
from domain.training.factors import Regularisation, factor_neighbours
from tests.domain.training.baskets import BASKETS, N_PRODUCTS, matrix_of

USUAL = Regularisation(unobserved=0.1, penalty=0.05)


def neighbours_of(matrix, regularisation=USUAL, *, n_neighbours=100):
    return factor_neighbours(matrix, regularisation, n_neighbours=n_neighbours).toarray()


def two_tastes(n_customers=40):
    """Return purchases of two groups of customers, of whom each has three of the six products of the group."""
    rng = np.random.default_rng(1)
    dense = np.zeros((n_customers, 12))
    for customer in range(n_customers):
        dense[customer, rng.permutation(6)[:3] + 6 * (customer % 2)] = 1.0
    return dense


def similarities_by_dense_sweeps(dense, regularisation):
    """Solve every equation of customers and products as the paper writes it, with a diagonal matrix of weights."""
    chosen = np.flatnonzero((dense > 0).sum(axis=0) > 1)
    every = np.zeros((dense.shape[1],) * 2)
    if not len(chosen):
        return every
    weights = dense[:, chosen]
    weights = weights[weights.sum(axis=1) > 0]
    weights = weights / weights[weights > 0].mean()
    n_factors = min(factors.N_FACTORS, len(chosen))
    products = np.random.default_rng(factors.SEED).normal(0.0, 0.1 / np.sqrt(n_factors), (len(chosen), n_factors))

    def solved(rows, others):
        penalties = regularisation.penalty * ((rows > 0).sum(axis=1) + regularisation.unobserved * rows.shape[1])
        return np.array([
            np.linalg.solve(
                others.T @ np.diag(row + regularisation.unobserved) @ others + penalty * np.eye(n_factors), others.T @ row
            )
            for row, penalty in zip(rows, penalties, strict=True)
        ])  # fmt: skip

    for _ in range(factors.N_SWEEPS):
        products = solved(weights.T, solved(weights, products))
    penalty = regularisation.penalty * np.median((weights > 0).sum(axis=1) + regularisation.unobserved * len(chosen))
    system = regularisation.unobserved * products.T @ products + penalty * np.eye(n_factors)
    found = products @ np.linalg.inv(system) @ products.T
    np.fill_diagonal(found, 0.0)
    every[np.ix_(chosen, chosen)] = np.maximum(found, 0.0)
    return every


@given(BASKETS)
@settings(max_examples=25)
def test_factors_solve_the_equations_of_customers_and_products(baskets):
    matrix = matrix_of(baskets)

    assert neighbours_of(matrix) == pytest.approx(similarities_by_dense_sweeps(matrix.toarray(), USUAL), abs=1e-9)


def test_products_of_one_taste_are_neighbours_even_without_a_common_customer(monkeypatch):
    monkeypatch.setattr(factors, "N_FACTORS", 2)
    dense = two_tastes()
    dense[(dense[:, 0] > 0) & (dense[:, 1] > 0), 1] = 0.0

    found = neighbours_of(sparse.csr_array(dense))

    assert found[0, 1] > found[0, 6:].max()
    assert (found[:6, :6].sum(axis=1) > found[:6, 6:].sum(axis=1)).all()


def test_only_the_best_neighbours_are_kept_and_small_batches_change_nothing(monkeypatch):
    matrix = sparse.csr_array(two_tastes())
    every = neighbours_of(matrix)

    monkeypatch.setattr(factors, "BATCH_CELLS", 1)
    best = neighbours_of(matrix, n_neighbours=2)

    assert ((best > 0).sum(axis=1) <= 2).all()
    assert best[best > 0] == pytest.approx(every[best > 0])
    assert best.max(axis=1) == pytest.approx(every.max(axis=1))


def test_large_shops_have_factors_of_their_commonest_products_from_a_part_of_their_customers(monkeypatch):
    dense = two_tastes()
    dense[:10, 3] = 1.0
    monkeypatch.setattr(factors, "MAX_PRODUCTS", 1)
    alone = neighbours_of(sparse.csr_array(dense))
    monkeypatch.setattr(factors, "MAX_PRODUCTS", 4)
    monkeypatch.setattr(factors, "MAX_CUSTOMERS", 20)

    few = neighbours_of(sparse.csr_array(dense))

    assert not alone.any()
    assert few.any()
    commonest = np.argsort(-(dense > 0).sum(axis=0), kind="stable")[:4]
    assert set(np.flatnonzero(few.any(axis=1))) <= set(commonest)


@pytest.mark.parametrize("n_products", [0, N_PRODUCTS])
def test_a_shop_without_customers_has_no_factors(n_products):
    assert neighbours_of(sparse.csr_array((0, n_products))).shape == (n_products, n_products)
