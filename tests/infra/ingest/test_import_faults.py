"""What must not stop an import, nor be lost in one."""

import asyncio
import io
import json
import tracemalloc

import pytest

from domain.errors import ConfigurationError
from domain.ports import Outcome
from infra.ingest import ImportOptions, import_files
from infra.progress import PlainProgress

EVENTS = "customer_id,product_id,event_type,order_id\n"


class Shop:
    """Takes everything and keeps nothing."""

    async def put_events(self, events, *, create_products, now):
        assert now is not None
        assert create_products is False
        return [Outcome(status="new")] * len(events)


@pytest.fixture
def take(tmp_path, now):
    async def taken(text, *, name="events.csv"):
        path = tmp_path / name
        path.write_text(text)
        wanted = ImportOptions(kind="events", paths=(str(path),))
        report = await import_files(wanted, store=Shop(), now=now, progress=PlainProgress(io.StringIO()))
        rejected = tmp_path / f"{name}.rejected.jsonl"
        return report, [json.loads(line) for line in rejected.read_text().splitlines()] if rejected.exists() else []

    return taken


@pytest.fixture
def peak_of(tmp_path, now):
    """Import and give the most memory that Python held meanwhile, in bytes."""

    async def peak(text):
        path = tmp_path / "many.csv"
        path.write_text(text)
        wanted = ImportOptions(kind="events", paths=(str(path),))
        tracemalloc.start()
        await import_files(wanted, store=Shop(), now=now, progress=PlainProgress(io.StringIO()))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    return peak


async def test_a_stray_quote_costs_its_own_line_and_no_other(take):
    report, rejected = await take(EVENTS + 'c,p,view,\n"c,p,view,\n' + "c,p,view,\n" * 5000)
    assert [refused["line"] for refused in rejected] == [3]
    assert (report.read, report.counts) == (5002, {"new": 5001, "refused": 1})


async def test_a_quote_that_a_later_line_closes_wrongly_costs_one_line(take):
    report, rejected = await take(EVENTS + 'c,"p,view,\nc,p,view,\nc,"p"x,view,\nc,p,view,\n')
    assert [refused["line"] for refused in rejected] == [2, 4]
    assert report.counts == {"new": 2, "refused": 2}


async def test_a_row_of_several_lines_is_told_by_its_first(take):
    _, rejected = await take(EVENTS + 'c,"p\n\nq",view,\nc,p q,view,\n')
    assert [refused["line"] for refused in rejected] == [2, 5]


@pytest.mark.parametrize("extra", ['"x": ' + "[" * 100_000, '"event_type": "purchase", "unit_price": 1' + "0" * 400 + "}"])
async def test_no_json_line_stops_the_import(take, extra):
    good = '{"customer_id": "c", "product_id": "p"}\n'
    report, rejected = await take(good + '{"customer_id": "c", "product_id": "p", ' + extra + "\n" + good, name="e.jsonl")
    assert [refused["line"] for refused in rejected] == [2]
    assert report.counts == {"new": 2, "refused": 1}


@pytest.mark.parametrize("order_id", ["guest", ""], ids=["one-order", "identical-lines"])
async def test_many_lines_that_belong_together_are_not_gathered_in_memory(peak_of, order_id):
    few, many = [await peak_of(EVENTS + f"c,p,purchase,{order_id}\n" * n) for n in (10_000, 30_000)]
    assert many < 1.3 * few


async def test_a_report_that_cannot_be_written_is_one_clear_line(take, tmp_path):
    (tmp_path / "events.csv.rejected.jsonl").mkdir()
    with pytest.raises(ConfigurationError, match="cannot be replaced"):
        await take(EVENTS + "c,p,view,\n")


async def test_a_folder_that_vanishes_under_the_report_is_one_clear_line(take, tmp_path, monkeypatch):
    monkeypatch.setattr("infra.ingest.report.Path.unlink", lambda *_, **__: None)
    (tmp_path / "events.csv.rejected.jsonl").mkdir()
    with pytest.raises(ConfigurationError, match="cannot be written"):
        await take(EVENTS + "c,p q,view,\n")


async def test_reading_gives_the_loop_turns_so_that_ctrl_c_is_heard(tmp_path, now):
    path = tmp_path / "events.csv"
    path.write_text(EVENTS + "c,p,view,\n" * 20_000)
    turns = 0
    turns_when_begun = []

    class Watching(PlainProgress):
        def begin(self, doing, total):
            turns_when_begun.append(turns)
            super().begin(doing, total)

    async def count_turns():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count_turns())
    wanted = ImportOptions(kind="events", paths=(str(path),))
    await import_files(wanted, store=Shop(), now=now, progress=Watching(io.StringIO()))
    counting.cancel()
    reading, storing = turns_when_begun
    assert storing - reading >= 20_000 / 1000 - 1
