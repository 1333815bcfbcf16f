"""Nothing personal in any output: whatever the tests run, all that it says is searched for what they sent.

Every personal value in the tests contains the word `canary`; customers, events and orders are c-1, e-1 and o-1. What is
searched are log lines as the product writes them, at DEBUG, standard output and error, and what servers, functions and
commands print. A test whose output may name a customer, since a person asked for one, is marked `names_a_customer`.
"""

import logging
import re
import subprocess

import pytest

from infra.logs import REQUESTS, JsonLines

PERSONAL = re.compile(r"canary|(?<![\w.-])[ceo]-\d", re.IGNORECASE)
OF_THE_TESTS = ("httpx", "httpcore", "hypothesis", "faker")
"""Loggers of what the tests ask with: an HTTP client tells every address that it is given."""

STREAMS = ("stdout", "stderr")

_heard: list[str] = []


def hear(said):
    """Note an output; the test that runs fails if it holds anything personal."""
    _heard.append(said)


class Listener(logging.Handler):
    """Note every line that the product logs, in the form that it gives it."""

    def __init__(self):
        super().__init__()
        self.setFormatter(JsonLines())

    def emit(self, record):
        hear(self.format(record))


@pytest.fixture(autouse=True)
def root_logger():
    """Listen to all loggers; give the root logger back as it was, which commands and functions take over."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.addHandler(Listener())
    root.setLevel(logging.DEBUG)
    logging.getLogger(REQUESTS).setLevel(logging.NOTSET)
    for name in OF_THE_TESTS:
        logging.getLogger(name).setLevel(logging.ERROR)
    yield root
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(autouse=True)
def commands(monkeypatch):
    """Note what the commands print that a test runs to their end."""
    run = subprocess.run

    def heard(*arguments, **given):
        done = run(*arguments, **given)
        for said in (done.stdout, done.stderr):
            hear(said.decode(errors="replace") if isinstance(said, bytes) else said or "")
        return done

    monkeypatch.setattr(subprocess, "run", heard)


@pytest.fixture
def capsys(capsys):
    """Note what a test reads; what it leaves is noted as that of any other test."""
    read = capsys.readouterr

    def heard():
        said = read()
        hear(said.out + said.err)
        return said

    capsys.readouterr = heard
    return capsys


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Fail each phase of a test in which something personal was said."""
    report = yield
    printed = [
        content for title, content in report.sections if title in {f"Captured {name} {call.when}" for name in STREAMS}
    ]
    said = "\n".join([*_heard, *printed])
    _heard.clear()
    found = PERSONAL.search(said)
    if found and not item.get_closest_marker("names_a_customer"):
        report.outcome = "failed"
        report.longrepr = f"Something personal was said: ...{said[max(0, found.start() - 500) : found.end() + 200]}..."
    return report
