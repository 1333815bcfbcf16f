"""Parquet and Excel: with small stand-ins for pyarrow and openpyxl, and with these where they are installed."""

import io
import json
import sys
import zipfile
from datetime import UTC, date, datetime, time
from decimal import Decimal
from types import SimpleNamespace

import pytest

from infra.ingest.errors import NotUnderstood
from infra.ingest.sources import Row
from infra.ingest.sources.tables import text_of
from tests.infra.ingest.sources.reading import read


class Batch:
    """A batch of pyarrow, made of rows."""

    def __init__(self, rows):
        self.columns = [SimpleNamespace(to_pylist=lambda column=column: list(column)) for column in zip(*rows, strict=True)]


class ParquetFile:
    """A file of pyarrow, whose content is JSON after the signature; a batch that is null is damaged."""

    def __init__(self, file):
        document = json.loads(file.read()[4:])
        self.schema_arrow = SimpleNamespace(names=document["names"])
        self._batches = document["batches"]

    def iter_batches(self, *, batch_size):
        assert batch_size == 1000
        return map(Batch, self._batches)


class Sheet:
    """A sheet of openpyxl; a row that is null is damaged."""

    def __init__(self, rows):
        self._rows = rows

    def iter_rows(self, *, values_only):
        assert values_only
        return map(tuple, self._rows)


def load_workbook(file, *, read_only, data_only):
    assert read_only
    assert data_only
    with zipfile.ZipFile(file) as archive:
        return SimpleNamespace(worksheets=[Sheet(rows) for rows in json.loads(archive.read("xl/workbook.xml"))])


@pytest.fixture
def stand_ins(monkeypatch):
    parquet = SimpleNamespace(ParquetFile=ParquetFile)
    monkeypatch.setitem(sys.modules, "pyarrow", SimpleNamespace(parquet=parquet))
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", parquet)
    monkeypatch.setitem(sys.modules, "openpyxl", SimpleNamespace(load_workbook=load_workbook))


def parquet(*batches):
    return b"PAR1" + json.dumps({"names": ["id", "price"], "batches": batches}).encode()


def workbook(*sheets):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("xl/workbook.xml", json.dumps(sheets))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (parquet(), r"Parquet, which .*pip install pyarrow.*to_csv"),
        (workbook(), r"Excel, which .*pip install openpyxl.*save it as CSV"),
    ],
    ids=["parquet", "excel"],
)
def test_without_its_library_a_table_is_not_understood_and_the_message_says_how_to_export(monkeypatch, content, message):
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    monkeypatch.setitem(sys.modules, "openpyxl", None)

    with pytest.raises(NotUnderstood, match=message):
        read(content)


@pytest.mark.usefixtures("stand_ins")
def test_batches_of_parquet_are_rows_of_text():
    found = read(parquet([["a", 1.5], ["b", 2.0]], [[None, True]]))

    assert (found.layout, found.columns, found.encoding) == ("Parquet", ("id", "price"), None)
    assert found.rows == [Row(1, ["a", "1.5"]), Row(2, ["b", "2"]), Row(3, ["", "true"])]


@pytest.mark.usefixtures("stand_ins")
def test_the_first_sheet_of_a_workbook_is_read_below_its_titles():
    found = read(
        workbook(
            [["Sales", None, None], [], ["id", " price ", None], ["a", 1.5], ["b", 2, ""], [None], ["c", 1, 2]],
            [["other"]],
        )
    )

    assert (found.layout, found.columns) == ("Excel", ("id", "price"))
    assert found.rows == [Row(4, ["a", "1.5"]), Row(5, ["b", "2"]), Row(7, None, "Expected 2 cells, found 3")]
    assert found.notices == [
        "The workbook has 2 sheets; only the first is read.",
        "The header is line 3; the lines above it are not read.",
    ]


@pytest.mark.usefixtures("stand_ins")
def test_a_workbook_of_one_sheet_needs_no_notice():
    found = read(workbook([["id", "name"], ["a"]]))

    assert (found.rows, found.notices) == ([Row(2, ["a", ""])], [])


@pytest.mark.usefixtures("stand_ins")
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PAR1PAR1", "damaged or cut off: it cannot be read as Parquet"),
        (parquet([["a", 1]], None), "cannot be read as Parquet"),
        (workbook(), "cannot be read as Excel"),
        (workbook([["id", "name"], ["a", "b"], None]), "cannot be read as Excel"),
        (workbook([[None]]), "first sheet of .* is empty"),
    ],
)
def test_a_damaged_or_empty_table_is_not_understood(content, message):
    with pytest.raises(NotUnderstood, match=message):
        read(content)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (12, "12"),
        (12.0, "12"),
        (0.1, "0.1"),
        (1e300, "1e+300"),
        (float("nan"), ""),
        (Decimal("12.50"), "12.50"),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05+00:00"),
        (time(3, 4), "03:04:00"),
        (b"a-1", "a-1"),
        (["a", 1.0, None], "a|1|"),
        ({"a": date(2026, 1, 2)}, '{"a": "2026-01-02"}'),
        ("=1+1", "=1+1"),
    ],
)
def test_values_of_tables_become_the_text_of_a_csv_file(value, text):
    assert text_of(value) == text


def test_a_real_parquet_file_is_read_and_a_cut_one_is_not(tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")

    columns = {"id": list(range(2500)), "at": [datetime(2026, 1, 2, tzinfo=UTC)] * 2500, "tags": [["a", "b"]] * 2500}
    pq.write_table(pa.table(columns), tmp_path / "a")
    content = (tmp_path / "a").read_bytes()

    found = read(content)

    assert found.columns == ("id", "at", "tags")
    assert len(found.rows) == 2500
    assert found.rows[1234] == Row(1235, ["1234", "2026-01-02T00:00:00+00:00", "a|b"])
    for length in range(4, len(content), 97):
        with pytest.raises(NotUnderstood):
            read(content[:length])


def test_a_real_workbook_is_read_and_a_cut_one_is_not(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (["Stock"], [], ["id", "at", "n"], ["007", datetime(2026, 1, 2), 1.5], [8, date(2026, 1, 3), 2]):  # noqa: DTZ001
        book.active.append(row)
    book.create_sheet("other")
    book.save(tmp_path / "a")
    content = (tmp_path / "a").read_bytes()

    found = read(content)

    assert (found.layout, found.columns, len(found.notices)) == ("Excel", ("id", "at", "n"), 2)
    assert [row.cells for row in found.rows] == [["007", "2026-01-02T00:00:00", "1.5"], ["8", "2026-01-03T00:00:00", "2"]]
    for length in range(4, len(content), 97):
        with pytest.raises(NotUnderstood):
            read(content[:length])
