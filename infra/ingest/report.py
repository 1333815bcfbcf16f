"""Count the lines of an import by their outcome, and list those that were refused."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import msgspec

from domain.errors import ConfigurationError
from domain.ports import Outcome
from infra.ingest.files import STANDARD_INPUT

REFUSED_EXIT_CODE = 3

Place = tuple[int, int]
"""The index of a file in the command, and the number of a line in it."""


class Report:
    """Count lines, and write each refused one to `FILE.rejected.jsonl`: line, field and reason, but no value."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.read = 0
        self.counts: Counter[str] = Counter()
        self.ignored_columns: dict[str, None] = {}
        self.rejected = [Path(("stdin" if path == STANDARD_INPUT else path) + ".rejected.jsonl") for path in paths]
        self._streams: dict[int, IO[bytes]] = {}
        for path in self.rejected:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise ConfigurationError(f"{path} cannot be replaced: {error.strerror}.") from error

    @property
    def exit_code(self) -> int:
        return REFUSED_EXIT_CODE if self.counts["refused"] else 0

    def add(self, outcome: Outcome, places: Sequence[Place]) -> None:
        """Count the lines at `places`, which share one outcome."""
        self.counts[outcome.status] += len(places)
        if outcome.status == "refused":
            for file, line in places:
                self._reject(file, {"line": line, "field": outcome.field, "reason": outcome.reason})

    def close(self) -> None:
        for stream in self._streams.values():
            stream.close()

    def summary(self) -> str:
        """Return the counts, the ignored columns and the files of refused lines as a few lines of text."""
        statuses = ("new", "changed", "unchanged", "seen_before", "refused")
        counts = ", ".join(f"{self.counts[status]:,} {status.replace('_', ' ')}" for status in statuses)
        lines = [f"Read {self.read:,} lines: {counts}."]
        if self.ignored_columns:
            lines.append(f"Ignored columns: {', '.join(self.ignored_columns)}.")
        lines += [f"Refused lines are listed in {self.rejected[file]}." for file in sorted(self._streams)]
        return "\n".join(lines) + "\n"

    def _reject(self, file: int, refusal: dict[str, int | str | None]) -> None:
        if file not in self._streams:
            try:
                self._streams[file] = os.fdopen(
                    os.open(self.rejected[file], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb"
                )
            except OSError as error:
                raise ConfigurationError(f"{self.rejected[file]} cannot be written: {error.strerror}.") from error
        self._streams[file].write(msgspec.json.encode(refusal) + b"\n")
