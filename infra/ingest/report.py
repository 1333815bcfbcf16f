"""Count the lines of an import by their outcome, and list those that were refused."""

import os
from collections import Counter
from collections.abc import Sequence
from math import inf
from pathlib import Path
from typing import IO

import msgspec

from domain.errors import ConfigurationError
from domain.ports.ingest import Outcome
from infra.ingest.lines import RowRefused
from infra.ingest.staging import Place

REFUSED_EXIT_CODE = 3
STANDARD_INPUT = "-"
MAX_REASONS = 5
MAX_LINES_PER_REASON = 3

_STATUSES = {
    "new": "new",
    "changed": "changed",
    "unchanged": "unchanged",
    "merged": "merged with an earlier line",
    "replaced": "replaced",
    "returned": "returned",
    "seen_before": "seen before",
    "unmatched": "returns without an order",
    "guest": "guests skipped",
    "empty": "without a quantity",
    "ignored": "ignored by name",
    "refused": "refused",
}
_ALWAYS_SHOWN = {"new", "changed", "unchanged", "refused"}


class Report:
    """Count lines, and write each refused one to `FILE.rejected.jsonl`: line, field and reason, but no value."""

    def __init__(self, paths: Sequence[str], *, writes_refusals: bool = True, max_listed: int | None = None) -> None:
        self.read = 0
        self.import_id = ""
        self.counts: Counter[str] = Counter()
        self.ignored_names: Counter[str] = Counter()
        self.unknown_statuses: Counter[str] = Counter()
        self._notices: dict[str, None] = {}
        self._reasons: Counter[tuple[str | None, str]] = Counter()
        self._first_lines: dict[tuple[str | None, str], list[Place]] = {}
        self._paths = list(paths)
        self.rejected = [Path(("stdin" if path == STANDARD_INPUT else path) + ".rejected.jsonl") for path in paths]
        self._writes_refusals = writes_refusals
        self._n_left = inf if max_listed is None else max_listed
        self._streams: dict[int, IO[bytes]] = {}
        for path in self.rejected if writes_refusals else ():
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise ConfigurationError(f"{path} cannot be replaced: {error.strerror}.") from error

    @property
    def exit_code(self) -> int:
        return REFUSED_EXIT_CODE if self.counts["refused"] else 0

    def add(self, outcome: Outcome, places: Sequence[Place]) -> None:
        """Count the lines at `places`, which share one outcome."""
        if outcome.status == "refused":
            self.refuse(RowRefused(outcome.field, outcome.reason or ""), places)
        else:
            self.count(outcome.status, len(places))

    def count(self, status: str, n_lines: int = 1) -> None:
        if n_lines:
            self.counts[status] += n_lines

    def ignore(self, name: str) -> None:
        """Count a line whose event has a name that means nothing here."""
        self.counts["ignored"] += 1
        self.ignored_names[name] += 1

    def notice(self, sentence: str) -> None:
        """Remember a sentence for the user, which the summary has once."""
        self._notices[sentence] = None

    def refuse(self, refused: RowRefused, places: Sequence[Place]) -> None:
        if not places:
            # The lines of an order, of which each was refused by itself.
            return
        reason = (refused.field, refused.reason)
        self.counts["refused"] += len(places)
        self._reasons[reason] += len(places)
        self._first_lines.setdefault(reason, []).extend(places[:MAX_LINES_PER_REASON])
        del self._first_lines[reason][MAX_LINES_PER_REASON:]
        for file, line in places if self._writes_refusals else ():
            self._reject(file, {"line": line, "field": refused.field, "reason": refused.reason})

    def close(self) -> None:
        for stream in self._streams.values():
            stream.close()

    def reasons(self) -> list[str]:
        """Return the most frequent reasons of refusals, each with its first lines."""
        return [
            f"{n_lines:,} x {f'{refusal[0]}: ' if refusal[0] else ''}{refusal[1]}"
            f" ({self._lines_in_words(self._first_lines[refusal])})"
            for refusal, n_lines in self._reasons.most_common(MAX_REASONS)
        ]

    def summary(self, *, stored: bool = True) -> str:
        """Return the counts, the reasons of refusals and the files of refused lines as a few lines of text."""
        counts = ", ".join(
            f"{self.counts[status]:,} {words}"
            for status, words in _STATUSES.items()
            if self.counts[status] or status in _ALWAYS_SHOWN
        )
        lines = [f"Read {self.read:,} lines: {counts}."]
        if self.ignored_names:
            names = ", ".join(f"{name} {n_lines:,}" for name, n_lines in self.ignored_names.most_common(20))
            lines.append(f"Ignored events: {names}.")
        if self.unknown_statuses:
            names = ", ".join(f"{name} {n_lines:,}" for name, n_lines in self.unknown_statuses.most_common(20))
            lines.append(f"Order statuses that are not known, taken as bought: {names}.")
        lines += self._notices
        if self.counts["refused"]:
            lines += ["Refused:", *(f"  {reason}" for reason in self.reasons())]
        lines += [f"Refused lines are listed in {self.rejected[file]}." for file in sorted(self._streams)]
        if not stored:
            lines.append("This was a dry run: nothing was stored.")
        return "\n".join(lines) + "\n"

    def _lines_in_words(self, places: Sequence[Place]) -> str:
        words = "line" if len(places) == 1 else "lines"
        if len(self._paths) == 1:
            return f"{words} {', '.join(str(line) for _, line in places)}"
        return ", ".join(f"line {line} of {self._paths[file]}" for file, line in places)

    def _reject(self, file: int, refusal: dict[str, int | str | None]) -> None:
        if self._n_left <= 0:
            return
        self._n_left -= 1
        if file not in self._streams:
            try:
                self._streams[file] = os.fdopen(
                    os.open(self.rejected[file], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb"
                )
            except OSError as error:
                raise ConfigurationError(f"{self.rejected[file]} cannot be written: {error.strerror}.") from error
        self._streams[file].write(msgspec.json.encode(refusal) + b"\n")
