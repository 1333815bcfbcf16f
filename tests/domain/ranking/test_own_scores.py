"""Sources that a shop adds: their scores, weights and reasons."""

import msgspec
import pytest

from domain.ranking.model import SourceWeights, TunedConfig
from domain.ranking.own_scores import weights_by_source
from domain.records.recommendations import SOURCES, Reason
from tests.domain.ranking.lists import ids, ranked_list, ranking_of
from tests.domain.ranking.own_sources import table_source, use_own_sources
from tests.domain.shop import model_with, neighbour_lists, past_event, product, ranking_inputs, weighted_products

ONE, TWO, THREE = product(1), product(2), product(3)


def reasons(ranked):
    return {item.product_id: [(reason.source, reason.share) for reason in item.reasons] for item in ranked.items}


def test_a_shop_has_no_own_sources_until_it_adds_one():
    assert list(weights_by_source(SourceWeights())) == list(SOURCES)


def test_an_own_source_adds_its_weighted_score_and_is_a_reason(monkeypatch):
    # A product of 30 days counts 0.5 as new. Popularity is 0.05 x 1.
    inputs = ranking_inputs(model=model_with(popular=weighted_products(p2=1.0), trial_places=0))
    use_own_sources(monkeypatch, table_source(weight=0.5, p1=0.2))

    ranked = ranked_list(inputs, [ONE, TWO])

    new, picked, popular = 0.02 * 0.5, 0.5 * 0.2, 0.05
    assert [item.score for item in ranked.items] == pytest.approx([picked + new, popular + new])
    assert reasons(ranked) == {
        "p-1": [("picked", round(picked / (picked + new), 4)), ("new", round(new / (picked + new), 4))],
        "p-2": [("popular", round(popular / (popular + new), 4)), ("new", round(new / (popular + new), 4))],
    }


def test_own_sources_have_rows_of_their_own_after_the_others(monkeypatch):
    use_own_sources(monkeypatch, table_source("a", 0.5, p1=1.0), table_source("b", 0.25, p2=1.0))

    ranking = ranking_of(ranking_inputs(), [ONE, TWO])

    assert ranking.scores.by_source[len(SOURCES) :].tolist() == [[0.5, 0.0], [0.0, 0.25]]


@pytest.mark.parametrize(
    ("value", "expected"), [(float("nan"), 0.0), (-1.0, 0.0), (7.0, 1.0), (float("inf"), 1.0), (0.25, 0.25)]
)
def test_values_of_an_own_source_are_clipped_and_nan_counts_as_0(monkeypatch, value, expected):
    use_own_sources(monkeypatch, table_source(weight=0.5, p1=value))

    assert ranking_of(ranking_inputs(), [ONE]).scores.by_source[-1].tolist() == [0.5 * expected]


@pytest.mark.parametrize(
    ("own", "weight"), [({}, 0.5), ({"removed": 0.9}, 0.5), ({"picked": 0.1}, 0.1), ({"picked": 0.0}, 0.0)]
)
def test_the_tuned_weight_counts_and_the_sources_own_where_tuning_did_not_know_it(monkeypatch, own, weight):
    use_own_sources(monkeypatch, table_source(weight=0.5, p1=1.0))
    tuned = SourceWeights(own=own)
    model = model_with(newcomer_weights=tuned, source_weights=SourceWeights(own={"picked": 0.7}))

    assert ranking_of(ranking_inputs(model=model), [ONE]).scores.by_source[-1].tolist() == [weight]
    assert weights_by_source(tuned)["picked"] == weight


def test_an_own_source_of_weight_0_changes_nothing(monkeypatch):
    model = model_with(newcomer_weights=SourceWeights(own={"picked": 0.0}))
    without = ranked_list(ranking_inputs(model=model), [ONE, TWO, THREE])
    use_own_sources(monkeypatch, table_source(p3=1.0))

    assert ranked_list(ranking_inputs(model=model), [ONE, TWO, THREE]) == without


def test_the_strategy_of_a_list_counts_own_sources_like_popular(monkeypatch):
    viewed = ranking_inputs(past_event(THREE), neighbours=[neighbour_lists(3, viewed=[(2, 1.0)])])
    assert ranked_list(ranking_inputs(), [ONE, TWO]).strategy == "catalogue"
    use_own_sources(monkeypatch, table_source(p1=1.0))

    assert ranked_list(ranking_inputs(), [ONE, TWO]).strategy == "popular"
    assert ranked_list(viewed, [ONE, TWO]).strategy == "personalised"
    assert ids(ranked_list(viewed, [ONE, TWO])) == ["p-2", "p-1"]


def test_the_name_of_another_source_is_refused():
    with pytest.raises(ValueError, match="A source has the name 'popular' already"):
        table_source("popular")


def test_models_and_lists_stored_with_and_without_own_sources_can_be_read():
    config = TunedConfig(source_weights=SourceWeights(own={"removed": 0.2}))
    old = b'{"blend":{"popular":0.35}}'

    assert msgspec.json.decode(msgspec.json.encode(config), type=TunedConfig) == config
    assert msgspec.json.decode(old, type=TunedConfig).source_weights == SourceWeights(popular=0.35)
    reason = Reason(source="removed", share=1.0)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(reason), type=Reason) == reason
