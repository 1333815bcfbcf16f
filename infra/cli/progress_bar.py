"""Show the progress of long jobs: a bar on a terminal, plain lines elsewhere.

This module is apart from `infra.progress`, because functions on AWS Lambda have no terminal, and their artefacts no rich.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import IO

from infra.progress import PlainProgress, Progress


class BarProgress:
    """Show a bar for each phase."""

    def __init__(self) -> None:
        # Rich is slow to import, and most processes show no bar.
        from rich.console import Console  # noqa: PLC0415
        from rich.progress import Progress as Bars  # noqa: PLC0415

        self._bars = Bars(console=Console(stderr=True), transient=True)
        self._bars.start()

    def begin(self, phase: str, total: int | None) -> None:
        self._task = self._bars.add_task(phase, total=total)

    def reach(self, done: int) -> None:
        self._bars.update(self._task, completed=done)

    def expect(self, total: int) -> None:
        self._bars.update(self._task, total=total)

    def end(self) -> None:
        self._bars.stop()


@contextmanager
def progress_on(stream: IO[str]) -> Generator[Progress]:
    """Show progress as a bar if `stream` is a terminal, else as plain lines on it; end it with the block."""
    progress = BarProgress() if stream.isatty() else PlainProgress(stream)
    try:
        yield progress
    finally:
        progress.end()
