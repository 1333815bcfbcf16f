"""Show the progress of long jobs: a bar on a terminal, plain lines elsewhere.

This module is apart from `infra.progress`, because functions on AWS Lambda have no terminal, and their artefacts no rich.
"""

import time
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
        from rich.progress import TextColumn  # noqa: PLC0415

        columns = (*Bars.get_default_columns(), TextColumn("{task.fields[rate]}"))
        self._bars = Bars(*columns, console=Console(stderr=True), transient=True)
        self._bars.start()

    def begin(self, phase: str, total: int | None) -> None:
        self._task = self._bars.add_task(phase, total=total, rate="")
        self._began_at = time.monotonic()

    def reach(self, done: int, *, lines: int | None = None) -> None:
        seconds = time.monotonic() - self._began_at
        rate = f"{lines / seconds:,.0f} lines a second" if lines and seconds else ""
        self._bars.update(self._task, completed=done, rate=rate)

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
