"""Rate limits that hold over all processes of a machine: their state is a small file that the processes share."""

import fcntl
import logging
import os
import struct
import tempfile
import time
import weakref
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path

logger = logging.getLogger(__name__)

_SALT_BYTES = 16
_BUCKETS = 1024
_MAX_COUNTED = 1024
_WAYS = 8
_ENTRY = struct.Struct("<8sd")
_BUCKET = struct.Struct("<" + _WAYS * "8sd")
_SIZE = _SALT_BYTES + _BUCKETS * _WAYS * _ENTRY.size


class Arrivals:
    """The next expected arrival (time.monotonic) of each sender, in a table of fixed size.

    A bucket keeps eight senders. A ninth takes the place of the one that could have sent for the longest time. Without a
    `path`, or if it cannot be opened, the table belongs to the process alone.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._file = None if path is None else _opened(path)
        if self._file is not None:
            weakref.finalize(self, os.close, self._file)
        self._own = bytearray(_SIZE if self._file is None else 0)
        with self.exclusive():
            if not any(self._read(0, _SALT_BYTES)):
                self._write(0, os.urandom(_SALT_BYTES))
            # Nobody can choose addresses whose entries displace each other.
            self._salt = self._read(0, _SALT_BYTES)

    @contextmanager
    def exclusive(self) -> Generator[None]:
        """Keep other processes out; the kernel lets them in when this one ends."""
        if self._file is None:
            yield
            return
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def find(self, sender: bytes) -> tuple[int, bytes, float]:
        """Return the place for a sender, its tag, and its next expected arrival, 0 for a new one."""
        digest = blake2b(sender, digest_size=10, key=self._salt).digest()
        tag, bucket = digest[:8], int.from_bytes(digest[8:]) % _BUCKETS
        first = _SALT_BYTES + bucket * _WAYS * _ENTRY.size
        entries = _BUCKET.unpack(self._read(first, _BUCKET.size))
        tags, arrivals = entries[::2], entries[1::2]
        if tag in tags:
            way = tags.index(tag)
            return first + way * _ENTRY.size, tag, arrivals[way]
        return first + arrivals.index(min(arrivals)) * _ENTRY.size, tag, 0.0

    def put(self, place: int, tag: bytes, arrival: float) -> None:
        self._write(place, _ENTRY.pack(tag, arrival))

    # A mapping of the file would be faster by a microsecond, and would kill the process if another one truncated the file.
    def _read(self, place: int, size: int) -> bytes:
        if self._file is None:
            return bytes(self._own[place : place + size])
        return os.pread(self._file, size, place).ljust(size, b"\0")

    def _write(self, place: int, content: bytes) -> None:
        if self._file is None:
            self._own[place : place + len(content)] = content
            return
        # On a full disk nothing is counted, and nobody is refused.
        with suppress(OSError):
            os.pwrite(self._file, content, place)


class RateLimit:
    """Allow each sender `per_second` requests per second, also as one burst; 0 disables the limit.

    This is the generic cell rate algorithm (GCRA). A process counts up to a hundredth of a second's requests ahead, and asks
    the shared table only once for them, so each process may allow a sender 1 % more.
    """

    def __init__(
        self, per_second: int, *, arrivals: Arrivals | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._interval = 1 / per_second if per_second else 0.0
        self._n_ahead = max(1, per_second // 100)
        self._counted: dict[bytes, int] = {}
        self._clock = clock
        self._arrivals = arrivals or Arrivals()

    def allow(self, sender: bytes) -> bool:
        """Return whether a sender may send a request now; count only allowed requests."""
        if not self._interval:
            return True
        if n_left := self._counted.get(sender, 0):
            self._counted[sender] = n_left - 1
            return True
        if self._n_ahead > 1 and self._count(sender, self._n_ahead):
            # Addresses are many: those that are forgotten were counted for requests that they did not send.
            if len(self._counted) >= _MAX_COUNTED:
                self._counted.clear()
            self._counted[sender] = self._n_ahead - 1
            return True
        return self._count(sender, 1)

    def _count(self, sender: bytes, n: int) -> bool:
        """Count `n` requests of a sender and return True, or return False if it may not send as many now."""
        with self._arrivals.exclusive():
            now = self._clock()
            place, tag, expected = self._arrivals.find(sender)
            # No arrival is expected later than that: the entry was written before the machine started again.
            if expected > now + 1 + self._interval:
                expected = now
            arrival = max(now, expected) + n * self._interval
            # Half an interval of tolerance absorbs rounding.
            if arrival > now + 1 + self._interval / 2:
                return False
            self._arrivals.put(place, tag, arrival)
            return True


def shared_path(database_url: str, database_path: Path | None, api_keys: str) -> Path:
    """Return the file of a shop's limits: beside its SQLite file, else in the folder for temporary files."""
    if database_path is not None:
        return database_path.with_name(database_path.name + ".limits")
    # Other users can read the names of temporary files. Without the keys, the digest says nothing about the URL.
    digest = blake2b(database_url.encode(), digest_size=16, key=blake2b(api_keys.encode()).digest()).hexdigest()
    return Path(tempfile.gettempdir()) / f"shop-{digest}.limits"


def _opened(path: Path) -> int | None:
    """Open or create the shared file; return None if that is impossible, or if another user owns it."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        if os.fstat(file).st_uid != os.geteuid():
            os.close(file)
            raise PermissionError
    except OSError as error:
        logger.warning("Each process counts requests for itself: %s cannot be used (%s).", path.name, type(error).__name__)
        return None
    return file
