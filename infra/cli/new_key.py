"""`python main.py new-key SCOPE`: create an API key."""

import argparse
import re
import sys
from datetime import UTC, date, datetime
from typing import Any, get_args

from domain.records.api_keys import ApiKey, KeyScope, default_name
from domain.records.audit import LOCAL
from infra.keys import entry_of, hash_of, new_key
from infra.settings import KEY_NAME, Settings

DESCRIPTION = """\
Create an API key of 256 random bits, and print it with its entry for API_KEYS. The entry contains the hash of the key,
not the key.

A backend key may use every endpoint, a storefront key only recommendations and browsing events. Both belong on the
shop's own servers, never in a page. A backend key also opens the dashboard; a viewer key opens only that and the reports,
and shows no personal data there. Give each server a key of its own, with a name: the audit has the names. To replace
a key, add the new one under another name, change the server that sends it, then remove the old one.
"""


def add_command(commands: Any) -> None:
    command = commands.add_parser("new-key", help="create an API key", description=DESCRIPTION)
    command.add_argument("scope", choices=get_args(KeyScope))
    command.add_argument("--name", type=key_name, help="name in the audit: small letters, digits and hyphens")
    command.add_argument("--expires", type=last_day, metavar="YYYY-MM-DD", help="last day on which the key is accepted, UTC")
    command.set_defaults(run=run_new_key)


def run_new_key(parsed: argparse.Namespace, _: Settings) -> int:
    secret = new_key()
    key_hash = hash_of(secret)
    name = parsed.name or default_name(parsed.scope, key_hash)
    key = ApiKey(key_hash=key_hash, scope=parsed.scope, name=name, expires_on=parsed.expires)
    sys.stdout.write(
        f"Send this header with each request, and store the key nowhere else:\n  Authorization: Bearer {secret}\n"
        f"Add this entry to API_KEYS, separated from other entries by a comma:\n  {entry_of(key)}\n"
    )
    return 0


def key_name(text: str) -> str:
    if not re.fullmatch(KEY_NAME, text) or text == LOCAL:
        raise argparse.ArgumentTypeError("expected 1 to 32 small letters, digits and hyphens, other than local")
    return text


def last_day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if day < datetime.now(UTC).date():
        raise argparse.ArgumentTypeError("expected a date of today or later, like 2027-01-31")
    return day
