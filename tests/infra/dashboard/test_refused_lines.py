"""The refused lines of a file are a table that a spreadsheet opens without running anything."""

import csv
import json

import pytest

from domain.records.audit import AuditQuery
from infra.dashboard import refused_lines, uploads
from infra.dashboard.refused_lines import safe_cell, write_refused_lines
from infra.storage.opening import open_repository
from tests.infra.dashboard.test_data import CSV, check, kept, temporary  # noqa: F401 - a fixture

HOSTILE_CSV = b"\n".join([
    b"product_id,name,price",
    b"=cmd|' /C calc'!A0,\"Tent; \"\"big\"\"\",x",
    b"ok-1,Mat,5",
    b"ok-2,@Mat,-5",
    b"ok-3,Mat,7",
])  # fmt: skip


def table_of(content):
    return list(csv.reader(content.decode("utf-8-sig").splitlines()))


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"), ("+49 30 1", "'+49 30 1"), ("-cmd", "'-cmd"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "'\t'=1"),
        (" =1", "' =1"), ("\uff1d1", "'\uff1d1"), ("-5", "-5"), ("+4.5", "+4.5"), ("tent", "tent"), ("", ""),
        ("a;=1", "a;'=1"), ('a; "-1', 'a; "\'-1'), ("a\n@b", "a\n'@b"), ("a|b - c", "a|b - c"), ("a=b", "a=b"),
    ],
)  # fmt: skip
def test_no_cell_is_a_formula_and_numbers_stay_numbers(text, safe):
    assert safe_cell(text) == safe


async def test_the_refused_lines_of_a_try_out_and_of_an_import_are_downloaded(owner, filled, temporary):  # noqa: F811
    path = await check(owner, HOSTILE_CSV)
    link = f"/dashboard{path}/refused.csv"
    page = (await owner.get(path)).text
    tried = await owner.get(f"{path}/refused.csv")
    text = await owner.see(await owner.send(f"{path}/import"))
    imported = await owner.get(f"{path}/refused.csv")
    await owner.send(f"{path}/discard")

    assert link in page
    assert link in text
    assert "Import it" not in text
    assert table_of(tried.content) == [
        ["line", "refused because", "product_id", "name", "price"],
        ["2", table_of(tried.content)[1][1], "'=cmd|' /C calc'!A0", 'Tent; "big"', "x"],
        ["4", table_of(tried.content)[2][1], "ok-2", "'@Mat", "-5"],
    ]
    assert table_of(tried.content)[1][1].startswith("price: ")
    assert imported.content == tried.content
    assert imported.headers["content-type"] == "text/csv; charset=utf-8"
    assert imported.headers["content-disposition"] == 'attachment; filename="refused-lines.csv"'
    assert (await owner.get(f"{path}/refused.csv")).status_code == 404
    assert kept(temporary) == []
    async with open_repository(filled) as shop:
        entries = await shop.audit_entries(AuditQuery(action="download-refused"))
    assert [(entry.actor, entry.subject, entry.outcome) for entry in entries] == [("owner", "products", "done")] * 2


async def test_a_file_without_refused_lines_has_no_table(owner, temporary):  # noqa: F811
    path = await check(owner, CSV.replace(b",x\n", b",8\n"))
    page = (await owner.get(path)).text
    table = await owner.get(f"{path}/refused.csv")
    text = await owner.see(await owner.send(f"{path}/import"))

    assert "refused.csv" not in page
    assert table.status_code == 404
    assert "<h1>Data</h1>" in text
    assert kept(temporary) == []


def refused(tmp_path, content, refusals):
    """Return the table of the lines of a file that are refused."""
    file, listed, table = tmp_path / "file", tmp_path / "refusals", tmp_path / "table"
    file.write_bytes(content)
    listed.write_text("".join(json.dumps(one) + "\n" for one in refusals))
    write_refused_lines(listed, of_file=file, table=table)
    return table_of(table.read_bytes()) if table.exists() else None


def refusal(line, field="price", reason="Not a number"):
    return {"line": line, "field": field, "reason": reason}


def test_a_record_is_a_cell_of_json_and_all_reasons_are_named(tmp_path):
    content = b'[{"product_id": "p-1", "price": "x", "name": "M\xc3\xbctze"}, {"product_id": "p-2"}]'

    assert refused(tmp_path, content, [refusal(1), refusal(1, None, "Too long")]) == [
        ["line", "refused because", "record"],
        ["1", "price: Not a number; Too long", '{"product_id": "p-1", "price": "x", "name": "M\u00fctze"}'],
    ]


def test_a_line_that_cannot_be_read_has_its_number_and_reason(tmp_path):
    assert refused(tmp_path, b"a,b\n1,2,3\n4,5\n", [refusal(2, None, "Expected 2 cells, found 3")]) == [
        ["line", "refused because", "a", "b"],
        ["2", "Expected 2 cells, found 3"],
    ]


def test_a_table_ends_at_its_limits(tmp_path, monkeypatch):
    content = b"a,b\n" + b"1,2\n" * 9
    monkeypatch.setattr(refused_lines, "MAX_LINES", 3)
    of_lines = refused(tmp_path, content, [refusal(line) for line in range(2, 9)])
    monkeypatch.setattr(refused_lines, "MAX_BYTES", 1)
    of_bytes = refused(tmp_path, content, [refusal(line) for line in range(2, 9)])

    assert [row[0] for row in of_lines] == ["line", "2", "3", "4"]
    assert [row[0] for row in of_bytes] == ["line", "2"]


def test_a_file_that_is_gone_has_no_table(tmp_path):
    assert refused(tmp_path, b"", [refusal(1)]) is None
    # Some file systems take both for one name.
    assert [uploads._safe(name) for name in ("refused.csv", "Result.JSON")] == ["file-refused.csv", "file-Result.JSON"]  # noqa: SLF001
