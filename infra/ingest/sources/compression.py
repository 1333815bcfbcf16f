"""Decompress a stream by its content: gz, xz, bz2, and a zip with one file; its name does not matter."""

import bz2
import gzip
import lzma
import zipfile
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, cast

from infra.ingest.errors import NotUnderstood
from infra.ingest.sources.byte_stream import ByteStream, reading

ZIP_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")

_MAX_LAYERS = 2
_MAX_XZ_MEMORY = 100 << 20
"""Bytes: `xz -9` needs 65 MiB, the default 9; a dictionary of more is refused."""
_MAX_ZIP_DIRECTORY = 1 << 20
_INPUT_BYTES = 1 << 15
_ZIP_END_BYTES = 22 + (1 << 16)


def decompressed(stream: ByteStream, stack: ExitStack) -> tuple[ByteStream, str | None]:
    """Return the content and how it was compressed, such as "gz" or "zip, gz"; a workbook stays the zip that it is."""
    layers: list[str] = []
    while kind := _kind_of(stream.peek(10)):
        if kind == "zip" and is_workbook(stream, stack):
            break
        if len(layers) == _MAX_LAYERS:
            raise NotUnderstood(f"{stream.path} is compressed more than {_MAX_LAYERS} times; unpack it first.")
        stream = _OPENERS[kind](stream, stack)
        layers.append(kind)
    return stream, ", ".join(layers) or None


def is_workbook(stream: ByteStream, stack: ExitStack) -> bool:
    """Return whether a stream is an Excel workbook (.xlsx), which is a zip with certain names."""
    if not stream.peek(4).startswith(ZIP_SIGNATURES):
        return False
    names = _zip(stream, stack).namelist()
    stream.seekable_file(stack)
    return "xl/workbook.xml" in names


def _kind_of(head: bytes) -> str | None:
    if head.startswith(b"\x1f\x8b"):
        return "gz"
    if head.startswith(b"\xfd7zXZ\x00"):
        return "xz"
    if head.startswith(b"BZh") and head[4:] in (b"1AY&SY", b"\x17rE8P\x90"):
        return "bz2"
    return "zip" if head.startswith(ZIP_SIGNATURES) else None


class _Streams:
    """Join the compressed streams that follow each other in a file, and raise EOFError where the last one is cut off."""

    def __init__(self, stream: ByteStream, new: Callable[[], Any]) -> None:
        self._stream = stream
        self._new = new
        self._decompressor = new()

    def read(self, size: int, /) -> bytes:
        while True:
            given = b""
            if self._decompressor.eof:
                given = self._next_stream()
                if not given:
                    return b""
                self._decompressor = self._new()
            elif self._decompressor.needs_input and not (given := self._stream.read(_INPUT_BYTES)):
                raise EOFError
            if data := self._decompressor.decompress(given, size):
                return cast("bytes", data)

    def _next_stream(self) -> bytes:
        """Return the beginning of what follows; zeros may fill the file after a stream, but nothing else."""
        given = self._decompressor.unused_data.lstrip(b"\0")
        while not given and (data := self._stream.read(_INPUT_BYTES)):
            given = data.lstrip(b"\0")
        return given


def _open_gz(stream: ByteStream, stack: ExitStack) -> ByteStream:
    return ByteStream(stack.enter_context(gzip.GzipFile(fileobj=cast("Any", stream), mode="rb")), stream.path)


def _open_xz(stream: ByteStream, _stack: ExitStack) -> ByteStream:
    return ByteStream(_Streams(stream, lambda: lzma.LZMADecompressor(memlimit=_MAX_XZ_MEMORY)), stream.path)


def _open_bz2(stream: ByteStream, _stack: ExitStack) -> ByteStream:
    return ByteStream(_Streams(stream, bz2.BZ2Decompressor), stream.path)


def _open_zip(stream: ByteStream, stack: ExitStack) -> ByteStream:
    archive = _zip(stream, stack)
    stack.callback(archive.close)
    files = [
        entry
        for entry in archive.infolist()
        if not entry.is_dir() and not entry.filename.startswith("__MACOSX/") and not entry.filename.endswith(".DS_Store")
    ]
    if len(files) != 1:
        raise NotUnderstood(f"{stream.path} is a zip of {len(files)} files; unpack it and import the files that you mean.")
    with reading(stream.path):
        return ByteStream(stack.enter_context(archive.open(files[0])), stream.path)


def _zip(stream: ByteStream, stack: ExitStack) -> zipfile.ZipFile:
    file = stream.seekable_file(stack)
    with reading(stream.path):
        size = file.seek(0, 2)
        file.seek(max(size - _ZIP_END_BYTES, 0))
        end = file.read()
        directory = end[end.rfind(b"PK\x05\x06") :][12:16]
        # The standard library loads the whole directory; all ones stand for "see elsewhere" in a zip of over 4 GB.
        if _MAX_ZIP_DIRECTORY < int.from_bytes(directory, "little") < 0xFFFF_FFFF:
            raise NotUnderstood(f"{stream.path} is a zip of very many files; unpack it and import the files that you mean.")
        return zipfile.ZipFile(file)


_OPENERS = {"gz": _open_gz, "xz": _open_xz, "bz2": _open_bz2, "zip": _open_zip}
