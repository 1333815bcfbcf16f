"""What a person types: `python main.py ...`."""

import argparse
import logging.config
import sys
from collections.abc import Sequence

from domain.errors import ShopError
from infra.cli import databases
from infra.cli import evaluate as evaluating
from infra.cli import import_files as importing
from infra.cli import new_key as keys
from infra.cli import recommend as recommending
from infra.cli import serve as serving
from infra.cli import train as training
from infra.logs import configuration
from infra.settings import read_settings

DESCRIPTION = """\
The recommendation backend of an online shop.

Without a command it serves the API: http://127.0.0.1:8000/schema shows every endpoint.
Settings come from the environment: DATABASE_URL (sqlite:///shop.db, or postgresql://...), HOST, PORT, WORKERS,
LOG_LEVEL, LOG_REQUESTS, CURRENCY, REUSE_SECONDS, TRAIN_AFTER_EVENTS, DATABASE_POOL_SIZE,
DATABASE_STATEMENT_CACHE_SIZE, API_KEYS, RATE_LIMIT_PER_SECOND, EVENT_RETENTION_DAYS, CORS_ORIGINS.
docs/settings.md explains each.
"""


def run(arguments: Sequence[str]) -> int:
    """Run one command; return the exit code. What is wrong is said in one line on standard error."""
    parsed = _parser().parse_args(arguments)
    try:
        settings = read_settings()
        logging.config.dictConfig(configuration(settings.log_level, requests=bool(settings.log_requests)))
        return parsed.run(parsed, settings)
    except ShopError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Stopped. What was committed stays; the same command finishes the job.\n")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python main.py", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    serving.add_options(parser)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    importing.add_command(commands)
    training.add_command(commands)
    evaluating.add_command(commands)
    recommending.add_command(commands)
    databases.add_commands(commands)
    keys.add_command(commands)
    return parser
