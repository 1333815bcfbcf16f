"""`python main.py new-key SCOPE`: create an API key."""

import argparse
import sys
from typing import Any, get_args

from infra.keys import KeyScope, hash_of, new_key
from infra.settings import Settings

DESCRIPTION = """\
Create an API key of 256 random bits, and print it with its entry for API_KEYS. The entry contains the hash of the key,
not the key.

A backend key may use every endpoint, a storefront key only recommendations and browsing events. Both belong on the
shop's own servers, never in a browser. Each scope may have two keys at once: to replace a key, add the new one, change
the server that sends it, then remove the old one.
"""


def add_command(commands: Any) -> None:
    command = commands.add_parser("new-key", help="create an API key", description=DESCRIPTION)
    command.add_argument("scope", choices=get_args(KeyScope))
    command.set_defaults(run=run_new_key)


def run_new_key(parsed: argparse.Namespace, _: Settings) -> int:
    key = new_key()
    sys.stdout.write(
        f"Send this header with each request, and store the key nowhere else:\n  Authorization: Bearer {key}\n"
        f"Add this entry to API_KEYS, separated from other entries by a comma:\n  {parsed.scope}:{hash_of(key)}\n"
    )
    return 0
