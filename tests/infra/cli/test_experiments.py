"""`experiments` lists, saves, reports and removes experiments."""

import json
import re

import pytest

from domain.records.experiment_reports import ArmReport, Comparison
from domain.records.placements import Estimate
from infra.cli import run
from infra.cli.experiments import _cells

DRAFT = {
    "experiment_id": "trial", "name": "[b]E", "from": "2026-11-20T02:00:00+02:00",
    "arms": [{"name": "now", "share": 3}, {"name": "[i]new", "popular": True, "rules": ["r-1"]},
             {"name": "w", "weights": {"popular": 0.5}}],
}  # fmt: skip
LIVE = {"experiment_id": "trial", "name": "[b]E", "arms": [{"name": "now"}, {"name": "[i]new", "popular": True}]}


@pytest.fixture
def save(shop, capsys):
    def saved(members):
        (shop / "experiment.json").write_text(json.dumps(members))
        code = run(["experiments", "save", "experiment.json"])
        return code, capsys.readouterr()

    return saved


def printed(capsys, *options):
    assert run(["experiments", *options]) == 0
    return capsys.readouterr().out


def test_an_experiment_is_saved_listed_and_removed(save, capsys):
    assert printed(capsys) == "There are no experiments.\n"
    assert save(DRAFT)[1].out == "Created the experiment trial (draft).\n"

    heading, line = printed(capsys).splitlines()
    assert heading.split() == ["experiment", "name", "arms", "when", "status"]
    assert re.split("  +", line) == [
        "trial", "[b]E", "now x3, [i]new x1 (popular rule r-1), w x1 (popular=0.5)", "from 2026-11-20 00:00", "draft",
    ]  # fmt: skip
    [listed] = json.loads(printed(capsys, "--json"))["experiments"]
    assert (listed["experiment_id"], listed["from"]) == ("trial", "2026-11-20T02:00:00+02:00")

    assert printed(capsys, "remove", "trial") == "The experiment is removed.\n"
    assert run(["experiments", "remove", "trial"]) == 1
    assert capsys.readouterr().err == "No experiment has the id 'trial'.\n"


def test_a_report_is_a_table_with_a_verdict_for_each_arm(save, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    assert save(LIVE | {"status": "live"})[1].out == "Created the experiment trial (live).\n"
    assert save(LIVE | {"status": "live"})[1].out == "Changed the experiment trial (live).\n"

    lines = printed(capsys, "report", "trial").splitlines()

    assert lines[0].startswith("[b]E: ")
    assert re.split("  +", lines[3].strip()) == ["now", "0", "-", "-", "-", "control", "control"]
    assert lines[-1] == "[i]new: Not enough data yet."
    assert json.loads(printed(capsys, "report", "trial", "--json"))["arms"][1]["comparison"]["verdict"] == "not_enough_data"


def test_warnings_follow_the_verdicts(save, shop, capsys):
    (shop / "rule.json").write_text(
        json.dumps({"rule_id": "r-1", "name": "R", "action": "hide", "target": {"product_ids": ["p-1"]}})
    )
    assert run(["rules", "save", "rule.json"]) == 0
    arms = [{"name": "now"}, {"name": "new", "rules": ["r-1"]}]
    assert save(LIVE | {"status": "live", "arms": arms})[0] == 0
    assert run(["rules", "remove", "r-1"]) == 0
    capsys.readouterr()

    assert printed(capsys, "report", "trial").splitlines()[-1] == "Warning: The rule 'r-1' is gone, so no arm has it."


def test_values_have_their_bounds():
    estimate = Estimate(value=0.25, low=-0.1, high=None)
    compared = Comparison(
        verdict="not_enough_data", summary="", difference=estimate, revenue_difference=None, days_left=None
    )  # fmt: skip
    arm = ArmReport(
        name="new", share=1, customers=1000, ordered=250, conversion=estimate, revenue=250.0, impressions=0, clicks=0,
        revenue_per_customer=Estimate(value=0.25, low=0.2, high=0.3), click_rate=None, comparison=compared,
    )  # fmt: skip

    assert _cells(arm, currency="EUR") == (
        "new", "1,000", "25.00%\n[-10.00%, ?]", "0.25 EUR\n[0.20, 0.30]", "-", "+25.0%\n[-10.0%, ?]", "-",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "experiment.json is not an experiment: "),
        ('{"name": "\xff"}', "experiment.json is not an experiment: "),
        ('{"name": "x", "arms": [{"name": "a"}, {"name": "a"}]}', "#/arms/1/name: Expected a name that no arm before has"),
    ],
)
def test_a_file_that_is_no_experiment_is_refused(shop, capsys, content, message):
    (shop / "experiment.json").write_bytes(content.encode("latin-1"))

    assert run(["experiments", "save", "experiment.json"]) == 1
    assert message in capsys.readouterr().err


def test_a_missing_file_is_named(shop, capsys):
    assert run(["experiments", "save", "nothing.json"]) == 1
    assert capsys.readouterr().err == "nothing.json cannot be read: No such file or directory.\n"
