"""`export`, `erase` and `audit` at the command line."""

import asyncio
import io
import json
import re
from datetime import UTC, datetime

import pytest

from domain.records.audit import COMMAND_LINE, Act
from domain.records.customers import NewCustomer
from infra.cli import run
from infra.storage.sqlite import open_sqlite

pytestmark = pytest.mark.names_a_customer


@pytest.fixture
def shop(database, monkeypatch):
    """Create a shop with two customers; a key read the profile of the second."""

    async def fill():
        async with open_sqlite(database, currency="EUR") as repository:
            for name in ("canary", "canary-bob"):
                await repository.create_customer(
                    NewCustomer(customer_id=name, first_name="Cänary canary"), now=datetime.now(UTC)
                )
            await repository.record_act(Act(actor="erp", action="read-profile", customer_id="canary-bob"))
            await repository.record_act(Act(actor="the settings", action="add-key", name="erp"))
            await repository.record_act(Act(actor=COMMAND_LINE, action="restore"))

    asyncio.run(fill())
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{database}")


def lines_of_audit(capsys, *options):
    assert run(["audit", *options]) == 0
    return capsys.readouterr().out.splitlines()


def entries_of(capsys, *options):
    return [
        (entry["actor"], entry["action"], entry["outcome"])
        for entry in map(json.loads, lines_of_audit(capsys, "--json", *options))
    ]


def test_an_export_is_one_json_document_on_standard_output_and_is_kept(shop, capsys):
    assert run(["export", "canary"]) == 0

    document = json.loads(capsys.readouterr().out)
    assert (document["customer"]["customer_id"], document["customer"]["first_name"]) == ("canary", "Cänary canary")
    assert entries_of(capsys, "--customer", "canary") == [(COMMAND_LINE, "export", "done")]


@pytest.mark.parametrize("command", [["export", "nobody"], ["erase", "nobody", "--yes"]])
def test_an_unknown_customer_is_one_line_and_is_kept(shop, capsys, command):
    assert run(command) == 1

    assert capsys.readouterr().err == "No customer has the id 'nobody'.\n"
    assert entries_of(capsys, "--customer", "nobody") == [(COMMAND_LINE, command[0], "not-found")]


def test_an_erasure_is_confirmed_by_an_option(shop, capsys):
    assert run(["erase", "canary", "--yes"]) == 0

    assert capsys.readouterr().out == "The customer is erased.\n"
    assert entries_of(capsys, "--customer", "canary") == [(COMMAND_LINE, "erase", "done")]
    assert run(["export", "canary"]) == 1


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("answer", "exit_code"), [("yes\n", 0), ("YES\n", 0), ("y\n", 1), ("\n", 1), ("", 1)])
def test_a_terminal_is_asked(shop, capsys, monkeypatch, answer, exit_code):
    monkeypatch.setattr("sys.stdin", Terminal(answer))

    assert run(["erase", "canary"]) == exit_code

    output = capsys.readouterr().out
    assert "Type yes:" in output
    assert ("Nothing was deleted." in output) == (exit_code == 1)
    assert run(["export", "canary"]) == 1 - exit_code


def test_without_a_terminal_nothing_is_erased(shop, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))

    assert run(["erase", "canary"]) == 1
    assert "add --yes" in capsys.readouterr().err
    assert run(["export", "canary"]) == 0


def test_the_audit_is_a_table_with_shortened_hashes(shop, capsys):
    heading, *lines = lines_of_audit(capsys)

    assert heading.split() == ["time", "actor", "action", "subject", "outcome"]
    time = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
    assert re.fullmatch(rf"{time}  command line  restore +-  +done", lines[0])
    assert re.fullmatch(rf"{time}  the settings  add-key +erp  +done", lines[1])
    assert re.fullmatch(rf"{time}  erp           read-profile  [0-9a-f]{{12}}\.\.\.  done", lines[2])


def test_entries_are_searched_by_customer_action_actor_and_time(shop, capsys):
    read, added, restored = (
        ("erp", "read-profile", "done"),
        ("the settings", "add-key", "done"),
        (COMMAND_LINE, "restore", "done"),
    )

    assert entries_of(capsys) == [restored, added, read]
    assert entries_of(capsys, "--customer", "canary-bob") == [read]
    assert entries_of(capsys, "--action", "add-key") == [added]
    assert entries_of(capsys, "--actor", "command line") == [restored]
    assert entries_of(capsys, "--limit", "1") == [restored]
    assert entries_of(capsys, "--since", "2026-01-01", "--actor", "erp") == [read]
    assert entries_of(capsys, "--since", "2099-01-01T10:00+02:00") == []
    assert lines_of_audit(capsys, "--customer", "canary") == ["No entry matches."]


@pytest.mark.parametrize("options", [["--since", "yesterday"], ["--limit", "0"], ["--limit", "x"], ["--action", "look"]])
def test_other_values_are_refused(shop, capsys, options):
    with pytest.raises(SystemExit):
        run(["audit", *options])

    assert "usage" in capsys.readouterr().err
