"""Lines are counted by their outcome, and refused ones listed without their values."""

import json
import stat

import pytest

from domain.ports.ingest import Outcome
from infra.ingest.lines import RowRefused
from infra.ingest.report import Report


@pytest.fixture
def report(tmp_path):
    opened = Report([str(tmp_path / "a.csv"), str(tmp_path / "b.csv")])
    yield opened
    opened.close()


def refused(field="product_id", reason="Required"):
    return RowRefused(field, reason)


def test_lines_are_counted_by_outcome(report):
    report.read = 1234
    report.add(Outcome(status="new"), [(0, 2), (0, 3)])
    report.add(Outcome(status="refused", field="email", reason="Taken"), [(1, 5)])
    report.count("merged")
    report.count("guest", 0)

    assert report.counts == {"new": 2, "refused": 1, "merged": 1}
    assert report.summary().splitlines()[0] == (
        "Read 1,234 lines: 2 new, 0 changed, 0 unchanged, 1 merged with an earlier line, 1 refused."
    )
    assert report.exit_code == 3


def test_every_status_has_its_words(report):
    for status in ("replaced", "returned", "seen_before", "unmatched", "guest", "empty", "ignored"):
        report.count(status)

    assert report.summary() == (
        "Read 0 lines: 0 new, 0 changed, 0 unchanged, 1 replaced, 1 returned, 1 seen before, 1 returns without an order,"
        " 1 guests skipped, 1 without a quantity, 1 ignored by name, 0 refused.\n"
    )
    assert report.exit_code == 0


def test_refused_lines_are_listed_beside_their_file_for_its_owner_alone(report, tmp_path):
    report.refuse(refused(), [(0, 2), (1, 3)])
    report.refuse(refused(None, "Not a JSON object"), [(1, 4)])
    report.close()

    path = tmp_path / "b.csv.rejected.jsonl"
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {"line": 3, "field": "product_id", "reason": "Required"},
        {"line": 4, "field": None, "reason": "Not a JSON object"},
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert report.summary().count("Refused lines are listed in ") == 2


def test_the_five_most_frequent_reasons_are_shown_with_their_first_lines(report, tmp_path):
    for number in range(7):
        report.refuse(refused("name", f"Reason {number}"), [(0, line) for line in range(2, 10 - number)])
    report.refuse(refused("name", "Reason 6"), [(1, 50)] * 20)

    reasons = report.reasons()
    assert len(reasons) == 5
    assert reasons[0] == (
        f"22 x name: Reason 6 (line 2 of {tmp_path}/a.csv, line 3 of {tmp_path}/a.csv, line 50 of {tmp_path}/b.csv)"
    )


def test_lines_of_a_single_file_are_named_without_it():
    report = Report(["a.csv"], writes_refusals=False)
    report.refuse(refused(), [(0, 2)])
    report.refuse(refused(None, "Too long"), [(0, 3), (0, 4)])

    assert report.reasons() == ["2 x Too long (lines 3, 4)", "1 x product_id: Required (line 2)"]


def test_a_refusal_of_no_line_is_not_counted(report):
    report.refuse(refused(), [])

    assert (report.counts, report.reasons()) == ({}, [])


def test_a_report_of_a_trial_writes_nothing(tmp_path):
    (tmp_path / "a.csv.rejected.jsonl").write_text("earlier")
    report = Report([str(tmp_path / "a.csv")], writes_refusals=False)
    report.refuse(refused(), [(0, 2)])
    report.close()

    assert (tmp_path / "a.csv.rejected.jsonl").read_text() == "earlier"
    assert report.summary(stored=False).endswith("This was a dry run: nothing was stored.\n")


def test_a_list_of_refused_lines_ends_at_its_limit_and_the_counts_do_not(tmp_path):
    report = Report([str(tmp_path / "a.csv")], max_listed=2)
    for line in (2, 3, 4):
        report.refuse(refused(), [(0, line)])
    report.close()

    listed = (tmp_path / "a.csv.rejected.jsonl").read_text().splitlines()
    assert [json.loads(one)["line"] for one in listed] == [2, 3]
    assert report.counts["refused"] == 3


def test_ignored_names_unknown_statuses_and_notices_are_shown(report):
    report.ignore("scroll")
    report.ignore("scroll")
    report.unknown_statuses["odd"] = 3
    report.notice("A notice.")

    assert report.summary().splitlines()[1:] == [
        "Ignored events: scroll 2.", "Order statuses that are not known, taken as bought: odd 3.", "A notice.",
    ]  # fmt: skip
