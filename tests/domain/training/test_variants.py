"""Variants of a product in training: they count as one, at a product that stands for them."""

import numpy as np
import pytest
from msgspec.structs import replace

from domain.training.train import train_model
from domain.training.training_data import merge_variants
from domain.training.variants import NO_VARIANTS, representatives
from tests.domain.event_logs import event_log
from tests.domain.shop import NOW_US, product
from tests.domain.trained_shops import DEFAULTS, train


def shirts(*, available=(0, 1, 2)):
    """Return the parent `shirt` and two variants of it, the indexes 0 to 2, and a hat."""
    return [
        product(0, product_id="shirt", available=0 in available),
        product(1, product_id="red", variant_of="shirt", available=1 in available),
        product(2, product_id="blue", variant_of="shirt", available=2 in available),
        product(3, product_id="hat"),
    ]


BLUE_SELLS_MOST = event_log(("a", 1, "view", 0), ("a", 2, "view", 0), ("b", 2, "view", 0), ("b", 3, "view", 0))


@pytest.mark.parametrize(
    ("available", "chosen"), [((0, 1, 2), 0), ((1, 2), 2), ((1,), 1), ((), 0)], ids=["parent", "most events", "one", "none"]
)
def test_an_available_product_stands_for_its_group(available, chosen):
    found = representatives(shirts(available=available), BLUE_SELLS_MOST)

    assert found.indexes.tolist() == [chosen, chosen, chosen, 3]


def test_without_the_parent_the_variant_with_most_events_stands_for_the_group_and_ties_go_to_the_lower_index():
    without_parent = shirts()[1:]

    assert representatives(without_parent, BLUE_SELLS_MOST).indexes.tolist() == [0, 2, 2, 3]
    assert representatives(without_parent, event_log()).indexes.tolist() == [0, 1, 1, 3]


def test_a_shop_without_variants_needs_no_representatives():
    log = event_log(("a", 0, "view", 0))
    found = representatives([product(0)], log)

    assert found is NO_VARIANTS
    assert found.merge(log) is log
    assert found.rank([0, 0]) == [0, 0]


def test_a_ranking_has_each_group_once_and_keeps_unknown_products():
    found = representatives(shirts(), BLUE_SELLS_MOST)

    assert found.rank([-1, 2, -1, 3, 1, 9]) == [-1, 0, -1, 3, 9]
    assert found.merge(BLUE_SELLS_MOST).products.tolist() == [0, 0, 0, 3]
    assert [one.product_id for one in found.among(shirts())] == ["shirt", "hat"]


COLOURS = 3


def in_colour(model, colour):
    """Return the product index of a model in a colour; the last colour is the parent of the others."""
    return COLOURS * model + colour


def model_in(colour, *, model, parent=None):
    return product(
        in_colour(model, colour), name=f"Model {model}", category="wear/shirts", brand="x", price=10.0, variant_of=parent
    )


def test_training_sees_a_group_as_one_product():
    rng = np.random.default_rng(1)
    events = [
        (f"c{n % 40}", int(rng.integers(8)), "purchase" if n % 3 else "view", float(rng.integers(60)), n, 5.0)
        for n in range(400)
    ]
    parents = [model_in(2, model=model) for model in range(8)]
    variants = [model_in(colour, model=model, parent=f"p-{in_colour(model, 2)}") for model in range(8) for colour in (0, 1)]
    of_parents = event_log(*((customer, in_colour(model, 2), *rest) for customer, model, *rest in events))
    of_colours = event_log(
        *((customer, in_colour(model, int(rng.integers(COLOURS))), *rest) for customer, model, *rest in events)
    )

    alone = train(of_parents, parents)
    grouped = train_model(
        merge_variants(of_colours, [*parents, *variants], {}), config=DEFAULTS, model_id="m", trained_at=NOW_US
    )

    assert grouped.model == replace(alone.model, n_products=24)
    assert grouped.category_trends == alone.category_trends
    lists = {entry.product_index: entry for entry in grouped.neighbours}
    assert len(alone.neighbours) == 8
    for entry in alone.neighbours:
        indexes = [entry.product_index - 2 + colour for colour in range(COLOURS)]
        assert [lists.pop(index) for index in indexes] == [replace(entry, product_index=index) for index in indexes]
    assert lists == {}
