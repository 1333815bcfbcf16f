"""Compressed files, known by their content."""

import bz2
import gzip
import io
import lzma
import sys
import zipfile
import zlib
from contextlib import suppress

import pytest

from infra.ingest.errors import FileUnreadable, NotUnderstood
from infra.ingest.sources import open_rows
from tests.infra.ingest.sources.reading import read

TEXT = b"id,name\n1,Lamp\n2,Desk\n"
CELLS = [["1", "Lamp"], ["2", "Desk"]]


def zipped(*files, **options):
    """Return a zip of pairs of a name and its content."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", **options) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return stream.getvalue()


def zipped_deflated(content):
    return zipped(("export.csv", content), compression=zipfile.ZIP_DEFLATED)


COMPRESSIONS = {
    "gz": lambda content: gzip.compress(content, mtime=0),
    "xz": lzma.compress,
    "bz2": bz2.compress,
    "zip": zipped_deflated,
}
each_compression = pytest.mark.parametrize("kind", COMPRESSIONS)


@each_compression
def test_compressed_files_are_read(kind):
    found = read(COMPRESSIONS[kind](TEXT))

    assert (found.compression, found.cells) == (kind, CELLS)


@each_compression
@pytest.mark.parametrize("outer", COMPRESSIONS)
def test_a_file_may_be_compressed_twice_and_not_more(kind, outer):
    twice = COMPRESSIONS[outer](COMPRESSIONS[kind](TEXT))

    assert (read(twice).compression, read(twice).cells) == (f"{outer}, {kind}", CELLS)
    with pytest.raises(NotUnderstood, match="more than 2 times"):
        read(gzip.compress(twice))


@pytest.mark.parametrize("kind", [None, *COMPRESSIONS])
def test_standard_input_is_read_whatever_it_is(tmp_path, monkeypatch, kind):
    path = tmp_path / "input"
    path.write_bytes(COMPRESSIONS[kind](TEXT) if kind else TEXT)
    with path.open() as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        with open_rows("-") as opened:
            assert (opened.size, opened.compression, [row.cells for row in opened.rows]) == (None, kind, CELLS)
            assert opened.position() >= path.stat().st_size


@pytest.mark.parametrize("kind", [None, *COMPRESSIONS])
def test_the_position_reaches_the_size(tmp_path, kind):
    path = tmp_path / "file"
    path.write_bytes(COMPRESSIONS[kind](TEXT) if kind else TEXT)
    with open_rows(str(path)) as opened:
        assert len(list(opened.rows)) == 2
        assert opened.size == path.stat().st_size
        assert 0 < opened.position() <= opened.size


@each_compression
def test_of_a_file_cut_anywhere_no_row_is_read(kind):
    content = COMPRESSIONS[kind](TEXT)

    for length in range(len(content)):
        # The first bytes do not yet tell what it is: they are read as a header.
        with suppress(NotUnderstood):
            assert (length < 10, read(content[:length]).rows) == (True, [])


@each_compression
def test_a_long_file_cut_in_its_middle_says_that_it_is_cut(kind):
    content = COMPRESSIONS[kind](b"id,name\n" + b"".join(b"%d,%d\n" % (n, n * n) for n in range(50_000)))

    with pytest.raises(NotUnderstood, match="damaged or cut off"):
        read(content[: len(content) * 2 // 3])


@each_compression
def test_a_wrong_checksum_is_damage(kind):
    content = bytearray(COMPRESSIONS[kind](TEXT))
    checksum = zlib.crc32(TEXT).to_bytes(4, "little")
    place = {"gz": content.find(checksum), "zip": content.rfind(checksum), "xz": -35, "bz2": -5}[kind]
    content[place] ^= 0x55

    with pytest.raises(NotUnderstood, match="damaged"):
        read(bytes(content))


@pytest.mark.parametrize("kind", ["gz", "xz", "bz2"])
def test_streams_that_follow_each_other_are_one_file(kind):
    compress = COMPRESSIONS[kind]

    assert read(compress(b"id,name\n1,Lamp\n") + compress(b"2,Desk\n")).cells == CELLS


@pytest.mark.parametrize("kind", ["gz", "xz", "bz2"])
@pytest.mark.parametrize("n", [1, 10_000])
def test_zeros_after_the_end_are_padding_and_other_bytes_are_damage(kind, n):
    content = COMPRESSIONS[kind](TEXT) + bytes(4 * n)

    assert read(content).cells == CELLS
    with pytest.raises(NotUnderstood, match="damaged"):
        read(content + b"more")


def test_files_that_macos_adds_to_a_zip_are_ignored():
    content = zipped(("data/", ""), ("data/a.csv", TEXT), ("__MACOSX/data/._a.csv", b"x"), ("data/.DS_Store", b"x"))

    assert read(content).cells == CELLS


@pytest.mark.parametrize("n", [0, 2, 20_000])
def test_a_zip_of_other_than_one_file_is_not_understood(n):
    with pytest.raises(NotUnderstood, match=r"is a zip of (0|2|very many) files; unpack it"):
        read(zipped(*((f"{number}.csv", TEXT) for number in range(n))))


def test_an_encrypted_zip_is_not_understood():
    content = bytearray(zipped(("a.csv", TEXT)))
    content[6] |= 1
    content[content.rfind(b"PK\x01\x02") + 8] |= 1

    with pytest.raises(NotUnderstood, match="encrypted"):
        read(bytes(content))


def test_a_zip_with_an_unknown_method_is_not_understood():
    content = bytearray(zipped(("a.csv", TEXT)))
    content[8] = content[content.rfind(b"PK\x01\x02") + 10] = 97

    with pytest.raises(NotUnderstood, match="unknown way"):
        read(bytes(content))


def test_a_zip_with_a_damaged_name_or_place_is_not_understood():
    content = zipped(("abc.csv", TEXT))
    name = content.replace(b"abc.csv", b"\xcb\xff\xff.csv", 1)
    flagged = name[:7] + b"\x08" + name[8:]
    before = content.replace(b"PK\x05\x06", b"PK\x05\x06"[:4], 1)[:-6] + b"\xff\xff\xff\x7f" + content[-2:]

    for damaged in (flagged, before):
        with pytest.raises(NotUnderstood, match="damaged"):
            read(damaged)


def test_an_xz_file_that_needs_too_much_memory_is_refused():
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 200 << 20}]

    with pytest.raises(NotUnderstood):
        read(lzma.compress(TEXT, filters=filters))


def test_a_missing_file_and_a_directory_are_unreadable(tmp_path):
    for path, reason in ((tmp_path / "no.csv", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(FileUnreadable, match=reason), open_rows(str(path)):
            pass


@pytest.mark.parametrize("more", [b"3,Bed\n", b""])
def test_a_file_that_changes_while_it_is_read_is_unreadable(tmp_path, more):
    path = tmp_path / "file.csv"
    path.write_bytes(TEXT)
    with open_rows(str(path)) as opened:
        rows = iter(opened.rows)
        assert next(rows).cells == ["1", "Lamp"]
        path.write_bytes(TEXT * 1000 + more)
        with pytest.raises(FileUnreadable, match="changed while it was read"):
            list(rows)
