"""Progress of long jobs, as plain lines; `infra/cli/progress_bar.py` shows it on a terminal."""

import time
from typing import IO, Protocol

PLAIN_SECONDS = 10.0
"""The time between two plain lines of one phase."""


class Progress(Protocol):
    def begin(self, phase: str, total: int | None) -> None:
        """Begin a phase of `total` steps; None if their number is unknown."""
        ...

    def reach(self, done: int) -> None:
        """Report how many steps of the phase are done."""
        ...

    def expect(self, total: int) -> None:
        """Correct the number of steps of the phase."""
        ...

    def end(self) -> None: ...


class NoProgress:
    """Show nothing."""

    def begin(self, phase: str, total: int | None) -> None: ...

    def reach(self, done: int) -> None: ...

    def expect(self, total: int) -> None: ...

    def end(self) -> None: ...


class PlainProgress:
    """Write one line when a phase begins, and then one every `PLAIN_SECONDS`."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def begin(self, phase: str, total: int | None) -> None:
        self._phase, self._total, self._written_at = phase, total, time.monotonic()
        self._stream.write(f"{phase}\n")

    def reach(self, done: int) -> None:
        if time.monotonic() - self._written_at >= PLAIN_SECONDS:
            self._written_at = time.monotonic()
            amount = f"{done / self._total:.0%}" if self._total else f"{done:,}"
            self._stream.write(f"{self._phase}: {amount}\n")

    def expect(self, total: int) -> None:
        self._total = total

    def end(self) -> None:
        self._stream.flush()
