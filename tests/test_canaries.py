"""The search for personal data in outputs recognises all personal values of the tests, and finds planted ones."""

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
PERSONAL_VALUE = re.compile(rf"""\b(?:{"|".join(sorted(PERSONAL_FIELDS))})"?(?:=|:\s?)f?"([^"]*)""")

# One test per kind of output; `test_clean` outputs nothing personal.
PLANTED = """
import asyncio, logging, subprocess, sys
import pytest
from infra.http.problems import reported
from tests.system.server import Server

def sentence(text="canary-mail@example.com"):
    return f"A line with {text}."

def test_clean():
    logging.getLogger("infra").info(sentence("nothing"))
    print(sentence("abc-1 and 1e-05"))

def test_logged():
    logging.getLogger("infra.anything").debug("%s", sentence())

def test_logged_with_the_text_of_an_exception(monkeypatch):
    monkeypatch.setattr("infra.http.problems.describe_error", str)
    reported(KeyError(sentence()), "an-id")

def test_logged_with_an_id():
    logging.getLogger("infra").info("GET /customer/get-profile/c-1")

def test_logged_with_an_email_address_as_id_in_a_path():
    logging.getLogger("infra").info("GET /customer/get-profile/canary%40example.com")

def test_printed():
    print(sentence())

def test_printed_on_standard_error():
    sys.stderr.write(sentence())

def test_printed_and_read(capsys):
    print(sentence())
    capsys.readouterr()

def test_printed_by_a_command():
    subprocess.run([sys.executable, "-c", "print(" + repr(sentence()) + ")"], capture_output=True, text=True)

def test_printed_by_a_server(tmp_path):
    server = Server(tmp_path / "shop.db", command=[sys.executable, "-c", "print(" + repr(sentence()) + ")"])
    server.process.wait()
    server.kill()

@pytest.fixture
def prints_at_the_end():
    yield
    print(sentence())

def test_printed_by_a_fixture(prints_at_the_end):
    pass

@pytest.mark.names_a_customer
def test_printed_on_request():
    print(sentence())
"""
PASSING = {"test_clean", "test_printed_on_request"}


def test_every_personal_value_in_the_tests_contains_the_word_canary():
    values = [(path.name, value) for path in TESTS.rglob("*.py") for value in PERSONAL_VALUE.findall(path.read_text())]

    without_canary = [(name, value) for name, value in values if re.search(r"\w", value) and "canary" not in value.lower()]
    assert len(values) > 40
    assert without_canary == []


@pytest.mark.names_a_customer
def test_personal_data_in_any_kind_of_output_fails_the_test(tmp_path):
    (tmp_path / "test_planted.py").write_text(PLANTED)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", str(TESTS.parent / "pyproject.toml")]
    process = subprocess.run(
        [*command, "-p", "tests.canaries", "-rA", "--tb=short", str(tmp_path)],
        cwd=TESTS.parent, capture_output=True, text=True, check=False,
        # With the temporary root of this run, the inner run would close the folder to the database server's user.
        env=os.environ | {"PYTEST_DEBUG_TEMPROOT": str(tmp_path)},
    )  # fmt: skip

    passed, failed = (
        set(re.findall(rf"^{outcome} \S+::(\w+)", process.stdout, re.MULTILINE))
        for outcome in ("PASSED", "(?:FAILED|ERROR)")
    )
    assert passed - failed == PASSING
    assert failed == set(re.findall(r"^def (test_\w+)", PLANTED, re.MULTILINE)) - PASSING
    assert process.stdout.count("\nPersonal data in the output: ") == len(failed)
