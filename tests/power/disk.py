"""A disk that keeps what was synced, and of the rest whatever it likes, sector by sector."""

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


class Watched(apsw.VFS):
    """Pass everything on to the real file system, and keep a log of what would reach a disk."""

    def __init__(self, log):
        super().__init__("watched", "")
        self._log = log

    def xOpen(self, name, flags):  # noqa: N802 - apsw names it
        return WatchedFile(self._log, name, flags)

    def xDelete(self, filename, syncdir):  # noqa: N802
        self._log.append(Delete(filename))
        super().xDelete(filename, syncdir)


class WatchedFile(apsw.VFSFile):
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
    """What a log of writings leaves behind: `take` them one by one, and ask what is `left` if the power goes now."""

    def __init__(self):
        self._durable = {}
        self._pending = {}

    def take(self, done):
        if isinstance(done, Sync):
            content = self._durable.setdefault(done.name, bytearray())
            for writing in self._pending.pop(done.name, []):
                _apply(writing, content)
        elif isinstance(done, Delete):
            self._pending.pop(done.name, None)
            self._durable.pop(done.name, None)
        else:
            self._pending.setdefault(done.name, []).append(done)

    def left(self, rng):
        """Return the files as they are found: each sector of a write that was not synced came to the disk, or did not."""
        share = rng.choice([0.0, 0.2, 0.5, 0.8, 1.0])
        files = {name: bytearray(content) for name, content in self._durable.items()}
        for name, writings in self._pending.items():
            content = files.setdefault(name, bytearray())
            for writing in writings:
                _apply(writing, content, reaches=lambda: rng.random() < share)
        return files


def _apply(writing, content, reaches=lambda: True):
    if isinstance(writing, Truncate):
        if reaches():
            del content[writing.size :]
        return
    end = writing.offset + len(writing.data)
    at = writing.offset
    while at < end:
        until = min(end, (at // SECTOR + 1) * SECTOR)
        if reaches():
            content.extend(bytes(max(0, until - len(content))))
            content[at:until] = writing.data[at - writing.offset : until - writing.offset]
        at = until


def cuts(log, *, n, seed):
    """Cut the power `n` times at random places of a log; yield how far it had come, and the files found afterwards."""
    rng = random.Random(seed)
    places = sorted(rng.randint(1, len(log)) for _ in range(n))
    disk, taken = Disk(), 0
    for place in places:
        for done in log[taken:place]:
            if not isinstance(done, int):
                disk.take(done)
        taken = place
        yield place, disk.left(rng)
