"""What a writer wrote is read as it was; what was damaged is refused and never a fault of the program."""

import bz2
import csv
import gzip
import io
import json
import lzma
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.ingest.sources import Row, open_rows
from infra.ingest.sources.encodings import UNDECODABLE
from tests.infra.ingest.sources.reading import read, read_or_error

WIDTH = 4
HEADER = ["id", "name", "price", "note"]

characters = st.characters(exclude_categories=["Cs", "Cc"])
texts = st.text(characters, max_size=12) | st.text(st.sampled_from(',;\t|"\r\n =aä'), max_size=12)
rows_of = st.lists(st.lists(texts, min_size=WIDTH, max_size=WIDTH), min_size=1, max_size=12)
few_seconds = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def written(rows, **options):
    stream = io.StringIO()
    csv.writer(stream, **options).writerows([HEADER, *rows])
    return stream.getvalue()


def expected(rows):
    """Return the rows that hold anything, with unwrapped formulas."""
    return [[cell[2:-1] if is_formula(cell) else cell for cell in row] for row in rows if any(cell.strip() for cell in row)]


def is_formula(cell):
    return cell.startswith('="') and cell.endswith('"') and cell.count('"') == 2


@given(
    rows=rows_of,
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
@few_seconds
def test_any_table_that_a_writer_of_csv_wrote_is_read(rows, delimiter, quoting, encoding):
    content = written(rows, delimiter=delimiter, quoting=quoting).encode(encoding)
    wanted = expected(rows)

    found = read_or_error(content, delimiter=delimiter)

    if wanted:
        assert found.columns == tuple(HEADER)
        assert [row.cells for row in found.rows if row.refused or any(cell.strip() for cell in row.cells)] == wanted


# These letters of Windows-1252 are UTF-8 in no order, so that chance cannot make short texts UTF-8.
plain = st.text(st.sampled_from("abcXYZ0189._-/#äöüßéàèç"), min_size=1, max_size=12)


@given(
    rows=st.lists(st.lists(plain, min_size=WIDTH, max_size=WIDTH), min_size=1, max_size=12),
    delimiter=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]),
)
@few_seconds
def test_delimiter_and_encoding_of_plain_tables_are_found(rows, delimiter, end, encoding):
    text = "".join(delimiter.join(row) + end for row in [HEADER, *rows])

    found = read(text.encode(encoding))

    assert (found.delimiter, found.cells) == (delimiter, rows)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.text(characters, max_size=8)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(characters, max_size=5), inner, max_size=3),
    max_leaves=8,
)
records_of = st.lists(st.dictionaries(st.text(characters, max_size=5), values, max_size=4), min_size=1, max_size=8)


@given(
    records=records_of,
    indent=st.sampled_from([None, 0, 2]),
    ascii_only=st.booleans(),
    layout=st.sampled_from(["list", "member"]),
)
@few_seconds
def test_any_list_of_json_is_read(records, indent, ascii_only, layout):
    document = {"n": "}", "products": records} if layout == "member" else records

    found = read(json.dumps(document, indent=indent, ensure_ascii=ascii_only))

    assert found.rows == [Row(number, record) for number, record in enumerate(records, start=1)]


@given(records=records_of, ascii_only=st.booleans())
@few_seconds
def test_any_json_lines_are_read(records, ascii_only):
    records = [{"id": 1}, *records, {"id": 2}]

    found = read("\n".join(json.dumps(record, ensure_ascii=ascii_only) for record in records))

    assert found.cells == records


def zipped(content):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", content)
    return stream.getvalue()


TABLE = 'id;name;price\n1;"Große ""Kanne""";2,50\n2;"zwei\nZeilen";3\n3;Öl;4\n4;x;5\n'
FEED = '<?xml version="1.0"?><rss><channel><item><g:id>1</g:id></item><item><id>ü</id></item></channel></rss>'
SEEDS = {
    "csv": TABLE.encode(),
    "cp1252": TABLE.encode("cp1252"),
    "utf-16": TABLE.encode("utf-16"),
    "lines": b'{"id": 1}\n{"id": "\xc3\xbc"}\n{"id": [1, {}]}\n',
    "list": b'[{"id": 1}, {"id": "\xc3\xbc"},\n {"id": [1, {}]}]',
    "object": b'{"n": 1, "products": [{"id": 1}, {"id": "\xc3\xbc"}], "m": [2]}',
    "xml": FEED.encode(),
    "gz": gzip.compress(TABLE.encode(), mtime=0),
    "xz": lzma.compress(TABLE.encode()),
    "bz2": bz2.compress(TABLE.encode()),
    "zip": zipped(TABLE.encode()),
    "nested": zipped(gzip.compress(TABLE.encode(), mtime=0)),
}

INSERTED = [
    b'"',
    b"\0",
    b"\n",
    b"\r",
    b",",
    b";",
    b"[",
    b"{",
    b"}",
    b"]",
    b"<",
    b"\xff",
    b"\xc3",
    b"\\",
    b"<!DOCTYPE a>",
    b'="',
    b"PK\x03\x04",
]


@st.composite
def mutated(draw, content):
    data = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(["change", "insert", "delete", "double", "cut"])):
            case "change":
                data[place : place + 1] = draw(st.binary(min_size=1, max_size=1))
            case "insert":
                data[place:place] = draw(st.sampled_from(INSERTED) | st.binary(max_size=4))
            case "delete":
                del data[place : place + draw(st.integers(1, 8))]
            case "double":
                data[place:place] = data[place : place + draw(st.integers(1, 40))]
            case _:
                del data[place:]
    return bytes(data)


@pytest.mark.parametrize("seed", SEEDS)
@given(data=st.data())
@settings(max_examples=40)
def test_mutated_files_are_read_or_refused(seed, data):
    content = data.draw(mutated(SEEDS[seed]))
    found = read_or_error(content)
    if isinstance(found, str):
        assert "\n" not in found
        assert found.endswith(".")
        return
    lines = [row.line for row in found.rows]
    assert lines == sorted(set(lines))
    for row in found.rows:
        assert (row.cells is None) != (row.refused is None)
        if found.columns is not None and row.cells is not None:
            assert len(row.cells) == len(found.columns)
        assert "\0" not in str(row.cells)
        assert UNDECODABLE not in str(row.cells)


def test_a_limit_of_the_standard_library_is_as_before(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")
    before = csv.field_size_limit()
    with open_rows(str(path)):
        assert csv.field_size_limit() != before

    assert csv.field_size_limit() == before
