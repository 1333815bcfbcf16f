"""Entries of the audit that follow the answer, and the statements that touch its table."""

import asyncio
import re
from pathlib import Path

import pytest

from domain.errors import StoreBusy, StoreUnavailable
from domain.records.audit import Act
from infra.storage.sql import audit, audit_buffer
from infra.storage.sql.audit_buffer import AuditBuffer

SOON, NEVER = 0.01, 3600.0
SOURCES = Path(__file__).parents[4]


class Engine:
    """Keep the actors of each transaction; refuse the first `n_refusals`."""

    def __init__(self, *, n_refusals=0):
        self.transactions = []
        self.n_refusals = n_refusals

    async def write(self, _, stamped):
        await asyncio.sleep(0)
        if self.n_refusals:
            self.n_refusals -= 1
            raise StoreBusy("busy")
        self.transactions.append([entry.act.actor for entry in stamped])

    async def written(self, n):
        """Wait for `n` entries."""
        for _ in range(500):
            if sum(map(len, self.transactions)) == n:
                return self.transactions
            await asyncio.sleep(0.01)
        raise AssertionError


def act(number):
    return Act(actor=f"key-{number}", action="read-profile", customer_id="canary")


async def test_entries_of_the_same_moment_share_a_transaction():
    engine = Engine()
    buffer = AuditBuffer(engine, delay_seconds=SOON)

    for number in range(3):
        await buffer.put(act(number))
    assert engine.transactions == []
    assert await engine.written(3) == [["key-0", "key-1", "key-2"]]
    await buffer.put(act(3))
    assert await engine.written(4) == [["key-0", "key-1", "key-2"], ["key-3"]]
    await buffer.close()


async def test_many_entries_take_several_transactions(monkeypatch):
    monkeypatch.setattr(audit, "MAX_ROWS", 2)
    engine = Engine()
    buffer = AuditBuffer(engine, delay_seconds=SOON)

    for number in range(5):
        await buffer.put(act(number))

    assert list(map(len, await engine.written(5))) == [2, 2, 1]


async def test_what_the_storage_refuses_is_tried_again_and_logged_once(caplog):
    engine = Engine(n_refusals=3)
    buffer = AuditBuffer(engine, delay_seconds=SOON)

    await buffer.put(act(0))

    assert await engine.written(1) == [["key-0"]]
    assert [record.levelname for record in caplog.records if "tried again: busy" in record.message] == ["ERROR"]


async def test_nothing_more_is_taken_where_too_much_waits(monkeypatch):
    monkeypatch.setattr(audit_buffer, "MAX_WAITING", 2)
    engine = Engine()
    buffer = AuditBuffer(engine, delay_seconds=NEVER)

    for number in range(2):
        await buffer.put(act(number))
    with pytest.raises(StoreUnavailable):
        await buffer.put(act(2))

    await buffer.close()
    assert engine.transactions == [["key-0", "key-1"]]


async def test_without_a_delay_an_entry_is_written_before_put_returns():
    engine = Engine(n_refusals=1)
    buffer = AuditBuffer(engine, delay_seconds=0.0)

    with pytest.raises(StoreBusy):
        await buffer.put(act(0))
    await buffer.put(act(1))

    assert engine.transactions == [["key-1"]]
    await buffer.close()


async def test_at_the_end_what_waits_is_written_or_reported_as_lost(caplog):
    engine = Engine()
    for n_refusals in (0, 2):
        engine.n_refusals = n_refusals
        buffer = AuditBuffer(engine, delay_seconds=NEVER)
        await buffer.put(act(0))
        await buffer.close()

    assert engine.transactions == [["key-0"]]
    assert "1 entries of the audit are lost" in caplog.text


def test_ids_are_ordered_and_different():
    ids = [audit.stamp(act(0)).entry_id for _ in range(1000)]

    assert len(set(ids)) == 1000
    assert [entry_id[:16] for entry_id in ids] == sorted(entry_id[:16] for entry_id in ids)


def test_no_statement_changes_an_entry_and_only_the_retention_deletes_entries():
    found = {}
    for folder in ("domain", "infra", "functions"):
        for path in (SOURCES / folder).rglob("*.*"):
            if path.suffix in {".py", ".sql"}:
                found[str(path.relative_to(SOURCES))] = re.findall(r"(\w+(?: \w+)?) audit_log\b", path.read_text())

    assert {name: statements for name, statements in found.items() if statements} == {
        "infra/storage/sql/schema/0009_audit.sql": ["CREATE TABLE", "audit_log_by_subject ON"],
        "infra/storage/sql/audit.py": ["INSERT INTO", "outcome FROM", "DELETE FROM", "entry_id FROM"],
    }
