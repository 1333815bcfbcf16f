"""`rules` lists, saves and removes rules."""

import json
import re

import pytest

from infra.cli import run

RULE = {
    "rule_id": "r-1", "name": "Sale", "action": "boost", "strength": 2, "target": {"category": ["outdoor"], "max_price": 50},
    "where": {"kinds": ["new", "popular"]}, "from": "2026-11-20T02:00:00+02:00", "until": "2026-12-24T00:00:00Z",
}  # fmt: skip


@pytest.fixture
def save(shop, capsys):
    def saved(**members):
        (shop / "rule.json").write_text(json.dumps(RULE | members))
        code = run(["rules", "save", "rule.json"])
        return code, capsys.readouterr()

    return saved


def listed(capsys, *options):
    assert run(["rules", *options]) == 0
    return capsys.readouterr().out


def test_a_rule_is_saved_listed_and_removed(save, capsys):
    assert listed(capsys) == "There are no rules.\n"
    assert save()[1].out == "Created the rule r-1 (draft).\n"
    assert save(status="live")[1].out == "Replaced the rule r-1 (live).\n"

    heading, line = listed(capsys).splitlines()
    assert heading.split() == ["rule", "name", "action", "products", "where", "when", "status"]
    assert re.split("  +", line) == [
        "r-1", "Sale", "boost 2", "category=outdoor max_price=50.0", "kinds=new,popular",
        "from 2026-11-20 00:00 until 2026-12-24 00:00", "live",
    ]  # fmt: skip
    [rule] = json.loads(listed(capsys, "--json"))["rules"]
    assert (rule["rule_id"], rule["from"]) == ("r-1", "2026-11-20T02:00:00+02:00")

    assert run(["rules", "remove", "r-1"]) == 0
    assert capsys.readouterr().out == "The rule is removed.\n"
    assert run(["rules", "remove", "r-1"]) == 1
    assert capsys.readouterr().err == "No rule has the id 'r-1'.\n"


def test_products_that_nobody_knows_are_named(shop, capsys):
    pin = {"name": "Look", "action": "hide", "target": {"product_ids": ["p-77"]}}
    (shop / "rule.json").write_text(json.dumps(pin))

    assert run(["rules", "save", "rule.json"]) == 0

    assert "No product has the id p-77.\n" in capsys.readouterr().out
    line = listed(capsys).splitlines()[1]
    assert line.endswith("hide    product_ids=p-77  everywhere  always  draft")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "rule.json is not a rule: "),
        ('{"name": "\xff"}', "rule.json is not a rule: "),
        ('{"name": "x"}', "rule.json is not a rule: Object missing required field"),
        ('{"name": "x", "action": "hide", "target": {}}', "#/target: Expected `product_ids`"),
    ],
)
def test_a_file_that_is_no_rule_is_refused(shop, capsys, content, message):
    (shop / "rule.json").write_bytes(content.encode("latin-1"))

    assert run(["rules", "save", "rule.json"]) == 1
    assert message in capsys.readouterr().err


def test_a_missing_file_is_named(shop, capsys):
    assert run(["rules", "save", "nothing.json"]) == 1
    assert capsys.readouterr().err == "nothing.json cannot be read: No such file or directory.\n"
