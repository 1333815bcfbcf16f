"""The command line: `python main.py COMMAND`."""

import logging.config
import sys
from collections.abc import Sequence

from domain.errors import ShopError
from infra.cli import (
    audit,
    backup,
    copy,
    evaluate,
    experiments,
    health_of_data,
    import_files,
    keys,
    migrate,
    models,
    new_key,
    personal_data,
    recommend,
    report,
    restore,
    retention,
    rules,
    serve,
    train,
    why_not,
)
from infra.cli.arguments import Parser, without_credentials
from infra.logs import configuration
from infra.settings import read_settings

DESCRIPTION = """\
The recommendation backend of an online shop.

Without a command it serves the API: http://127.0.0.1:8000/schema lists every endpoint.
Settings are environment variables: DATABASE_URL (sqlite:///shop.db, or postgresql://...), HOST, PORT, WORKERS,
LOG_LEVEL, LOG_REQUESTS, CURRENCY, CURRENCY_RATES, REUSE_SECONDS, TRAIN_AFTER_EVENTS, DATABASE_POOL_SIZE,
DATABASE_STATEMENT_CACHE_SIZE, ATTRIBUTION_DAYS, API_KEYS, RATE_LIMIT_PER_SECOND, EVENT_RETENTION_DAYS, AUDIT_RETENTION_DAYS,
GUEST_RETENTION_DAYS, CORS_ORIGINS, DOCS, ADDRESS_LIMIT_PER_SECOND, BROWSER_LIMIT_PER_SECOND, TRUSTED_PROXIES, IMAGE_HOSTS,
UPLOAD_MAX_BYTES.
docs/settings.md explains each of them.
"""


INTERRUPTED = 130
"""The exit code of a command that Ctrl-C or SIGTERM ended."""


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; an error is one line on standard error."""
    parsed = _parser().parse_args(arguments)
    try:
        settings = read_settings()
        logging.config.dictConfig(configuration(settings.log_level, requests=bool(settings.log_requests)))
        return parsed.run(parsed, settings)
    except ShopError as error:
        sys.stderr.write(f"{without_credentials(str(error))}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted. Committed changes are kept; run the same command again to finish.\n")
        sys.stdout.flush()
        return INTERRUPTED


def _parser() -> Parser:
    parser = Parser(prog="python main.py", description=DESCRIPTION)
    serve.add_options(parser)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in (
        import_files, train, models, evaluate, recommend, why_not, rules, experiments, report, health_of_data, personal_data,
        audit,
        migrate, copy, backup, restore, retention, keys, new_key,
    ):  # fmt: skip
        command.add_command(commands)
    return parser
