"""Progress of long jobs, as plain lines; `infra/cli/progress_bar.py` shows it on a terminal."""

import time
from typing import IO, Protocol

PLAIN_SECONDS = 10.0
"""The time between two plain lines of one phase."""


class Progress(Protocol):
    def begin(self, phase: str, total: int | None) -> None:
        """Begin a phase of `total` steps; None if their number is unknown."""
        ...

    def reach(self, done: int, *, lines: int | None = None) -> None:
        """Report how many steps of the phase are done; `lines` of a file, whose number in a second is shown."""
        ...

    def expect(self, total: int) -> None:
        """Correct the number of steps of the phase."""
        ...

    def end(self) -> None: ...


class NoProgress:
    """Show nothing."""

    def begin(self, phase: str, total: int | None) -> None: ...

    def reach(self, done: int, *, lines: int | None = None) -> None: ...

    def expect(self, total: int) -> None: ...

    def end(self) -> None: ...


class PlainProgress:
    """Write one line when a phase begins, and then one every `PLAIN_SECONDS`."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def begin(self, phase: str, total: int | None) -> None:
        self._phase, self._total = phase, total
        self._began_at = self._written_at = time.monotonic()
        self._stream.write(f"{phase}\n")

    def reach(self, done: int, *, lines: int | None = None) -> None:
        now = time.monotonic()
        if now - self._written_at >= PLAIN_SECONDS:
            self._written_at = now
            parts = [f"{done / self._total:.0%}" if self._total else f"{done:,}"]
            if lines:
                parts.append(f"{lines / (now - self._began_at):,.0f} lines a second")
            if self._total and done:
                parts.append(f"{(now - self._began_at) * (self._total / done - 1):,.0f} s left")
            self._stream.write(f"{self._phase}: {', '.join(parts)}\n")

    def expect(self, total: int) -> None:
        self._total = total

    def end(self) -> None:
        self._stream.flush()
