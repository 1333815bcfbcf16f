"""Rules: which are acceptable, and when they are in force."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from domain.errors import InvalidFields
from domain.records.recommendations import ListRequest
from domain.records.rules import Rule, RuleTarget
from tests.domain.shop import NOW

HIDE = {"name": "No mats", "action": "hide", "target": {"product_ids": ["p-1"]}}
PIN = HIDE | {"action": "pin", "position": 1}


def rule(**members):
    return msgspec.convert({**HIDE, **members}, Rule)


def faults(**members):
    with pytest.raises(InvalidFields) as raised:
        rule(**members).check()
    return {field.pointer: field.detail for field in raised.value.fields}


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"rule_id": "r 1", "status": "live"},
        {"action": "pin", "position": 100},
        {"action": "pin", "position": 1, "target": {"product_ids": ["p-1"], "newer_than_days": 7}},
        {"action": "boost", "strength": 5, "target": {"category": ["a"], "attributes": {"colour": ["red"], "size": [42]}}},
        {"action": "bury", "strength": 1, "target": {"newer_than_days": 1}},
        {"target": {"min_price": 5.0, "max_price": 5.0}, "from": "2026-01-01T00:00:00Z"},
        {"where": {"placements": ["home"], "kinds": ["new"], "segments": ["Budget"]}, "until": "2026-01-01T00:00:00Z"},
    ],
)
def test_a_rule_is_accepted_and_comes_back_as_it_was_sent(members):
    accepted = rule(**members)
    accepted.check()

    assert msgspec.json.decode(msgspec.json.encode(accepted), type=Rule) == accepted
    assert msgspec.to_builtins(accepted, str_keys=True)["target"] == msgspec.to_builtins(accepted.target)


def test_all_members_that_do_not_fit_together_are_named():
    assert faults(
        action="pin",
        strength=3,
        target={"category": ["a"], "min_price": 2.0, "max_price": 1.0},
        **{"from": "2026-02-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"},
    ) == {
        "#/position": "A pin needs a `position`",
        "#/strength": "Only a boost or a bury has a `strength`",
        "#/target/product_ids": "A pin needs `product_ids`",
        "#/until": "Expected an instant after `from`",
    }
    assert faults(action="boost", position=1, target={"product_ids": ["p-1"], "min_price": 2.0, "max_price": 1.0}) == {
        "#/position": "Only a pin has a `position`",
        "#/strength": "A boost needs a `strength`",
        "#/target/product_ids": "Expected either `product_ids` or filters",
        "#/target/min_price": "Expected at most `max_price`",
    }
    assert faults(target={}, **{"from": "1969-01-01T00:00:00Z"}) == {
        "#/target": "Expected `product_ids`, a filter or `newer_than_days`",
        "#/from": "Expected an instant from 1970 to 9999 in UTC",
    }
    assert faults(target={"attributes": {f"a{n}": ["x"] for n in range(51)}}) == {
        "#/target/attributes": "Expected at most 50 attributes"
    }


@pytest.mark.parametrize(
    "members",
    [
        {"position": 0, "action": "pin"}, {"position": 101, "action": "pin"}, {"strength": 6, "action": "boost"},
        {"action": "sink"}, {"status": "paused"}, {"name": ""}, {"target": {"colour": ["red"]}},
        {"target": {"product_ids": ["p"] * 101}}, {"target": {"newer_than_days": 0}}, {"where": {"kinds": ["all"]}},
        {"from": "2026-02-01T00:00:00"}, {"saved_at": "2026-02-01T00:00:00Z"}, {"rule_id": " r"},
    ],
)  # fmt: skip
def test_values_out_of_range_and_unknown_members_are_refused(members):
    with pytest.raises(msgspec.ValidationError):
        rule(**members)


def test_a_rule_is_in_force_while_it_is_live_and_between_its_dates():
    dated = rule(status="live", **{"from": NOW.isoformat(), "until": (NOW + timedelta(days=1)).isoformat()})

    assert not rule().is_in_force(NOW)
    assert rule(status="live").is_in_force(datetime(1970, 1, 1, tzinfo=UTC))
    assert not dated.is_in_force(NOW - timedelta(microseconds=1))
    assert dated.is_in_force(NOW)
    assert not dated.is_in_force(NOW + timedelta(days=1))


def test_the_filters_of_a_target_are_those_of_lists():
    target = RuleTarget(category=("a",), brand=("b",), tag=("t",), attributes={"size": (42, "L")}, min_price=1.0)

    assert target.filtered == ListRequest(
        categories=frozenset({"a"}),
        brands=frozenset({"b"}),
        tags=frozenset({"t"}),
        attributes=(("size", frozenset({"42", "L"})),),
        min_price=1.0,
    )


def test_a_rule_without_an_id_has_an_empty_one():
    assert (rule().known_id, rule(rule_id="r-1").known_id) == ("", "r-1")


@pytest.mark.parametrize("member", ["from", "until"])
@pytest.mark.parametrize("instant", ["9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+05:00", "1969-12-31T23:59:59Z"])
def test_an_instant_that_has_no_form_in_utc_is_refused(member, instant):
    assert [name for name, _ in rule(**{member: instant}).faults()] == [member]
