"""A disk that keeps what was synced, and any sectors of what was not."""

import random

import apsw
from msgspec import Struct

SECTOR = 512


class Write(Struct, frozen=True):
    name: str
    offset: int
    data: bytes


class Truncate(Struct, frozen=True):
    name: str
    size: int


class Sync(Struct, frozen=True):
    name: str


class Delete(Struct, frozen=True):
    name: str


class LoggingVfs(apsw.VFS):
    """Pass all calls to the real file system, and log those that change a disk."""

    def __init__(self, log):
        super().__init__("logging", "")
        self._log = log

    def xOpen(self, name, flags):  # noqa: N802 - the name is apsw's
        return LoggingFile(self._log, name, flags)

    def xDelete(self, filename, syncdir):  # noqa: N802
        self._log.append(Delete(filename))
        super().xDelete(filename, syncdir)


class LoggingFile(apsw.VFSFile):
    def __init__(self, log, name, flags):
        super().__init__("", name, flags)
        self._log = log
        self._name = name.filename() if isinstance(name, apsw.URIFilename) else name

    def xWrite(self, data, offset):  # noqa: N802
        self._log.append(Write(self._name, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, newsize):  # noqa: N802
        self._log.append(Truncate(self._name, newsize))
        super().xTruncate(newsize)

    def xSync(self, flags):  # noqa: N802
        self._log.append(Sync(self._name))
        super().xSync(flags)


class Disk:
    """The content of a disk: `apply` operations one by one, and ask for the files `after_cut` of the power."""

    def __init__(self):
        self._durable = {}
        self._pending = {}

    def apply(self, operation):
        if isinstance(operation, Sync):
            content = self._durable.setdefault(operation.name, bytearray())
            for write in self._pending.pop(operation.name, []):
                _apply(write, content)
        elif isinstance(operation, Delete):
            self._pending.pop(operation.name, None)
            self._durable.pop(operation.name, None)
        else:
            self._pending.setdefault(operation.name, []).append(operation)

    def after_cut(self, rng):
        """Return the files after a power cut: each sector of an unsynced write either reached the disk or did not."""
        share = rng.choice([0.0, 0.2, 0.5, 0.8, 1.0])
        files = {name: bytearray(content) for name, content in self._durable.items()}
        for name, writes in self._pending.items():
            content = files.setdefault(name, bytearray())
            for write in writes:
                _apply(write, content, reaches_disk=lambda: rng.random() < share)
        return files


def _apply(write, content, reaches_disk=lambda: True):
    if isinstance(write, Truncate):
        if reaches_disk():
            del content[write.size :]
        return
    end = write.offset + len(write.data)
    start = write.offset
    while start < end:
        stop = min(end, (start // SECTOR + 1) * SECTOR)
        if reaches_disk():
            content.extend(bytes(max(0, stop - len(content))))
            content[start:stop] = write.data[start - write.offset : stop - write.offset]
        start = stop


def cuts(log, *, n, seed):
    """Cut the power at `n` random positions of a log; yield each position with the files after the cut."""
    rng = random.Random(seed)
    positions = sorted(rng.randint(1, len(log)) for _ in range(n))
    disk, previous = Disk(), 0
    for position in positions:
        for operation in log[previous:position]:
            if not isinstance(operation, int):
                disk.apply(operation)
        previous = position
        yield position, disk.after_cut(rng)
