"""The search for what suits a shop."""

import numpy as np
from msgspec.structs import replace

from domain.ranking.hyperparameters import Hyperparameters
from domain.tuning.pattern_search import PatternSearch, best_of

GRIDS = {"ridge": (1.0, 2.0, 4.0, 8.0, 16.0), "activity_exponent": (0.0, 0.5, 1.0), "memory_days": (30.0,)}


def score_of(hyperparameters):
    return -abs(hyperparameters.ridge - 16.0) - abs(hyperparameters.activity_exponent)


def searched(n, *, seed=0):
    first = Hyperparameters(ridge=1.0, activity_exponent=1.0)
    search = PatternSearch(first, score_of(first), grids=GRIDS, rng=np.random.default_rng(seed))
    tried = []
    while len(tried) < n and (hyperparameters := search.proposal()) is not None:
        tried.append(hyperparameters)
        search.learn(hyperparameters, score_of(hyperparameters))
    return search, tried


def test_the_search_walks_to_the_best_and_stops_when_nothing_is_left_to_try():
    search, tried = searched(100)

    assert (search.best.ridge, search.best.activity_exponent) == (16.0, 0.0)
    assert len(tried) == len(set(tried)) < 15


def test_a_step_that_helps_is_followed():
    _, tried = searched(100)

    ridges = [hyperparameters.ridge for hyperparameters in tried if hyperparameters.ridge > 1.0]
    assert ridges[:4] == [2.0, 4.0, 8.0, 16.0]


def test_a_shorter_search_is_the_beginning_of_a_longer_one():
    assert searched(3)[1] == searched(100)[1][:3]


def test_what_cannot_be_chosen_is_left_alone():
    assert {hyperparameters.memory_days for hyperparameters in searched(100)[1]} == {Hyperparameters().memory_days}


def test_what_a_trial_added_to_its_recipe_is_kept():
    search = PatternSearch(Hyperparameters(), 0.0, grids=GRIDS, rng=np.random.default_rng(0))

    assert search.learn(replace(search.proposal(), ridge_share=0.25), 1.0)

    assert search.proposal().ridge_share == 0.25


def test_the_first_of_equals_is_the_best():
    assert best_of(("a", "b", "c"), [1.0, 2.0, 2.0]) == ("b", 2.0)
