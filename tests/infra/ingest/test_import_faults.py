"""Faults in files: none stops an import, and each costs only its own line."""

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


class AcceptingStore:
    """Accept all events and keep none."""

    async def put_events(self, events, *, create_products, now):
        assert now is not None
        assert create_products is False
        return [Outcome(status="new")] * len(events)


@pytest.fixture
def import_text(tmp_path, now):
    """Import a text as an event file; return the report and the refusals."""

    async def run(text, *, name="events.csv"):
        path = tmp_path / name
        path.write_text(text)
        options = ImportOptions(kind="events", paths=(str(path),))
        report = await import_files(options, store=AcceptingStore(), now=now, progress=PlainProgress(io.StringIO()))
        rejected = tmp_path / f"{name}.rejected.jsonl"
        return report, [json.loads(line) for line in rejected.read_text().splitlines()] if rejected.exists() else []

    return run


@pytest.fixture
def peak_of(tmp_path, now):
    """Import a text; return the peak of Python's memory in bytes."""

    async def run(text):
        path = tmp_path / "many.csv"
        path.write_text(text)
        options = ImportOptions(kind="events", paths=(str(path),))
        tracemalloc.start()
        await import_files(options, store=AcceptingStore(), now=now, progress=PlainProgress(io.StringIO()))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    return run


async def test_a_stray_quote_refuses_only_its_own_line(import_text):
    report, rejected = await import_text(EVENTS + 'c-1,p,view,\n"c-1,p,view,\n' + "c-1,p,view,\n" * 5000)
    assert [refused["line"] for refused in rejected] == [3]
    assert (report.read, report.counts) == (5002, {"new": 5001, "refused": 1})


async def test_a_quote_that_a_later_line_closes_wrongly_refuses_one_line(import_text):
    report, rejected = await import_text(EVENTS + 'c-1,"p,view,\nc-1,p,view,\nc-1,"p"x,view,\nc-1,p,view,\n')
    assert [refused["line"] for refused in rejected] == [2, 4]
    assert report.counts == {"new": 2, "refused": 2}


async def test_a_row_of_several_lines_is_reported_by_its_first_line(import_text):
    _, rejected = await import_text(EVENTS + 'c-1,"p\n\nq",view,\nc-1,p  q,view,\n')
    assert [refused["line"] for refused in rejected] == [2, 5]


@pytest.mark.parametrize(
    "extra",
    ['"x": ' + "[" * 100_000, '"event_type": "purchase", "unit_price": 1' + "0" * 400 + "}"],
    ids=["deep-nesting", "huge-number"],
)
async def test_an_unreadable_json_line_is_refused_alone(import_text, extra):
    good = '{"customer_id": "c-1", "product_id": "p"}\n'
    report, rejected = await import_text(
        good + '{"customer_id": "c-1", "product_id": "p", ' + extra + "\n" + good, name="e.jsonl"
    )
    assert [refused["line"] for refused in rejected] == [2]
    assert report.counts == {"new": 2, "refused": 1}


@pytest.mark.parametrize("order_id", ["guest", ""], ids=["one-order", "identical-lines"])
async def test_memory_does_not_grow_with_the_length_of_an_order_or_of_identical_lines(peak_of, order_id):
    few, many = [await peak_of(EVENTS + f"c-1,p,purchase,{order_id}\n" * n) for n in (10_000, 30_000)]
    assert many < 1.3 * few


async def test_a_report_that_cannot_be_replaced_is_a_configuration_error(import_text, tmp_path):
    (tmp_path / "events.csv.rejected.jsonl").mkdir()
    with pytest.raises(ConfigurationError, match="cannot be replaced"):
        await import_text(EVENTS + "c-1,p,view,\n")


async def test_a_report_that_cannot_be_written_is_a_configuration_error(import_text, tmp_path, monkeypatch):
    monkeypatch.setattr("infra.ingest.report.Path.unlink", lambda *_, **__: None)
    (tmp_path / "events.csv.rejected.jsonl").mkdir()
    with pytest.raises(ConfigurationError, match="cannot be written"):
        await import_text(EVENTS + "c-1,p  q,view,\n")


async def test_reading_lets_the_event_loop_run_which_handles_ctrl_c(tmp_path, now):
    path = tmp_path / "events.csv"
    path.write_text(EVENTS + "c-1,p,view,\n" * 20_000)
    turns = 0
    turns_at_phases = []

    class CountingProgress(PlainProgress):
        def begin(self, doing, total):
            turns_at_phases.append(turns)
            super().begin(doing, total)

    async def count_turns():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count_turns())
    options = ImportOptions(kind="events", paths=(str(path),))
    await import_files(options, store=AcceptingStore(), now=now, progress=CountingProgress(io.StringIO()))
    counting.cancel()
    reading, storing = turns_at_phases
    assert storing - reading >= 20_000 / 1000 - 1
