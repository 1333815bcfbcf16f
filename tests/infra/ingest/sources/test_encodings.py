"""Encodings: marks, zero bytes, declarations, and what is not UTF-8."""

import codecs

import pytest

from domain.errors import ConfigurationError
from infra.ingest.errors import NotUnderstood
from tests.infra.ingest.sources.reading import read

TEXT = "id,name\n1,Große Kanne\n2,木の皿\n3,Tray ‰ oak\n"
GERMAN = "id,name\n1,Große Kanne\n2,Stühle „Müller“ 9 €\n"
READ_AS_1252 = "The file is not UTF-8; it is read as Windows-1252."
DAMAGED = "The file is UTF-8 with damaged bytes; lines that hold these are refused."


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        pytest.param(TEXT.encode(), "UTF-8", id="utf-8"),
        pytest.param(TEXT.encode("utf-8-sig"), "UTF-8", id="utf-8-mark"),
        pytest.param(codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), "UTF-16", id="utf-16-le-mark"),
        pytest.param(codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "UTF-16", id="utf-16-be-mark"),
        pytest.param(codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"), "UTF-32", id="utf-32-mark"),
        pytest.param(TEXT.encode("utf-16-le"), "UTF-16", id="utf-16-le"),
        pytest.param(TEXT.encode("utf-16-be"), "UTF-16", id="utf-16-be"),
    ],
)
def test_unicode_shows_in_marks_and_zero_bytes(content, encoding):
    found = read(content)

    assert (found.encoding, found.columns, found.notices) == (encoding, ("id", "name"), [])
    assert found.cells == [["1", "Große Kanne"], ["2", "木の皿"], ["3", "Tray ‰ oak"]]


def test_other_text_is_windows_1252_and_a_notice_says_so():
    found = read(GERMAN.encode("cp1252"))

    assert (found.encoding, found.notices) == ("Windows-1252", [READ_AS_1252])
    assert found.cells == [["1", "Große Kanne"], ["2", "Stühle „Müller“ 9 €"]]


def test_the_first_byte_that_is_not_ascii_may_come_after_megabytes():
    found = read(b"id,name\n" + b"1,%s\n" % (b"x" * 1000) * 3000 + "2,Größe\n3,weiß".encode("cp1252"))

    assert (found.encoding, found.notices) == ("Windows-1252", [READ_AS_1252])
    assert found.cells[-2:] == [["2", "Größe"], ["3", "weiß"]]


def test_a_damaged_byte_does_not_change_the_letters_before_it():
    found = read("id,name\n1,Größe\n".encode() + b"2,Caf\xc3\n3,wei\xdf\n" + "4,Öl\n".encode())

    assert (found.encoding, found.notices) == ("UTF-8", [DAMAGED])
    assert found.cells == [["1", "Größe"], None, None, ["4", "Öl"]]
    assert found.refused == [(3, "Holds bytes that are not UTF-8"), (4, "Holds bytes that are not UTF-8")]


def test_a_damaged_byte_before_all_letters_does_not_change_those_after_it():
    found = read(b"id,name\n1,Caf\xc3\n" + "2,Größe\n".encode())

    assert (found.notices, found.cells) == ([DAMAGED], [None, ["2", "Größe"]])


def test_letters_cut_by_the_end_of_a_block_are_whole():
    cell = "ü" * 300_000

    assert read(f"id,name\n1,x{cell}\n2,{cell}\n").cells == [["1", "x" + cell], ["2", cell]]


def test_bytes_that_windows_1252_lacks_are_refused():
    found = read(b"id,name\n1,wei\xdf\n2,\x81\n")

    assert found.refused == [(3, "Holds bytes that are not Windows-1252")]


def test_utf_16_that_ends_in_the_middle_of_a_character_loses_that_line():
    found = read("id,name\n1,x\n2,y".encode("utf-16-le") + b"\x41")

    assert found.cells == [["1", "x"], None]


@pytest.mark.parametrize("encoding", ["cp1251", "shift_jis", "UTF-8"])
def test_a_given_encoding_outweighs_the_content(encoding):
    text = "id,name\n1,лампа\n"

    found = read(text.encode(encoding), encoding=encoding)

    assert (found.encoding, found.cells) == (encoding, [["1", "лампа"]])


@pytest.mark.parametrize("encoding", ["latin-99", "hex", "undefined", "a\0b"])
def test_an_unknown_encoding_is_a_configuration_error(encoding):
    with pytest.raises(ConfigurationError, match="There is no encoding"):
        read("a,b\n1,2\n", encoding=encoding)


def test_a_codec_that_cannot_mark_damage_is_refused():
    with pytest.raises(NotUnderstood, match="cannot be read as idna"):
        read("a,b\n1,2\n", encoding="idna")


@pytest.mark.parametrize(
    ("declared", "encoding", "shown"),
    [
        ("iso-8859-2", "iso-8859-2", "iso-8859-2"),
        ("UTF-8", "utf-8", "UTF-8"),
        ("utf-16", "utf-8", "UTF-8"),
        ("no-such", "utf-8", "UTF-8"),
    ],
)
def test_xml_declares_its_encoding(declared, encoding, shown):
    text = f"<?xml version='1.0' encoding='{declared}'?><rss><item><id>ł</id></item></rss>"

    found = read(text.encode(encoding))

    assert (found.encoding, found.cells) == (shown, [{"id": "ł"}])


def test_damage_in_json_refuses_the_record():
    found = read(b'{"id": "\xc3\xbc"}\n{"id": "\xff"}\n')

    assert found.refused == [(2, "Holds bytes that are not UTF-8")]
