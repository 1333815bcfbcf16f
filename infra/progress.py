"""How far a long job is: a bar on a terminal, plain lines elsewhere."""

import time
from typing import IO, Protocol

PLAIN_SECONDS = 10.0


class Progress(Protocol):
    def begin(self, doing: str, total: int | None) -> None:
        """Begin a phase of `total` steps, None where that is not known."""
        ...

    def reach(self, done: int) -> None:
        """Say how many steps of the phase are done."""
        ...

    def end(self) -> None: ...


class PlainProgress:
    """A line when a phase begins, and one every ten seconds."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def begin(self, doing: str, total: int | None) -> None:
        self._doing, self._total, self._told_at = doing, total, time.monotonic()
        self._stream.write(f"{doing}\n")

    def reach(self, done: int) -> None:
        if time.monotonic() - self._told_at >= PLAIN_SECONDS:
            self._told_at = time.monotonic()
            share = f" {done / self._total:.0%}" if self._total else f" {done:,}"
            self._stream.write(f"{self._doing}:{share}\n")

    def end(self) -> None:
        self._stream.flush()


class BarProgress:
    """A bar for each phase."""

    def __init__(self) -> None:
        # Rich is slow to import, and most imports of this package show no bar.
        from rich.console import Console  # noqa: PLC0415
        from rich.progress import Progress as Bars  # noqa: PLC0415

        self._bars = Bars(console=Console(stderr=True), transient=True)
        self._bars.start()

    def begin(self, doing: str, total: int | None) -> None:
        self._phase = self._bars.add_task(doing, total=total)

    def reach(self, done: int) -> None:
        self._bars.update(self._phase, completed=done)

    def end(self) -> None:
        self._bars.stop()


def progress_on(stream: IO[str]) -> Progress:
    """Choose by whether `stream` is a terminal."""
    return BarProgress() if stream.isatty() else PlainProgress(stream)
