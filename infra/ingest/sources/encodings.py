"""Decode a stream of bytes in blocks, with the encoding of its content.

A byte order mark decides, then zero bytes (UTF-16), then the declaration of an XML file. All other files are UTF-8 until
their first byte that is not. Then letters outside ASCII that are UTF-8, before it or within a megabyte after it, show that
the file is UTF-8 and damaged: Windows-1252 makes them by chance only. Without them, the file is Windows-1252 from its
beginning. A damaged byte becomes UNDECODABLE, by which the readers refuse the row that holds it.
"""

import codecs
import re
from typing import cast

from domain.errors import ConfigurationError
from infra.ingest.errors import NotUnderstood
from infra.ingest.sources.byte_stream import ByteStream

UNDECODABLE = "\udc80"
"""Stands for bytes that are not of the encoding; no decoder makes this character of valid bytes."""

_BLOCK_BYTES = 1 << 16
_LOOK_AHEAD_BYTES = 1 << 20
_DAMAGED_BYTES_A_LETTER = 4
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark is its beginning
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_NAMES = {"utf-8": "UTF-8", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "utf-16": "UTF-16", "utf-32": "UTF-32"}
_DECLARATION = re.compile(rb"\s*<\?xml[^>]*?\sencoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_OUTSIDE_ASCII = re.compile(r"[^\x00-\x7f]")
_NOT_UTF_8 = re.compile(r"[\udc80-\udcff]")
_KEEP_THE_ROW_APART = "mark-undecodable"


def _mark_undecodable(error: UnicodeError) -> tuple[str, int]:
    return UNDECODABLE, cast("UnicodeDecodeError", error).end


codecs.register_error(_KEEP_THE_ROW_APART, _mark_undecodable)


class TextStream:
    """Text in blocks of about 64 KiB; `encoding` can change while it is read, and then a notice says so."""

    def __init__(self, stream: ByteStream, encoding: str | None = None) -> None:
        """Read a given encoding, or else UTF-8 or Windows-1252; raise ConfigurationError if Python has no such encoding."""
        self.notices: list[str] = []
        self._stream = stream
        self._head = ""
        self._is_ascii = True
        self.ended = False
        codec = encoding
        self._may_fall_back = codec is None
        self.encoding = _NAMES.get((codec or "utf-8").lower(), codec or "")
        self._decoder = _decoder(codec or "utf-8", "strict" if codec is None else _KEEP_THE_ROW_APART)
        self._head = self._decode().removeprefix("\ufeff")

    def peek(self, size: int) -> str:
        """Return at least the next `size` characters, fewer at the end, without taking them."""
        while len(self._head) < size and not self.ended:
            self._head += self._decode()
        return self._head

    def read(self) -> str:
        """Return the next block; it is empty only at the end."""
        while not self._head and not self.ended:
            self._head = self._decode()
        text, self._head = self._head, ""
        return text

    def _decode(self) -> str:
        data = self._stream.read(_BLOCK_BYTES)
        self.ended = not data
        try:
            text = self._decoder.decode(data, self.ended)
        except UnicodeDecodeError as error:
            text = self._decode_other(error)
        except UnicodeError as error:  # of a codec that takes no handler of errors
            raise NotUnderstood(f"{self._stream.path} cannot be read as {self.encoding}.") from error
        self._is_ascii = self._is_ascii and text.isascii()
        return text

    def _decode_other(self, error: UnicodeDecodeError) -> str:
        """Decode the block with the first bytes that are not UTF-8."""
        self._may_fall_back = False
        data = error.object
        if not self._is_ascii or _is_damaged_utf_8(data + self._stream.peek(_LOOK_AHEAD_BYTES)):
            self._decoder = _decoder("utf-8", _KEEP_THE_ROW_APART)
            self.notices.append("The file is UTF-8 with damaged bytes; lines that hold these are refused.")
        else:
            self.encoding = "Windows-1252"
            self._decoder = _decoder("cp1252", _KEEP_THE_ROW_APART)
            self.notices.append("The file is not UTF-8; it is read as Windows-1252.")
        return self._decoder.decode(data, self.ended)


def encoding_of(head: bytes) -> str | None:
    """Return the encoding that the first bytes of a file show, or None if they can be UTF-8 or Windows-1252."""
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    even, odd = head[::2].count(0), head[1::2].count(0)
    # Every other byte of ASCII is zero in UTF-16, and half of a table is ASCII in most languages.
    if max(even, odd) * 4 > len(head) and min(even, odd) * 20 <= max(even, odd):
        return "utf-16-be" if even > odd else "utf-16-le"
    if declared := _DECLARATION.match(head):
        name = declared[1].decode().lower()
        # These bytes are ASCII, whatever a declaration of UTF-16 says.
        is_other = not name.startswith(("utf-8", "utf8", "utf-16", "utf-32", "ucs"))
        return name if is_other and _is_known(name) else None
    return None


def _is_known(encoding: str) -> bool:
    try:
        codecs.lookup(encoding)
    except LookupError:
        return False
    return True


def _decoder(encoding: str, errors: str) -> codecs.IncrementalDecoder:
    try:
        "a".encode(encoding)  # refuses codecs that are no text encodings
        return codecs.getincrementaldecoder(encoding)(errors)
    except (LookupError, UnicodeError, ValueError) as error:
        raise ConfigurationError(f"There is no encoding {encoding!r}; write for example utf-8, cp1252 or utf-16.") from error


def _is_damaged_utf_8(data: bytes) -> bool:
    """Return whether there is a UTF-8 letter for every few bytes that are not UTF-8."""
    text = data.decode("utf-8", "surrogateescape")
    damaged = len(_NOT_UTF_8.findall(text))
    return _DAMAGED_BYTES_A_LETTER * (len(_OUTSIDE_ASCII.findall(text)) - damaged) > damaged
