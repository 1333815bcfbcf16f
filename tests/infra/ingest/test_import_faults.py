"""Faults in files: none stops an import, and each costs only its own line; and an import that is interrupted."""

import asyncio
import io
import tracemalloc

import pytest

from domain.errors import ConfigurationError
from infra.ingest import ImportOptions, import_files
from infra.progress import NoProgress, PlainProgress

EVENTS = "customer_id,product_id,event_type,occurred_at,order_id\n"
VIEW = "c-1,p,view,2026-01-02,\n"


class Stopped(Exception):
    """Raised where an import is interrupted."""


@pytest.fixture
def import_text(shop):
    async def run(text):
        return await shop.run("events", text, create_products=True)

    return run


@pytest.fixture
def peak_of(shop):
    """Import a text; return the peak of Python's memory in bytes."""

    async def run(text):
        path = shop.file(text, "many.csv")
        options = ImportOptions(kind="events", paths=(path,), create_products=True)
        tracemalloc.start()
        await import_files(options, store=shop.store, now=shop.now, progress=NoProgress(), say=len)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    return run


async def test_a_stray_quote_refuses_only_its_own_line(import_text, shop):
    report = await import_text(EVENTS + VIEW + '"c-1,p,view,,\n' + VIEW * 5000)

    assert [line for line, _ in shop.refusals()] == [3]
    assert (report.read, report.counts) == (5002, {"new": 5001, "refused": 1})


async def test_a_row_of_several_lines_is_reported_by_its_first_line(import_text, shop):
    await import_text(EVENTS + VIEW + 'c-1,"p\x01\n\nq",view,,\nc-1,,view,,\n' + VIEW * 3)

    assert [line for line, _ in shop.refusals()] == [3, 6]


@pytest.mark.parametrize(
    "extra",
    ['"x": ' + "[" * 100_000, '"event_type": "purchase", "unit_price": 1' + "0" * 400 + "}"],
    ids=["deep-nesting", "huge-number"],
)
async def test_an_unreadable_json_line_is_refused_alone(import_text, shop, extra):
    good = '{"customer_id": "c-1", "product_id": "p"}\n'
    report = await import_text(good + '{"customer_id": "c-1", "product_id": "p", ' + extra + "\n" + good)

    assert [line for line, _ in shop.refusals()] == [2]
    assert report.counts == {"new": 2, "refused": 1}


@pytest.mark.system
@pytest.mark.parametrize("order_id", ["guest", ""], ids=["one-order", "identical-lines"])
async def test_memory_does_not_grow_with_the_length_of_an_order_or_of_identical_lines(peak_of, order_id):
    line = f"c-1,p,purchase,2026-01-02,{order_id}\n"
    await peak_of(EVENTS + line)
    few, many = [await peak_of(EVENTS + line * n) for n in (8_000, 24_000)]
    # Three times as many lines; what depends on timing, such as a batch more in memory, is less.
    assert many < 1.7 * few


async def test_a_report_that_cannot_be_replaced_is_a_configuration_error(import_text, shop):
    (shop.folder / "file.csv.rejected.jsonl").mkdir(parents=True)
    with pytest.raises(ConfigurationError, match="cannot be replaced"):
        await import_text(EVENTS + VIEW)


async def test_a_report_that_cannot_be_written_is_a_configuration_error(import_text, shop, monkeypatch):
    monkeypatch.setattr("infra.ingest.report.Path.unlink", lambda *_, **__: None)
    (shop.folder / "file.csv.rejected.jsonl").mkdir(parents=True)
    with pytest.raises(ConfigurationError, match="cannot be written"):
        await import_text(EVENTS + VIEW + "c-1,,view,,\n")


async def test_reading_lets_the_event_loop_run_which_handles_ctrl_c(shop):
    path = shop.file(EVENTS + VIEW * 20_000, "events.csv")
    turns = 0
    turns_at_phases = []

    class CountingProgress(PlainProgress):
        def begin(self, phase, total):
            turns_at_phases.append(turns)
            super().begin(phase, total)

    async def count_turns():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count_turns())
    options = ImportOptions(kind="events", paths=(path,), create_products=True)
    store = shop.repository.rehearsal()
    await import_files(options, store=store, now=shop.now, progress=CountingProgress(io.StringIO()), say=len)
    counting.cancel()
    reading, storing = turns_at_phases
    assert storing - reading >= 20_000 / 1000 - 1


@pytest.mark.parametrize("kind", ["products", "events"])
async def test_an_interrupted_import_is_finished_by_the_same_command(shop, kind):
    text = {
        "products": "product_id,name\n" + "".join(f"p-{n},Lamp\n" for n in range(2500)),
        "events": EVENTS + "".join(f"c-{n % 7},p-{n},view,2026-01-02,\n" for n in range(2500)),
    }[kind]

    class Interrupted(type(shop.repository)):
        """Stop after the first batch."""

        def __init__(self):
            self.__dict__ = shop.repository.__dict__
            self.n_batches = 0

        async def put_products(self, changes, **options):
            return await self._put(super().put_products(changes, **options))

        async def put_events(self, events, **options):
            return await self._put(super().put_events(events, **options))

        async def _put(self, putting):
            self.n_batches += 1
            if self.n_batches > 1:
                putting.close()
                raise Stopped
            return await putting

    shop.store = Interrupted()
    with pytest.raises(Stopped):
        await shop.run(kind, text, create_products=True)
    [record] = await shop.repository.imports(2)
    assert record.finished_at is None
    shop.store = shop.repository

    report = await shop.run(kind, text, create_products=True)

    seen = "unchanged" if kind == "products" else "seen_before"
    assert 0 < report.counts[seen] < 2500
    assert report.counts["new"] + report.counts[seen] == 2500
