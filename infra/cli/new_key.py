"""`python main.py new-key SCOPE`: a key for one of the shop's own servers."""

import argparse
import sys
from typing import Any, get_args

from infra.http.auth import hash_of, new_key
from infra.settings import KeyScope, Settings

DESCRIPTION = """\
Make a key of 256 random bits and print it with the entry for API_KEYS, which has its hash and not the key.

backend: everything. storefront: recommendations and browsing events. Both are for the shop's own servers and never for
a browser. Two keys of a scope may be in use at once: add the new one, change the server that asks, take the old one out.
"""


def add_command(commands: Any) -> None:
    command = commands.add_parser(
        "new-key", help="make an API key", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    command.add_argument("scope", choices=get_args(KeyScope))
    command.set_defaults(run=run_new_key)


def run_new_key(parsed: argparse.Namespace, _: Settings) -> int:
    key = new_key()
    sys.stdout.write(
        f"Send with each request, and keep it nowhere else:\n  Authorization: Bearer {key}\n"
        f"Add to API_KEYS, after a comma if it has one already:\n  {parsed.scope}:{hash_of(key)}\n"
    )
    return 0
