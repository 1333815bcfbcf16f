"""Rules and experiments at the command line: read from a JSON file, printed as JSON, and their dates in words."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec
from msgspec import Struct, UnsetType

from domain.errors import ConfigurationError


class Checkable(Protocol):
    """A record whose members may not fit together."""

    def check(self) -> None:
        """Raise InvalidFields for all members that do not."""
        ...


Record = TypeVar("Record", bound=Checkable)


def read_record(file: Path, kind: type[Record], *, noun: str) -> Record:
    """Read the record of a file; raise ConfigurationError, or InvalidFields. Messages name it with its article."""
    try:
        record = msgspec.json.decode(file.read_bytes(), type=kind)
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} is not {noun}: {error}.") from error
    record.check()
    return record


def as_json(answer: Struct) -> str:
    """Return an answer as JSON for people: indented, with a line end."""
    return msgspec.json.format(msgspec.json.encode(answer)).decode() + "\n"


def dates_in_words(starts_at: datetime | UnsetType, until: datetime | UnsetType) -> str:
    """Return the dates that are set, in UTC, "" for none."""
    return " ".join(
        f"{word} {minute_in_utc(instant)}"
        for word, instant in (("from", starts_at), ("until", until))
        if isinstance(instant, datetime)
    )


def minute_in_utc(instant: datetime) -> str:
    """Return an instant in UTC: those of records have the offset with which they were written."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M}"
