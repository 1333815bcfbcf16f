"""Read bytes forwards, look ahead, and say in one sentence what is wrong with them."""

import errno
import lzma
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from typing import IO, Protocol, cast

from infra.ingest.errors import FileUnreadable, NotUnderstood


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@contextmanager
def reading(path: str) -> Generator[None]:
    """Turn what the standard library raises for a file, plain or compressed, into the two errors of this package."""
    try:
        yield
    except (EOFError, lzma.LZMAError, zlib.error, zipfile.BadZipFile, ValueError, struct.error) as error:
        raise NotUnderstood(f"{path} is damaged or cut off: its compressed data do not end as they should.") from error
    except (RuntimeError, NotImplementedError) as error:
        raise NotUnderstood(f"{path} is encrypted or compressed in an unknown way; unpack it first.") from error
    except OSError as error:
        if error.errno in {None, errno.EINVAL}:  # so gzip and bz2 find damage, and zip a place outside the file
            raise NotUnderstood(f"{path} is damaged: its compressed data are not valid.") from error
        raise FileUnreadable(f"{path} cannot be read: {error.strerror}.") from error


class ByteStream:
    """A stream of bytes that need not seek; `taken` bytes of the source are read."""

    def __init__(self, source: Readable, path: str, *, file: IO[bytes] | None = None) -> None:
        """`file` is the same content as a file that can seek, if there is one."""
        self.path = path
        self.taken = 0
        self._source = source
        self._file = file
        self._head = b""

    def peek(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer at the end, without taking them."""
        while len(self._head) < size and (data := self._pull(size - len(self._head))):
            self._head += data
        return self._head[:size]

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, nothing only at the end."""
        if not self._head:
            return self._pull(size)
        data, self._head = self._head[:size], self._head[size:]
        return data

    def seekable_file(self, stack: ExitStack) -> IO[bytes]:
        """Return a file that can seek: the source itself, or a temporary copy without a name, which no crash leaves behind.

        Whatever reads the file, the stream starts again where the file stands.
        """
        with reading(self.path):
            if self._file is None:
                self._file = cast("IO[bytes]", stack.enter_context(tempfile.TemporaryFile()))  # noqa: SIM115  # the stack closes it
                while data := self.read(1 << 16):
                    self._file.write(data)
            self._file.seek(0)
        self._source, self._head = self._file, b""
        return self._file

    def _pull(self, size: int) -> bytes:
        with reading(self.path):
            data = self._source.read(size)
        self.taken += len(data)
        return data
