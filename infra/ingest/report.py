"""What became of the lines of an import, and which of them were refused."""

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


class Report:
    """Count lines, and write each refused one to `FILE.rejected.jsonl`: number, field and reason, but no value."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.read = 0
        self.counts: Counter[str] = Counter()
        self.ignored_columns: dict[str, None] = {}
        self.rejected = [Path(("stdin" if path == STANDARD_INPUT else path) + ".rejected.jsonl") for path in paths]
        self._open: dict[int, IO[bytes]] = {}
        for path in self.rejected:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise ConfigurationError(f"{path} cannot be replaced: {error.strerror}.") from error

    @property
    def exit_code(self) -> int:
        return REFUSED_EXIT_CODE if self.counts["refused"] else 0

    def add(self, outcome: Outcome, places: Sequence[tuple[int, int]]) -> None:
        """Count the lines at `places`, which all had one outcome."""
        self.counts[outcome.status] += len(places)
        if outcome.status == "refused":
            for file, line in places:
                self._reject(file, {"line": line, "field": outcome.field, "reason": outcome.reason})

    def close(self) -> None:
        for stream in self._open.values():
            stream.close()

    def told(self) -> str:
        """Say everything in a few lines, for a person."""
        kinds = ("new", "changed", "unchanged", "seen_before", "refused")
        counted = ", ".join(f"{self.counts[kind]:,} {kind.replace('_', ' ')}" for kind in kinds)
        lines = [f"Read {self.read:,} lines: {counted}."]
        if self.ignored_columns:
            lines.append(f"Ignored columns: {', '.join(self.ignored_columns)}.")
        lines += [f"Refused lines are listed in {self.rejected[file]}." for file in sorted(self._open)]
        return "\n".join(lines) + "\n"

    def _reject(self, file: int, refused: dict[str, int | str | None]) -> None:
        if file not in self._open:
            try:
                self._open[file] = os.fdopen(
                    os.open(self.rejected[file], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb"
                )
            except OSError as error:
                raise ConfigurationError(f"{self.rejected[file]} cannot be written: {error.strerror}.") from error
        self._open[file].write(msgspec.json.encode(refused) + b"\n")
