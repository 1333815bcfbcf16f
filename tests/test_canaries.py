"""The search for personal data in outputs: it sees all that tests send, and finds what is planted."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from domain.records.customers import Address, NewCustomer

TESTS = Path(__file__).parent
IMPERSONAL = {"customer_id", "segment", "kind", "country", "is_default"}
PERSONAL_FIELDS = {*NewCustomer.__struct_fields__, *Address.__struct_fields__} - IMPERSONAL
GIVEN = re.compile(rf"""\b(?:{"|".join(sorted(PERSONAL_FIELDS))})"?(?:=|:\s?)f?"([^"]*)""")

# Outputs of every kind; the first test says nothing personal.
PLANTED = """
import asyncio, logging, subprocess, sys
import pytest
import infra.logs
from infra.http.problems import reported
from tests.system.server import Server

def said(text="canary-mail@example.com"):
    return f"A line with {text}."

def test_clean():
    logging.getLogger("infra").info(said("nothing"))
    print(said("abc-1 and 1e-05"))

def test_logged():
    logging.getLogger("infra.anything").debug("%s", said())

def test_logged_with_an_exception_whose_text_is_told(monkeypatch):
    monkeypatch.setattr(infra.logs, "_text", str)
    monkeypatch.setattr("infra.http.problems.describe_error", infra.logs.describe_error)
    reported(KeyError(said()), "an-id")

def test_named():
    logging.getLogger("infra").info("GET /customer/get-profile/c-1")

def test_printed():
    print(said())

def test_printed_on_standard_error():
    sys.stderr.write(said())

def test_printed_and_read(capsys):
    print(said())
    capsys.readouterr()

def test_printed_by_a_command():
    subprocess.run([sys.executable, "-c", "print(" + repr(said()) + ")"], capture_output=True, text=True)

def test_printed_by_a_server(tmp_path):
    server = Server(tmp_path / "shop.db", command=[sys.executable, "-c", "print(" + repr(said()) + ")"])
    server.process.wait()
    server.kill()

@pytest.fixture
def telling():
    yield
    print(said())

def test_printed_at_the_end(telling):
    pass

@pytest.mark.names_a_customer
def test_asked_for():
    print(said())
"""


def test_every_personal_value_of_the_tests_can_be_found():
    given = [(path.name, value) for path in TESTS.rglob("*.py") for value in GIVEN.findall(path.read_text())]

    unseen = [(name, value) for name, value in given if re.search(r"\w", value) and "canary" not in value.lower()]
    assert len(given) > 40
    assert unseen == []


@pytest.mark.names_a_customer
def test_whatever_is_said_of_a_person_is_found(tmp_path):
    (tmp_path / "test_planted.py").write_text(PLANTED)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", str(TESTS.parent / "pyproject.toml")]
    done = subprocess.run(
        [*command, "-p", "tests.canaries", "-rA", "--tb=short", str(tmp_path)],
        cwd=TESTS.parent, capture_output=True, text=True, check=False,
        # A run in the folder of this one would close it to the database server, which is another user.
        env=os.environ | {"PYTEST_DEBUG_TEMPROOT": str(tmp_path)},
    )  # fmt: skip

    passed, failed = (
        set(re.findall(rf"^{outcome} \S+::(\w+)", done.stdout, re.MULTILINE)) for outcome in ("PASSED", "(?:FAILED|ERROR)")
    )
    assert passed - failed == {"test_clean", "test_asked_for"}
    assert failed == set(re.findall(r"^def (test_\w+)", PLANTED, re.MULTILINE)) - {"test_clean", "test_asked_for"}
    assert done.stdout.count("\nSomething personal was said: ") == len(failed)
