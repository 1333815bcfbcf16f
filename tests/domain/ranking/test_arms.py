"""Arms of experiments make lists different: by rules, source weights, or popular products only."""

from datetime import timedelta

import msgspec
from msgspec.structs import replace

from domain.ranking.arms import NO_ARM, LiveExperiments, inputs_in, rules_in
from domain.ranking.model import Shape, SourceWeights
from domain.ranking.rule_book import ListPlace
from domain.records.experiments import Arm, Experiment, arm_index
from tests.domain.rules import HERE, rule
from tests.domain.shop import NOW, model_with, past_event, product, ranking_inputs

ARMS = (Arm(name="now"), Arm(name="b", rules=("r",)), Arm(name="c", weights={"popular": 0.7, "mine": 0.4}))
LIVE = Experiment(experiment_id="e", name="E", arms=ARMS, status="live", starts_at=NOW)


def test_a_customer_has_the_arm_of_the_live_experiment():
    live = LiveExperiments([replace(LIVE, experiment_id="draft", status="draft"), LIVE])

    for key in ("c-1", "c-2", "c-3", "c-4", "c-5"):
        assert live.arm_of(key, HERE, NOW).arm == ARMS[arm_index(LIVE, key)]
    assert live.arm_of("c-1", HERE, NOW).label == f"e/{live.arm_of('c-1', HERE, NOW).arm.name}"
    assert live.arm_of("c-1", HERE, NOW - timedelta(seconds=1)) is NO_ARM
    assert live.arm_of(None, HERE, NOW) is NO_ARM
    assert LiveExperiments().arm_of("c-1", HERE, NOW) is NO_ARM


def test_digests_differ_between_arms_and_between_experiments():
    keys = [f"c-{n}" for n in range(30)]
    same = {LiveExperiments([LIVE]).arm_of(key, HERE, NOW).digest for key in keys}
    renamed = {LiveExperiments([replace(LIVE, name="F")]).arm_of(key, HERE, NOW).digest for key in keys}
    other = {LiveExperiments([replace(LIVE, arms=ARMS[:2])]).arm_of(key, HERE, NOW).digest for key in keys}

    assert len(same) == 3
    assert same == renamed
    assert not same & other


def test_an_experiment_is_about_some_lists():
    where = msgspec.convert({"placements": ["home"], "kinds": ["for-customer"]}, type(LIVE.where))
    live = LiveExperiments([replace(LIVE, where=where)])
    places = (
        ListPlace(kind="for-customer", placement="home"),
        HERE,
        ListPlace(kind="buy-again", placement="home"),
    )

    assert [live.arm_of("c-1", place, NOW) is NO_ARM for place in places] == [False, True, True]


def test_rules_of_an_arm_are_live_in_it():
    rules = [rule(rule_id="r", status="draft"), rule(rule_id="other", status="draft")]

    assert [one.status for one in rules_in(ARMS[1], rules)] == ["live", "draft"]
    assert rules_in(ARMS[0], rules) == rules


def test_weights_of_an_arm_replace_those_of_the_model():
    inputs = ranking_inputs(past_event(product(0)))

    assert inputs_in(ARMS[0], inputs) is inputs
    config = inputs_in(ARMS[2], inputs).model.config
    assert config.source_weights == SourceWeights(popular=0.7, own={"mine": 0.4})
    assert config.newcomer_weights == config.source_weights


def test_popular_lists_depend_on_popularity_only():
    shape = Shape(feature="popular", knots=(0.0, 0.5), values=(0.0, 1.0))
    learned = model_with(shapes=(shape,), newest_share=0.5, seen_again=1.0)
    config = inputs_in(Arm(name="p", popular=True), ranking_inputs(past_event(product(0)), model=learned)).model.config
    weights = config.weights_for(has_history=True)

    assert (weights.popular, weights.viewed_together, weights.segment_trend) == (1.0, 0.0, 0.0)
    assert (config.seen_again, config.newest_share, config.variety, config.trial_places) == (0.0, 1.0, 0.0, 0)
    assert config.shapes == ()
