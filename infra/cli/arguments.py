"""Options that several commands share, parsers of option values, and columns of output."""

import argparse
import re
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from domain.errors import ConfigurationError
from domain.tuning.tune import Trials

_URL_AND_REST = re.compile(r"\S*(?:://|@)[\s\S]*")
_URL_WITH_USER_OR_OPTIONS = re.compile(r"\S*:/(?:[\s\S]*@|\S*\?)\S*")


class Parser(argparse.ArgumentParser):
    """A parser, also of subcommands, that prints descriptions with their own line breaks."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **options)

    def error(self, message: str) -> NoReturn:
        """Print the usage and the error, and exit with 2; a URL ends the message, since it may contain a password."""
        super().error(_URL_AND_REST.sub("a URL", message))


def without_credentials(message: str) -> str:
    """Return a message without URLs that may contain a password, like that of a database in the place of a file."""
    return _URL_WITH_USER_OR_OPTIONS.sub("a URL", message)


def add_mapping_option(command: argparse.ArgumentParser) -> None:
    command.add_argument("--map", action="append", default=[], metavar="THEIRS=OURS", help="rename a column of the files")


def add_tuning_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--trials", type=number_of_trials, default="auto", metavar="N", help="tune the model in at most N trials"
    )
    command.add_argument(
        "--seed", type=whole_number, default=0, metavar="N", help="seed of the held-out events and the order of trials (0)"
    )


def parse_mapping(pairs: Iterable[str]) -> dict[str, str]:
    """Return the values of --map, theirs to ours."""
    return parse_pairs("--map", pairs)


def parse_pairs(option: str, pairs: Iterable[str]) -> dict[str, str]:
    """Return the values of an option that is given as THEIRS=OURS; raise ConfigurationError for a malformed one."""
    parsed: dict[str, str] = {}
    for pair in pairs:
        # From the right: a column of theirs may contain the sign, a field of ours does not.
        theirs, equals, ours = pair.rpartition("=") if option == "--map" else pair.partition("=")
        if not (theirs and equals and ours):
            raise ConfigurationError(
                f"{option} takes {'FIELD=VALUE' if option == '--set' else 'THEIRS=OURS'}, not {pair!r}."
            )
        parsed[theirs] = ours
    return parsed


def number_of_trials(text: str) -> Trials:
    """Read the value of --trials; its default is "auto"."""
    return "auto" if text == "auto" else whole_number(text)


def whole_number(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError("expected a whole number, 0 or more")
    return int(text)


def positive_number(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError("expected a whole number, 1 or more")
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
        raise argparse.ArgumentTypeError("expected a number of days greater than 0")
    return number


def as_columns(heading: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return lines of text as columns, which no width of a terminal cuts."""
    widths = [max(map(len, column)) for column in zip(heading, *lines, strict=True)]
    return "".join("  ".join(map(str.ljust, line, widths)).rstrip() + "\n" for line in (heading, *lines))
