"""Send many requests one after the other and gather what is wrong."""

import logging
import sqlite3
import traceback
from collections import Counter
from contextlib import closing, contextmanager

from infra.logs import REQUESTS, JsonLines
from tests.canaries import PERSONAL
from tests.fuzz.checks import faults
from tests.fuzz.requests import request
from tests.fuzz.shop import ask


async def fuzz(app, numbers, *, seed, identities=((),)):
    """Return how many answers had each status, and a line for each request that was answered wrongly."""
    statuses, wrong = Counter(), []
    with logged_lines() as lines:
        for number in numbers:
            asked = request(number, seed=seed, identities=identities)
            try:
                answer = await ask(app, asked)
            except Exception:  # noqa: BLE001 - whatever it is, it is the finding
                wrong.append(f"{number}: {traceback.format_exc(limit=-3)} {asked!r:.2000}")
                continue
            statuses[answer.status] += 1
            found = faults(asked, answer)
            said = "\n".join(lines)
            lines.clear()
            if not said or PERSONAL.search(said):
                found.append(f"a log that is silent or personal: {said:.600}")
            if found:
                wrong.append(f"{number}: {', '.join(found)}: {asked!r:.2000} -> {answer!r:.600}")
    return statuses, wrong


@contextmanager
def logged_lines():
    """Gather all that is logged, as the product writes it, a line for each request included."""
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
    """Return what SQLite finds wrong with the file, and whether references in it lead nowhere."""
    with closing(sqlite3.connect(database)) as connection:
        damage = [row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
        return damage + [f"a row of {row[0]} refers to nothing" for row in connection.execute("PRAGMA foreign_key_check")]
