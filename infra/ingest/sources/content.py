"""Recognise content that holds no rows for an import, and say what to do."""

import re

from infra.ingest.errors import NotUnderstood

HEAD_BYTES = 1 << 12

_KINDS = {
    b"%PDF": "a PDF",
    b"{\\rtf": "an RTF document",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"GIF8": "an image",
    b"RIFF": "an image, a sound or a film",
    b"SQLite format 3\0": "a SQLite database",
    b"\xd0\xcf\x11\xe0": "an Excel workbook of the old format (.xls); save it as CSV",
    b"7z\xbc\xaf": "a 7z archive; unpack it first",
    b"Rar!": "a RAR archive; unpack it first",
    b"\x28\xb5\x2f\xfd": "compressed with Zstandard; decompress it first, for example with `zstd -d`",
    b"\x04\x22\x4d\x18": "compressed with LZ4; decompress it first",
    b"ORC": "an ORC file; export it as CSV",
    b"Obj\x01": "an Avro file; export it as CSV",
}
_MAX_STRAY_CONTROL = 4
_CONTROL = bytes({*range(9), *range(14, 32), 127})
_HTML = re.compile(
    r"\s*+(?:(?:<!--(?>.*?-->)|<\?xml[^>]*+>)\s*+)*+"
    r"<(?:!doctype\s+html|html|head|body|title|div|table|center|h1|p|script|meta)\b",
    re.IGNORECASE | re.DOTALL,
)
_EXPECTED = "Expected a file of rows: CSV, JSON, JSON Lines, XML, Parquet or Excel"


def refuse_other_content(path: str, head: bytes) -> None:
    """Raise NotUnderstood if a file is empty or begins like another kind of file."""
    if not head:
        raise NotUnderstood(f"{path} is empty.")
    for signature, kind in _KINDS.items():
        if head.startswith(signature):
            raise NotUnderstood(f"{path} is {kind}. {_EXPECTED}.")
    if head[257:262] == b"ustar":
        raise NotUnderstood(f"{path} is a tar archive; unpack it and import the files that you mean.")


def refuse_binary(path: str, head: bytes) -> None:
    """Raise NotUnderstood if over 5 % of the bytes are control characters; a few may stand in rows that are refused."""
    control = len(head) - len(head.translate(None, _CONTROL))
    if control > max(len(head) // 20, _MAX_STRAY_CONTROL):
        raise NotUnderstood(f"{path} is binary data, not text. {_EXPECTED}.")


def refuse_web_page(path: str, text: str) -> None:
    """Raise NotUnderstood for HTML: a page of an error, a sign-in, or a table saved as .xls or .csv."""
    if _HTML.match(text[:HEAD_BYTES]):
        raise NotUnderstood(f"{path} is a web page (HTML), not an export; download it again, and sign in first if need be.")
