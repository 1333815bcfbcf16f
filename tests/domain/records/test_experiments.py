"""Experiments: which are acceptable, which arm a customer has, and what may change once one has begun."""

from datetime import timedelta, timezone

import msgspec
import pytest
from msgspec import UNSET
from msgspec.structs import replace

from domain.errors import ExperimentRefused, InvalidField, InvalidFields
from domain.records.experiment_changes import (
    HAS_BEGUN,
    IS_OVER,
    NOT_BEGUN,
    check_alone,
    check_rules,
    check_weights,
    settled,
)  # fmt: skip
from domain.records.experiments import Arm, Experiment, arm_index
from tests.domain.rules import rule
from tests.domain.shop import NOW

HOUR = timedelta(hours=1)
ARMS = (Arm(name="now"), Arm(name="popular", popular=True))
DRAFT = Experiment(experiment_id="e", name="E", arms=ARMS)
LIVE = replace(DRAFT, status="live")
RUNNING = replace(LIVE, starts_at=NOW - HOUR)
OVER = replace(RUNNING, status="ended", until=NOW - HOUR / 2)
PASSED = replace(OVER, status="live")


def refused(asked, before, *, now=NOW):
    with pytest.raises(ExperimentRefused) as raised:
        settled(asked, before, now=now)
    return str(raised.value)


def test_an_experiment_comes_back_as_it_was_sent():
    sent = {
        "experiment_id": "e", "name": "E", "status": "live", "from": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z",
        "where": {"placements": ["home"], "kinds": ["buy-again"]},
        "arms": [{"name": "a", "share": 3, "rules": ["r-1"]}, {"name": "b", "weights": {"popular": 0.5}}],
    }  # fmt: skip
    experiment = msgspec.convert(sent, Experiment)

    experiment.check()

    assert msgspec.json.decode(msgspec.json.encode(experiment)) == sent
    assert [experiment.label_of(arm) for arm in experiment.arms] == ["e/a", "e/b"]
    assert (Experiment(name="E", arms=ARMS).known_id, experiment.known_id) == ("", "e")


def test_everything_that_is_wrong_is_named():
    arms = (Arm(name="a", popular=True, weights={"popular": 1.0}), Arm(name="a"))
    wrong = replace(DRAFT, arms=arms, starts_at=NOW, until=NOW)

    with pytest.raises(InvalidFields) as raised:
        wrong.check()

    assert {one.pointer: one.detail for one in raised.value.fields} == {
        "#/arms/0/weights": "Expected either `weights` or `popular`",
        "#/arms/1/name": "Expected a name that no arm before has",
        "#/until": "Expected an instant after `from`",
    }


def test_customers_fall_into_arms_by_their_shares_and_stay_there():
    experiment = replace(DRAFT, arms=(Arm(name="a", share=1), Arm(name="b", share=3), Arm(name="c", share=6)))
    places = [arm_index(experiment, f"c-{n}") for n in range(10_000)]

    assert [round(places.count(place) / 10_000, 2) for place in range(3)] == pytest.approx([0.1, 0.3, 0.6], abs=0.02)
    assert places == [arm_index(experiment, f"c-{n}") for n in range(10_000)]
    # Another experiment draws anew, and the digest does not depend on the machine.
    others = [arm_index(replace(experiment, experiment_id="f"), f"c-{n}") for n in range(10_000)]
    assert 0.4 < sum(one == other for one, other in zip(places, others, strict=True)) / 10_000 < 0.52
    assert [arm_index(DRAFT, f"c-{n}") for n in range(8)] == [0, 0, 1, 1, 1, 1, 0, 0]


def test_a_live_experiment_is_in_force_between_its_dates():
    dated = replace(RUNNING, until=NOW + HOUR)

    assert [dated.is_in_force(at) for at in (NOW - 2 * HOUR, NOW - HOUR, NOW, NOW + HOUR)] == [False, True, True, False]
    assert [one.is_in_force(NOW) for one in (RUNNING, DRAFT, LIVE, OVER, PASSED)] == [True, False, False, False, False]
    assert [one.has_begun(NOW) for one in (RUNNING, DRAFT, LIVE, OVER, PASSED)] == [True, False, False, True, True]


def test_before_it_begins_everything_may_change():
    planned = replace(LIVE, starts_at=NOW + HOUR)

    assert settled(DRAFT, None, now=NOW) == DRAFT
    assert settled(replace(DRAFT, arms=ARMS[::-1]), planned, now=NOW).arms == ARMS[::-1]
    assert settled(planned, DRAFT, now=NOW) == planned
    assert settled(LIVE, DRAFT, now=NOW) == replace(LIVE, starts_at=NOW)
    # Lists of the past were not made in arms.
    assert settled(replace(LIVE, starts_at=NOW - HOUR), None, now=NOW).starts_at == NOW
    for asked in (replace(LIVE, until=NOW), replace(planned, until=NOW + HOUR)):
        with pytest.raises(InvalidField) as raised:
            settled(asked, None, now=NOW)
        assert raised.value.fields[0].pointer == "#/until"


def test_one_that_runs_may_be_renamed_prolonged_and_ended_only():
    assert settled(replace(LIVE, name="New"), RUNNING, now=NOW) == replace(RUNNING, name="New")
    assert settled(replace(RUNNING, until=NOW + HOUR), RUNNING, now=NOW).until == NOW + HOUR
    assert settled(replace(DRAFT, status="ended"), RUNNING, now=NOW) == replace(RUNNING, status="ended", until=NOW)
    for changed in (
        replace(RUNNING, arms=ARMS[::-1]),
        replace(RUNNING, starts_at=NOW),
        replace(RUNNING, where=msgspec.convert({"kinds": ["buy-again"]}, type(RUNNING.where))),
        DRAFT,
    ):
        assert refused(changed, RUNNING) == HAS_BEGUN
    with pytest.raises(InvalidField):
        settled(replace(RUNNING, until=NOW), RUNNING, now=NOW)


def test_one_that_is_over_may_be_renamed_only():
    assert settled(replace(OVER, name="New", until=UNSET), OVER, now=NOW) == replace(OVER, name="New")
    assert settled(OVER, PASSED, now=NOW) == OVER
    assert settled(PASSED, PASSED, now=NOW) == PASSED
    assert refused(PASSED, OVER) == IS_OVER
    assert refused(replace(PASSED, until=NOW + HOUR), PASSED) == IS_OVER
    assert refused(replace(OVER, arms=ARMS[::-1]), OVER) == HAS_BEGUN


def test_only_one_that_ran_can_be_stored_as_ended():
    # A removal is undone.
    assert [settled(one, None, now=NOW) for one in (OVER, PASSED)] == [OVER, PASSED]
    for before in (DRAFT, None):
        assert refused(replace(DRAFT, status="ended"), before) == NOT_BEGUN
    assert refused(replace(OVER, until=NOW + HOUR), None) == NOT_BEGUN


def test_two_are_never_live_at_one_instant():
    first = replace(RUNNING, experiment_id="first", until=NOW + HOUR)

    for other in (RUNNING, replace(RUNNING, until=NOW)):
        with pytest.raises(ExperimentRefused, match=r"'first' is live until 2026-11-23 11:00 \(UTC\)"):
            check_alone(other, [first])
    abroad = replace(first, until=(NOW + HOUR).astimezone(timezone(timedelta(hours=14))))
    with pytest.raises(ExperimentRefused, match=r"until 2026-11-23 11:00 \(UTC\)"):
        check_alone(RUNNING, [abroad])
    with pytest.raises(ExperimentRefused, match="'e' is live without an end"):
        check_alone(first, [RUNNING])
    check_alone(replace(RUNNING, starts_at=NOW + HOUR), [first])
    check_alone(replace(RUNNING, until=NOW - HOUR / 2), [replace(first, starts_at=NOW)])
    check_alone(replace(RUNNING, status="draft"), [first])
    check_alone(RUNNING, [replace(first, status="ended")])


def test_rules_of_a_live_experiment_exist_and_are_in_force_in_its_arms_only():
    rules = {"draft": rule(status="draft"), "live": rule()}
    arms = (ARMS[0], Arm(name="b", rules=("draft", "live", "gone")))

    check_rules(replace(DRAFT, arms=arms), rules)
    with pytest.raises(InvalidFields) as raised:
        check_rules(replace(LIVE, arms=arms), rules)

    assert {one.pointer: one.detail for one in raised.value.fields} == {
        "#/arms/1/rules/1": "The rule is live, so all arms have it: make it a draft",
        "#/arms/1/rules/2": "No rule has this id",
    }


def test_weights_are_of_sources_that_the_shop_has():
    arms = (ARMS[0], Arm(name="b", weights={"popular": 1.0, "populr": 1.0, "~/own": 1.0}))

    with pytest.raises(InvalidFields) as raised:
        check_weights(replace(DRAFT, arms=arms), ("popular", "new"))

    assert {one.pointer: one.detail for one in raised.value.fields} == {
        "#/arms/1/weights/populr": "Expected a source: popular, new",
        "#/arms/1/weights/~0~1own": "Expected a source: popular, new",
    }
    check_weights(DRAFT, ())
