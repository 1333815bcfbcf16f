"""Fail each test whose output contains personal data.

Every personal value in the tests contains the word `canary`; ids of customers, events and orders are c-1, e-1 and o-1. The
search covers log lines in the product's format at level DEBUG, standard output and standard error, and the output of
servers, functions and commands. Tests with the marker `names_a_customer` may print the customer that they request.
"""

import logging
import re
import subprocess

import pytest

from infra.logs import REQUESTS, JsonLines

PERSONAL = re.compile(r"canary|(?<![\w.-])[ceo]-\d", re.IGNORECASE)
TEST_LOGGERS = ("httpx", "httpcore", "hypothesis", "faker", "samtranslator", "botocore", "moto")
"""Loggers of the tests' own libraries: an HTTP client logs every URL, and SAM every step."""

STREAMS = ("stdout", "stderr")

_outputs: list[str] = []


def search_later(output):
    """Add an output to the search at the end of the running test."""
    _outputs.append(output)


class OutputHandler(logging.Handler):
    """Add each log line to the search, in the product's format."""

    def __init__(self):
        super().__init__()
        self.setFormatter(JsonLines())

    def emit(self, record):
        search_later(self.format(record))


@pytest.fixture(autouse=True)
def root_logger():
    """Collect the lines of all loggers; restore the root logger, which commands and functions reconfigure."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.addHandler(OutputHandler())
    root.setLevel(logging.DEBUG)
    logging.getLogger(REQUESTS).setLevel(logging.NOTSET)
    for name in TEST_LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)
    yield root
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(autouse=True)
def commands(monkeypatch):
    """Collect the output of commands that run with `subprocess.run`."""
    run = subprocess.run

    def run_and_collect(*arguments, **options):
        process = run(*arguments, **options)
        for output in (process.stdout, process.stderr):
            search_later(output.decode(errors="replace") if isinstance(output, bytes) else output or "")
        return process

    monkeypatch.setattr(subprocess, "run", run_and_collect)


@pytest.fixture
def capsys(capsys):
    """Collect the output that a test reads; the report contains the output that it does not read."""
    read = capsys.readouterr

    def read_and_collect():
        output = read()
        search_later(output.out + output.err)
        return output

    capsys.readouterr = read_and_collect
    return capsys


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Fail each phase of a test with personal data in its output."""
    report = yield
    captured = [
        content for title, content in report.sections if title in {f"Captured {name} {call.when}" for name in STREAMS}
    ]
    output = "\n".join([*_outputs, *captured])
    _outputs.clear()
    match = PERSONAL.search(output)
    if match and not item.get_closest_marker("names_a_customer"):
        report.outcome = "failed"
        report.longrepr = f"Personal data in the output: ...{output[max(0, match.start() - 500) : match.end() + 200]}..."
    return report
