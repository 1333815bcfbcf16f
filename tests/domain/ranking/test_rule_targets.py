"""Which products rules are about."""

import numpy as np

from domain.ranking.catalogue import Catalogue
from domain.ranking.rule_targets import RuleTargets
from domain.records.values import DAY
from tests.domain.rules import rule
from tests.domain.shop import NOW_US, product

TODAY = NOW_US // DAY


def targets_of(catalogue, *rules, day=TODAY):
    ids = {one for each in rules for one in each.target.product_ids}
    return RuleTargets(
        rules, catalogue, {one: index for one in ids if (index := catalogue.index_of(one)) is not None}, day=day
    )


def rules_by_product(targets, *products):
    codes = targets.codes(np.array(products, dtype=np.intp))
    return [targets.rules_of[code].tolist() for code in codes.tolist()]


def test_an_id_is_about_the_product_with_its_variants_and_a_filter_about_those_that_pass():
    catalogue = Catalogue([
        product(0, variant_of="shirt", brand="x"), product(1, variant_of="shirt", brand="y"), product(2, brand="x"),
    ])  # fmt: skip
    targets = targets_of(catalogue, rule("hide", "p-0", "unknown"), rule("hide", brand=["x"]))

    assert rules_by_product(targets, 0, 1, 2) == [[0, 1], [0], [1]]


def test_an_unknown_id_is_about_no_product():
    assert rules_by_product(targets_of(Catalogue([product(0)]), rule("hide", "unknown")), 0) == [[]]


def test_ages_count_by_whole_days():
    catalogue = Catalogue([
        product(0, created_at=(TODAY - 7) * DAY), product(1, created_at=(TODAY - 7) * DAY - 1),
        product(2, created_at=NOW_US),
    ])  # fmt: skip

    assert rules_by_product(targets_of(catalogue, rule("hide", newer_than_days=7)), 0, 1, 2) == [[0], [], [0]]
    assert rules_by_product(targets_of(catalogue, rule("hide", "p-1", "p-2", newer_than_days=7)), 0, 1, 2) == [[], [], [0]]


def test_products_are_decided_again_after_they_changed_and_when_the_catalogue_grows():
    catalogue = Catalogue([product(0, price=5.0), product(1, price=50.0)])
    targets = targets_of(catalogue, rule("hide", max_price=10.0))
    assert rules_by_product(targets, 0, 1) == [[0], []]

    catalogue.add([product(0, price=20.0), product(9, price=1.0)])

    assert rules_by_product(targets, 9, 0, 1) == [[0], [], []]


def test_products_that_have_the_same_rules_share_a_code():
    catalogue = Catalogue([product(index, category="a" if index % 2 else "b") for index in range(9)])
    targets = targets_of(catalogue, *(rule("hide", category=[path]) for path in ("a", "b", "c")))

    targets.codes(np.arange(9))

    assert [positions.tolist() for positions in targets.rules_of] == [[1], [0]]
