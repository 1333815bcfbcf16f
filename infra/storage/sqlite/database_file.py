"""The database file and its log as files, beside the connections of SQLite."""

import logging
import os
import threading
from collections.abc import Iterable
from pathlib import Path

from domain.errors import StoreUnavailable
from infra.storage.sqlite.page_gaps import MAX_PAGES, pages_with_gaps, used_gaps

logger = logging.getLogger(__name__)

BYTES_PER_READ = 1 << 20
LOG_HEADER = 32
FRAME_HEADER = 24


class DatabaseFile:
    """An open database file, whose unused bytes can be zeroed.

    Only bytes without a meaning are written, and only while no connection can write: the same page is valid before, after
    and in the middle.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log = path.with_name(path.name + "-wal")
        self._file = _share(path)
        self._identity = _identity_of(os.fstat(self._file))
        self._log_identity = self._identity
        self._is_reported = False
        self._reporting = threading.Lock()

    def close(self) -> None:
        """Close the file, after all connections: the kernel then releases the locks of this process on it."""
        _release(self._identity)

    def remember_log(self) -> None:
        """Expect from now on that the log, which the open connections write, stays where it is."""
        self._log_identity = _identity_of(self._log.stat())

    def check_in_place(self) -> None:
        """Raise StoreUnavailable if the file or its log was deleted or replaced: what is written would be lost."""
        try:
            current = _identity_of(self._path.stat()), _identity_of(self._log.stat())
        except OSError:
            current = None
        if current == (self._identity, self._log_identity):
            self._is_reported = False
            return
        with self._reporting:
            is_news, self._is_reported = not self._is_reported, True
        if is_news:
            logger.error(
                "The database file or its log was deleted or replaced. Nothing is written: restart the application."
            )
        raise StoreUnavailable("The database file was deleted or replaced.")

    def is_log_empty(self) -> bool:
        return self._log.stat().st_size == 0

    def zero_gaps(self, pages: Iterable[int]) -> None:
        """Zero the unused bytes of pages; the caller must hold the write lock of SQLite, with an empty log."""
        page_size = self._page_size()
        for number in sorted(pages):
            page = os.pread(self._file, page_size, number * page_size)
            for begin, end in used_gaps(page, 0, page_size) if len(page) == page_size else ():
                os.pwrite(self._file, bytes(end - begin), number * page_size + begin)
        os.fsync(self._file)

    def scan(self) -> Iterable[int]:
        """Yield the pages of the whole file with used gaps."""
        page_size = self._page_size()
        if os.fstat(self._file).st_size // page_size >= MAX_PAGES:
            raise StoreUnavailable("The database is too large to remove deleted data from its file.")
        offset = 0
        while pages := os.pread(self._file, BYTES_PER_READ, offset):
            for position in pages_with_gaps(pages, page_size):
                yield offset // page_size + position
            offset += len(pages)

    def _page_size(self) -> int:
        size = int.from_bytes(os.pread(self._file, 2, 16))
        return 65536 if size == 1 else size

    def generation(self) -> bytes:
        """Return what changes when the log is reset: the number of the checkpoint and the salts; nothing of an empty log."""
        with self._log.open("rb") as log:
            return log.read(LOG_HEADER)[12:24]

    def pages_in_log(self) -> Iterable[int]:
        """Yield the pages that changed since the log was reset, and others that its rest still names."""
        step = FRAME_HEADER + self._page_size()
        with self._log.open("rb", buffering=0) as log:
            for offset in range(LOG_HEADER, os.fstat(log.fileno()).st_size, step):
                yield int.from_bytes(os.pread(log.fileno(), 4, offset)) - 1


_Identity = tuple[int, int]
_shared: dict[_Identity, tuple[int, int]] = {}
"""The descriptor and the number of users of each open database file.

A process has one for each file, because closing any of them would release the locks of all connections of SQLite to it.
"""
_sharing = threading.Lock()


def _share(path: Path) -> int:
    with _sharing:
        identity = _identity_of(path.stat())
        file, n_users = _shared.get(identity) or (os.open(path, os.O_RDWR | os.O_CLOEXEC), 0)
        _shared[identity] = file, n_users + 1
        return file


def _release(identity: _Identity) -> None:
    with _sharing:
        file, n_users = _shared.pop(identity)
        if n_users > 1:
            _shared[identity] = file, n_users - 1
        else:
            os.close(file)


def _identity_of(status: os.stat_result) -> _Identity:
    return status.st_dev, status.st_ino
