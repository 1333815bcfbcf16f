"""Options that several commands take, and values that are refused with one sentence."""

import argparse
from collections.abc import Iterable

from domain.errors import ConfigurationError


def add_mapping(command: argparse.ArgumentParser) -> None:
    command.add_argument("--map", action="append", default=[], metavar="THEIRS=OURS", help="rename a column of the files")


def add_tuning(command: argparse.ArgumentParser) -> None:
    command.add_argument("--trials", type=whole_number, metavar="N", help="tune, in this many trials")
    command.add_argument(
        "--seed", type=whole_number, default=0, metavar="N", help="what is hidden to tune, and tried in which order (0)"
    )


def renamings(pairs: Iterable[str]) -> dict[str, str]:
    """Read the values of --map, theirs to ours; raise ConfigurationError for one that is no pair."""
    found: dict[str, str] = {}
    for pair in pairs:
        theirs, equals, ours = pair.partition("=")
        if not (theirs and equals and ours):
            raise ConfigurationError(f"--map takes THEIRS=OURS, not {pair!r}.")
        found[theirs] = ours
    return found


def whole_number(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError("expected 0 or more, as a whole number")
    return int(text)


def list_length(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100:
        raise argparse.ArgumentTypeError("expected a whole number from 1 to 100")
    return int(text)


def days(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 36_500:
        raise argparse.ArgumentTypeError("expected more than 0 days")
    return number
