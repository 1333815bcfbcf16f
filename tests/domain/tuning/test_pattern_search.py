"""The search of hyperparameters on grids."""

import numpy as np
from msgspec.structs import replace

from domain.ranking.hyperparameters import Hyperparameters
from domain.tuning.pattern_search import PatternSearch, best_if_sure, best_of

GRIDS = {"ridge": (1.0, 2.0, 4.0, 8.0, 16.0), "activity_exponent": (0.0, 0.5, 1.0), "memory_days": (30.0,)}


def score_of(hyperparameters):
    """Return a score that is highest for a ridge of 16 and an activity exponent of 0."""
    return -abs(hyperparameters.ridge - 16.0) - abs(hyperparameters.activity_exponent)


def search_for(n_trials):
    """Return a search after at most `n_trials`, and the proposals."""
    first = Hyperparameters(ridge=1.0, activity_exponent=1.0)
    search = PatternSearch(first, score_of(first), grids=GRIDS, rng=np.random.default_rng(0))
    proposals = []
    while len(proposals) < n_trials and (proposal := search.proposal()) is not None:
        proposals.append(proposal)
        search.learn(proposal, score_of(proposal))
    return search, proposals


def test_the_search_finds_the_best_hyperparameters_and_ends_when_all_neighbours_were_tried():
    search, proposals = search_for(100)

    assert (search.best.ridge, search.best.activity_exponent) == (16.0, 0.0)
    assert len(proposals) == len(set(proposals)) < 15


def test_the_search_goes_on_in_a_direction_while_the_score_rises():
    _, proposals = search_for(100)

    ridges = [proposal.ridge for proposal in proposals if proposal.ridge > 1.0]
    assert ridges[:4] == [2.0, 4.0, 8.0, 16.0]


def test_a_shorter_search_is_the_beginning_of_a_longer_one():
    assert search_for(3)[1] == search_for(100)[1][:3]


def test_a_hyperparameter_with_one_value_keeps_its_default():
    assert {proposal.memory_days for proposal in search_for(100)[1]} == {Hyperparameters().memory_days}


def test_hyperparameters_that_a_trial_chose_itself_are_kept_in_later_proposals():
    search = PatternSearch(Hyperparameters(), 0.0, grids=GRIDS, rng=np.random.default_rng(0))

    assert search.learn(replace(search.proposal(), ridge_share=0.25), 1.0)

    assert search.proposal().ridge_share == 0.25


def test_best_of_returns_the_first_of_equal_scores():
    assert best_of(("a", "b", "c"), [1.0, 2.0, 2.0]) == ("b", 2.0)


def test_another_choice_than_the_first_takes_proof():
    first, same = np.array([0.1, 0.2, 0.3] * 20), np.array([0.3, 0.2, 0.1] * 20)
    by_chance, surely = first + np.array([1.0] + [0.0] * 59), first + 0.1

    assert best_if_sure("abc", [first, same, by_chance]) == "a"
    assert best_if_sure("abc", [first, same, surely]) == "c"
    assert best_if_sure("ab", [first, first]) == "a"
