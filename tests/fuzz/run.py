"""Send many requests one after another and collect findings."""

import logging
import sqlite3
import traceback
from collections import Counter
from contextlib import closing, contextmanager

from infra.logs import REQUESTS, JsonLines
from tests.canaries import PERSONAL
from tests.fuzz.checks import faults
from tests.fuzz.requests import fuzzed_request
from tests.fuzz.shop import send_request


async def fuzz(app, numbers, *, seed, identities=((),)):
    """Return the number of responses by status, and one line per request with a faulty response."""
    statuses, findings = Counter(), []
    with logged_lines() as lines:
        for number in numbers:
            request = fuzzed_request(number, seed=seed, identities=identities)
            try:
                response = await send_request(app, request)
            except Exception:  # noqa: BLE001 - any exception is a finding
                findings.append(f"{number}: {traceback.format_exc(limit=-3)} {request!r:.2000}")
                continue
            statuses[response.status] += 1
            found = faults(request, response)
            log = "\n".join(lines)
            lines.clear()
            if not log or PERSONAL.search(log):
                found.append(f"an empty or personal log: {log:.600}")
            if found:
                findings.append(f"{number}: {', '.join(found)}: {request!r:.2000} -> {response!r:.600}")
    return statuses, findings


@contextmanager
def logged_lines():
    """Yield the list of all lines that the product logs, including one line per request."""
    lines, handler, formatter = [], logging.Handler(), JsonLines()
    handler.emit = lambda record: lines.append(formatter.format(record))
    loggers = {logging.getLogger(): logging.DEBUG, logging.getLogger(REQUESTS): logging.NOTSET}
    levels = {logger: logger.level for logger in loggers}
    root = logging.getLogger()
    handlers, root.handlers = root.handlers, [handler]
    for logger, level in loggers.items():
        logger.setLevel(level)
    try:
        yield lines
    finally:
        root.handlers = handlers
        for logger, level in levels.items():
            logger.setLevel(level)


def faults_of_database(database):
    """Return the errors of SQLite's integrity check and foreign key check."""
    with closing(sqlite3.connect(database)) as connection:
        damage = [row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
        return damage + [
            f"a row of {row[0]} has a dangling reference" for row in connection.execute("PRAGMA foreign_key_check")
        ]
