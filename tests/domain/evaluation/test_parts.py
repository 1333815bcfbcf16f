"""The parts of lists: each can be switched off, and nothing else changes with it."""

import pytest

from domain.evaluation.parts import neighbour_parts, weighted_parts
from domain.evaluation.replay import Replay
from domain.ranking.hyperparameters import Hyperparameters
from domain.ranking.model import Shape, SourceWeights, TunedConfig
from domain.ranking.shapes import FEATURES
from domain.records.recommendations import SOURCES
from domain.training.neighbours import learn_neighbours
from tests.domain.event_logs import training_data, two_group_log
from tests.domain.ranking.own_sources import table_source, use_own_sources
from tests.domain.shop import model_with
from tests.domain.trained_shops import TWO_CATEGORIES, train

LOG = two_group_log(days=20)


def test_each_source_and_each_setting_is_a_part_that_its_weight_switches_off(monkeypatch):
    use_own_sources(monkeypatch, table_source("season", weight=0.4, p1=1.0), table_source("stock", weight=0.2, p2=1.0))
    weights = SourceWeights(price_fit=0.0, own={"season": 0.3})

    parts = weighted_parts(model_with(source_weights=weights, seen_again=0.7, variety=0.25, trial_places=2))

    by_name = {part.name: part for part in parts}
    assert list(by_name) == [*SOURCES, "season", "stock", "seen_again", "variety", "trial_places", "newest_share"]
    assert (by_name["price_fit"].weight, by_name["similar_product"].weight) == (0.0, 0.2)
    # The weight that tuning found, and the source's own where it found none.
    assert (by_name["season"].weight, by_name["stock"].weight) == (0.3, 0.2)
    assert [by_name[name].weight for name in ("seen_again", "variety", "trial_places")] == [0.7, 0.25, 2]


def test_without_a_part_all_other_weights_are_as_before(monkeypatch):
    use_own_sources(monkeypatch, table_source("season", p1=1.0), table_source("stock", p2=1.0))
    model = model_with(source_weights=SourceWeights(own={"season": 0.3, "stock": 0.1}), seen_again=0.7, newest_share=0.5)

    without = {part.name: part.without.config for part in weighted_parts(model)}

    assert without["similar_product"].source_weights == SourceWeights(similar_product=0.0, own={"season": 0.3, "stock": 0.1})
    assert without["similar_product"].newcomer_weights == SourceWeights(similar_product=0.0)
    assert without["season"].source_weights == SourceWeights(own={"season": 0.0, "stock": 0.1})
    assert without["seen_again"] == TunedConfig(source_weights=model.config.source_weights, seen_again=0.0, newest_share=0.5)
    assert without["variety"].variety == 0.0
    assert without["newest_share"].newest_share == 1.0
    assert without["trial_places"].trial_places == 0


def test_a_feature_of_the_ranker_is_a_part_and_the_other_shapes_of_its_source_keep_their_values():
    shapes = tuple(
        Shape(feature=feature, knots=(0.0, 1.0), values=(0.0, rise))
        for feature, rise in (("category_interest", 0.5), ("brand_share", 0.3), ("newest_neighbour", 0.2))
    )
    model = model_with(shapes=shapes, source_weights=SourceWeights(category_interest=1.6))

    parts = {part.name: part for part in weighted_parts(model) if part.name in FEATURES and part.name not in SOURCES}

    assert {name: (part.weight, part.is_learned) for name, part in parts.items()} == {
        "brand_share": (0.3, False),
        "newest_neighbour": (0.2, True),
    }
    without = parts["brand_share"].without.config
    assert [shape.feature for shape in without.shapes] == ["category_interest", "newest_neighbour"]
    assert without.source_weights.category_interest == pytest.approx(1.0)
    assert parts["newest_neighbour"].without.config.source_weights.bought_together == 0.0


def test_only_parts_that_use_the_catalogue_or_what_a_shop_adds_can_know_the_future(monkeypatch):
    use_own_sources(monkeypatch, table_source("season", p1=1.0))
    learned = learn_neighbours(training_data(LOG), Hyperparameters())

    parts = [*weighted_parts(model_with()), *neighbour_parts(model_with(), learned, training_data(LOG))]

    assert [part.name for part in parts if part.is_learned] == [
        "bought_together", "viewed_together", "segment_trend", "popular", "seen_again", "newest_share",
        "co_occurrence", "regression", "item_transitions", "factorisation",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("shares", "weights"),
    [
        ((0.5, 0.1, 0.2), (0.32, 0.4, 0.08, 0.2)),
        # 1 - 0.8 - 0.2 is not 0 in floating point.
        ((0.8, 0.2, 0.0), (0.0, 0.8, 0.2, 0.0)),
    ],
)
def test_the_weights_of_the_neighbour_models_are_their_shares_in_the_whole(shares, weights):
    ridge, succession, factors = shares
    hyperparameters = Hyperparameters(ridge_share=ridge, succession_share=succession, factor_share=factors)
    learned = learn_neighbours(training_data(LOG), hyperparameters)

    parts = neighbour_parts(model_with(hyperparameters=hyperparameters), learned, training_data(LOG))

    assert [part.name for part in parts] == ["co_occurrence", "regression", "item_transitions", "factorisation"]
    assert [part.weight for part in parts] == pytest.approx(weights)
    assert [bool(part.weight) for part in parts] == [weight > 0 for weight in weights]


@pytest.mark.parametrize(
    ("name", "shares", "same_as"),
    [
        ("co_occurrence", {"ridge_share": 0.5}, {"ridge_share": 1.0}),
        ("regression", {"ridge_share": 0.5}, {"ridge_share": 0.0}),
        ("item_transitions", {"ridge_share": 0.25, "succession_share": 0.5}, {"ridge_share": 0.5}),
        ("factorisation", {"ridge_share": 0.5, "factor_share": 0.4}, {"ridge_share": 0.5}),
        ("regression", {"ridge_share": 1.0, "factor_share": 0.5}, {"factor_share": 1.0}),
    ],
    ids=["co-occurrence", "regression", "transitions", "factors", "all but factors"],
)
def test_without_a_neighbour_model_lists_are_those_that_the_others_make_alone(name, shares, same_as):
    data = training_data(LOG, TWO_CATEGORIES)
    trained, others = (
        train(LOG, TWO_CATEGORIES, config=TunedConfig(hyperparameters=Hyperparameters(**chosen)))
        for chosen in (shares, same_as)
    )
    learned = learn_neighbours(data, trained.model.config.hyperparameters)
    part = next(part for part in neighbour_parts(trained.model, learned, data) if part.name == name)
    replay = Replay(data, trained)
    before = lists_of(replay, trained.model)

    without = lists_of(replay.with_neighbours(part.neighbours()), part.without)

    assert without == lists_of(Replay(data, others), trained.model)
    assert lists_of(replay, trained.model) == before


def lists_of(replay, model):
    return [replay.ranking(customer, model=model, seen="exclude", k=6) for customer in range(60)]


def test_without_its_only_neighbour_model_a_shop_has_no_neighbours():
    data = training_data(LOG, TWO_CATEGORIES)
    hyperparameters = Hyperparameters(ridge_share=0.0)
    parts = neighbour_parts(model_with(hyperparameters=hyperparameters), learn_neighbours(data, hyperparameters), data)

    lists = next(part for part in parts if part.name == "co_occurrence").neighbours()

    assert not any(entry.bought_together or entry.viewed_together for entry in lists)
