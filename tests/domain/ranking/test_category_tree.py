"""Category paths as numbers, and the interests in them."""

import numpy as np
import pytest

from domain.ranking import category_tree
from domain.ranking.category_tree import CategoryTree


def tree_of(*paths):
    tree = CategoryTree()
    return tree, np.array([tree.add(path) for path in paths], dtype=np.int32)


def test_a_path_is_added_after_its_upper_levels_and_once():
    tree, codes = tree_of("home/lamps/reading", "home", "home/lamps")

    assert tree.paths == ["home", "home/lamps", "home/lamps/reading"]
    assert codes.tolist() == [2, 0, 1]
    assert tree.names(np.array([2, -1], dtype=np.int32)) == ["home/lamps/reading", None]


def test_an_interest_in_a_category_is_one_in_its_upper_levels_by_their_share_of_the_depth():
    tree, codes = tree_of("a/b", "a", "c")

    interests = tree.interests(codes, np.array([1.0, 0.25, 0.5]))

    # a: 1/2 of the first and all of the second.
    assert dict(zip(tree.paths, interests.tolist(), strict=True)) == pytest.approx({"a": 0.5 + 0.25, "a/b": 1.0, "c": 0.5})


def test_the_strongest_interest_is_that_of_a_level_weighed_by_its_share_of_the_depth():
    tree, codes = tree_of("a/b", "a/c", "d")
    interests = tree.interests(codes[:1], np.array([1.0]))

    values, levels = tree.strongest(np.append(codes, np.int32(-1)), interests)

    assert values.tolist() == [1.0, 0.5 * 0.5, 0.0, 0.0]
    assert tree.names(levels) == ["a/b", "a", None, None]


def test_paths_added_after_the_interests_were_computed_have_none():
    tree, codes = tree_of("a")
    interests = tree.interests(codes, np.array([1.0]))

    values, levels = tree.strongest(np.array([tree.add("b"), tree.add("a/b")], dtype=np.int32), interests)

    assert values.tolist() == [0.0, 0.5]
    assert tree.names(levels) == [None, "a"]


def test_a_tree_without_paths_has_no_interests():
    tree, _ = tree_of()

    assert tree.interests(np.empty(0, dtype=np.int32), np.empty(0)).tolist() == []
    assert [part.tolist() for part in tree.strongest(np.array([-1], dtype=np.int32), np.empty(0))] == [[0.0], [-1]]


def test_values_follow_the_codes_and_are_infinite_for_other_paths(monkeypatch):
    monkeypatch.setattr(category_tree, "MAX_CACHED", 1)
    tree, _ = tree_of("a", "b")
    by_path, other = {"b": 2.0}, {"": 5.0}

    codes = np.array([0, 1, -1])
    assert tree.values(by_path)[codes].tolist() == [np.inf, 2.0, np.inf]
    assert tree.values(by_path) is tree.values(by_path)
    assert tree.values(other)[codes].tolist() == [np.inf, np.inf, 5.0]
    for number in range(20):
        tree.add(f"c{number}")
    assert tree.values(by_path)[[1, 20, -1]].tolist() == [2.0, np.inf, np.inf]
