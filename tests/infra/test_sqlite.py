"""What is particular to the SQLite file: its settings, its schema, its lock, its faults."""

import asyncio
import errno
import fcntl
import os
import sqlite3
import stat
import threading
import time
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from functools import partial

import aiosqlite
import pytest

from domain.customers import CustomerChange, NewCustomer
from domain.errors import CustomerNotFound, StoreBusy, StoreUnavailable, Unusable
from domain.evidence import CandidateQuery
from domain.interactions import OrderItem, Purchase
from domain.products import ProductChange
from domain.recommendations import ListRequest
from infra.serving import current_list
from infra.sql import schema
from infra.sql.cache import Versioned
from infra.sql.statements import rows, the
from infra.sqlite import connections, dialect, open_sqlite
from infra.sqlite.transactions import Write
from infra.sqlite.write_lock import WriteLock, _locks

TABLES = {
    "customer_profiles", "customer_addresses", "browsing_history", "purchase_history", "customer_segments",
    "product_catalog", "customer_recommendations",
}  # fmt: skip


@pytest.fixture
async def repository(database):
    async with opened(database) as repository:
        yield repository


def failing_with(error):
    yield from rows("SELECT 1")
    raise error


def opened(path):
    return open_sqlite(path, currency="EUR")


async def test_the_documented_tables_are_there_and_strict(repository, database):
    with closing(sqlite3.connect(database)) as connection:
        tables = {row[1]: row[5] for row in connection.execute("PRAGMA table_list") if not row[1].startswith("sqlite_")}

    assert set(tables) >= TABLES
    assert set(tables.values()) == {1}


async def test_every_connection_is_set_up_to_lose_and_leak_nothing(repository):
    def settings():
        found = []
        for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "trusted_schema"):
            found += yield from the(f"PRAGMA {name}")
        return found

    assert await repository.engine.write(settings) == ["wal", 2, 1, 1, 0]
    assert await repository.engine.read(settings) == ["wal", 2, 1, 1, 0]


async def test_readers_cannot_write(repository):
    with pytest.raises(StoreUnavailable):
        await repository.engine.look_up(rows, "DELETE FROM shop_state")


async def test_the_files_are_for_their_owner_alone(repository, database, now):
    await repository.create_customer(NewCustomer(), now=now)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in database.parent.iterdir()}

    assert set(modes) == {"shop.db", "shop.db-wal", "shop.db-shm", "shop.db.lock", "shop.db.turn"}
    assert set(modes.values()) == {0o600}


async def test_files_that_are_open_to_others_are_closed_to_them(database, now, caplog):
    async with opened(database) as repository:
        await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
        for path in database.parent.iterdir():
            path.chmod(0o664)
        async with opened(database) as other:
            assert (await other.profile("c-1")).customer.customer_id == "c-1"

        assert {stat.S_IMODE(path.stat().st_mode) for path in database.parent.iterdir()} == {0o600}
    assert caplog.text.count("open to others than its owner") == 5


async def test_a_file_of_another_owner_that_cannot_be_closed_is_one_clear_line(database, monkeypatch):
    async with opened(database):
        pass
    database.chmod(0o666)

    def refused(*_):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(type(database), "chmod", refused)
    with pytest.raises(Unusable, match="Operation not permitted"):
        async with opened(database):
            pass


async def test_a_shop_outlives_its_process(database, now):
    async with opened(database) as first:
        await first.create_customer(NewCustomer(customer_id="c-1"), now=now)
    async with opened(database) as second:
        assert (await second.profile("c-1")).customer.customer_id == "c-1"


async def test_several_that_start_at_once_find_one_schema(database):
    async def start():
        async with opened(database) as repository:
            return await repository.summary()

    assert len(await asyncio.gather(*(start() for _ in range(8)))) == 8


@pytest.mark.parametrize("journal_mode", ["DELETE", "WAL"])
@pytest.mark.parametrize(
    ("statement", "said"), [("PRAGMA user_version=99", "newer"), ("CREATE TABLE mine (a)", "another program")]
)
async def test_a_database_that_is_not_ours_to_change_is_left_alone(database, journal_mode, statement, said):
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(f"PRAGMA journal_mode={journal_mode}")
        connection.execute(statement)
    database.chmod(0o644)
    os.utime(database, (1e9, 1e9))
    before = database.read_bytes()

    with pytest.raises(Unusable, match=said):
        async with opened(database):
            pass
    assert list(database.parent.iterdir()) == [database]
    assert (database.read_bytes(), stat.S_IMODE(database.stat().st_mode)) == (before, 0o644)
    assert database.stat().st_mtime == 1e9


async def test_a_database_that_another_program_has_only_in_its_log_is_left_alone(database):
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE mine (a)")
        before = sorted(database.parent.iterdir()), database.read_bytes()

        with pytest.raises(Unusable, match="another program"):
            async with opened(database):
                pass
        assert (sorted(database.parent.iterdir()), database.read_bytes()) == before


async def test_a_step_that_fails_leaves_the_schema_as_it_was(database, monkeypatch):
    steps = schema.steps()
    monkeypatch.setattr(schema, "steps", lambda: [*steps, "CREATE TABLE extra (a); CREATE TABLE broken ("])
    with pytest.raises(Unusable):
        async with opened(database):
            pass
    monkeypatch.undo()

    async with opened(database) as repository:
        assert (await repository.summary()).n_products == 0
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT name FROM sqlite_schema WHERE name = 'extra'").fetchall() == []


async def test_an_older_schema_is_brought_up_to_date(database, monkeypatch):
    async with opened(database):
        pass
    steps = schema.steps()
    monkeypatch.setattr(schema, "steps", lambda: [*steps, "CREATE TABLE extra (a INTEGER) STRICT;"])

    async with opened(database):
        pass

    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(steps) + 1,)


async def test_a_file_that_is_no_database_is_one_clear_line(database):
    database.write_text("Dear diary, " * 100)

    with pytest.raises(Unusable, match="not a database") as caught:
        async with opened(database):
            pass
    assert "\n" not in str(caught.value)
    assert list(database.parent.iterdir()) == [database]


async def test_a_folder_in_place_of_the_file_is_one_clear_line(database):
    database.mkdir()

    with pytest.raises(Unusable, match="Is a directory"):
        async with opened(database):
            pass


async def test_a_folder_that_is_not_there_is_one_clear_line(tmp_path):
    with pytest.raises(Unusable, match="No such file"):
        async with opened(tmp_path / "missing" / "shop.db"):
            pass


async def test_a_lock_that_another_holds_makes_writers_give_up_in_time(repository, database, now, monkeypatch):
    monkeypatch.setattr(connections, "BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy):
            await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
        other.execute("ROLLBACK")

    assert (await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)).customer_id == "c-1"


async def test_a_writer_of_another_process_is_waited_for(repository, database, now, monkeypatch):
    monkeypatch.setattr(connections, "BUSY_SECONDS", 0.05)
    async with opened(database) as other:
        with other.engine._lock.held(until=0), pytest.raises(StoreBusy):
            await repository.create_customer(NewCustomer(), now=now)
        await repository.create_customer(NewCustomer(), now=now)


async def test_readers_do_not_wait_for_a_writer(repository, database):
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert (await repository.summary()).n_products == 0
        other.execute("ROLLBACK")


async def test_a_failed_transaction_changes_nothing(repository, now):
    def half():
        yield from rows("INSERT INTO customer_profiles (customer_id, created_at, version) VALUES ('c-1', 0, 0)")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await repository.engine.write(half)
    with pytest.raises(CustomerNotFound):
        await repository.profile("c-1")


async def test_a_fault_of_sqlite_is_told_from_a_fault_of_the_code(repository):
    def damaged():
        yield from rows("SELECT 1")
        raise sqlite3.DatabaseError("malformed")

    with pytest.raises(StoreUnavailable):
        await repository.engine.look_up(rows, "SELECT * FROM nowhere")
    with pytest.raises(StoreUnavailable):
        await repository.engine.read(damaged)
    with pytest.raises(sqlite3.IntegrityError):
        await repository.engine.write(rows, "INSERT INTO shop_state SELECT * FROM shop_state")


async def test_a_request_that_outlives_the_storage_finds_none(database, now):
    async with opened(database) as repository:
        pass

    with pytest.raises(StoreUnavailable):
        await repository.summary()


async def test_a_value_error_of_the_code_stays_one(repository):
    with pytest.raises(ValueError, match="five"):
        await repository.engine.read(failing_with, ValueError("five"))


async def test_a_reader_that_meets_a_lock_is_a_busy_store(repository):
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY_RECOVERY

    with pytest.raises(StoreBusy):
        await repository.engine.read(failing_with, error)


async def test_a_transaction_that_sqlite_has_rolled_back_itself_is_not_rolled_back_again(repository, now):
    def full():
        yield from rows("ROLLBACK")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await repository.engine.write(full)
    await repository.create_customer(NewCustomer(), now=now)


async def test_a_file_that_may_not_be_written_is_one_clear_line(database, monkeypatch):
    database.touch()
    monkeypatch.setattr("os.access", lambda *_: False)

    with pytest.raises(Unusable, match="Permission denied"):
        async with opened(database):
            pass


async def test_a_fault_of_begin_is_not_taken_for_a_busy_store(repository, now):
    await repository.engine._writer._inner.execute("BEGIN")

    with pytest.raises(StoreUnavailable):
        await repository.create_customer(NewCustomer(), now=now)
    await repository.engine._writer._inner.execute("ROLLBACK")


async def test_a_caller_that_goes_away_does_not_stop_a_write(repository, now):
    writing = asyncio.create_task(repository.create_customer(NewCustomer(customer_id="c-1"), now=now))
    await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing

    # The writer works off one transaction after the other.
    await repository.create_customer(NewCustomer(customer_id="c-2"), now=now)
    assert (await repository.profile("c-1")).customer.customer_id == "c-1"


def written(number, *, failing=None):
    """Register a customer, and fail before or after that."""
    if failing == "before":
        raise CustomerNotFound("nobody")
    yield from rows("INSERT INTO customer_profiles (customer_id, created_at, version) VALUES (:id, 0, 0)", id=f"c-{number}")
    if failing == "after":
        raise CustomerNotFound("nobody")
    return number


def large(number, **_):
    yield from rows("INSERT INTO customer_profiles (customer_id, created_at, version) VALUES (:id, 0, 0)", id="c" * 99_999)
    return number


async def test_a_full_disk_is_told_to_all_that_share_a_commit_without_trying_each(repository):
    await repository.engine.write(the, "PRAGMA max_page_count = 1")  # SQLite takes the present size for it.

    outcomes, n_transactions, there = await at_once(repository.engine, write=large)

    assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 10
    assert (n_transactions, there) == (1, set())


async def test_all_who_wait_for_a_connection_that_is_gone_are_told(repository):
    await repository.engine._writer.close()

    outcomes = await asyncio.gather(
        *(repository.engine.write(written, number) for number in range(3)), return_exceptions=True
    )

    assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 3


async def test_who_has_waited_long_enough_is_told_so_and_who_came_later_is_still_served(repository, database):
    engine, now, other = repository.engine, time.monotonic(), WriteLock(database)
    writes = [Write(partial(written, number), now + budget) for number, budget in enumerate((0.05, 30.0, 30.0))]

    with other.held(until=0):
        committing = asyncio.ensure_future(engine._writer.run(engine._transactions.commit, writes))
        await asyncio.sleep(0.2)
    other.close()

    busy, *done = await committing
    assert isinstance(busy, StoreBusy)
    assert done == [1, 2]


async def at_once(engine, failing=(), *, n=10, write=written):
    """Write at once; return the outcomes, how many transactions were begun, and which customers are there."""
    said = []
    await engine._writer.run(lambda connection: connection.set_trace_callback(said.append))
    writing = [engine.write(write, number, failing=dict(failing).get(number)) for number in range(n)]
    outcomes = await asyncio.gather(*writing, return_exceptions=True)
    there = await engine.look_up(rows, "SELECT customer_id FROM customer_profiles")
    return outcomes, said.count("BEGIN IMMEDIATE"), {customer_id for (customer_id,) in there}


async def test_what_is_written_at_the_same_time_shares_a_commit(repository):
    outcomes, n_transactions, there = await at_once(repository.engine)

    assert outcomes == list(range(10))
    assert n_transactions == 1
    assert there == {f"c-{number}" for number in range(10)}


async def test_one_that_fails_before_it_writes_leaves_the_others_their_commit(repository):
    outcomes, n_transactions, there = await at_once(repository.engine, {3: "before"})

    assert isinstance(outcomes.pop(3), CustomerNotFound)
    assert outcomes == [number for number in range(10) if number != 3]
    assert n_transactions == 1
    assert len(there) == 9


async def test_one_that_fails_after_it_wrote_is_undone_alone(repository):
    outcomes, n_transactions, there = await at_once(repository.engine, {3: "after"})

    assert isinstance(outcomes.pop(3), CustomerNotFound)
    assert outcomes == [number for number in range(10) if number != 3]
    assert n_transactions == 11
    assert there == {f"c-{number}" for number in range(10) if number != 3}


async def test_only_so_many_share_a_commit(repository, monkeypatch):
    monkeypatch.setattr(repository.engine._writes, "_most", 4)

    outcomes, n_transactions, there = await at_once(repository.engine)

    assert (outcomes, n_transactions, len(there)) == (list(range(10)), 3, 10)


async def test_all_that_wait_for_a_lock_that_does_not_come_are_told(repository, database, monkeypatch):
    monkeypatch.setattr(connections, "BUSY_SECONDS", 0.05)
    async with opened(database) as other:
        with other.engine._lock.held(until=0):
            outcomes, n_transactions, there = await at_once(repository.engine)

    assert [type(outcome) for outcome in outcomes] == [StoreBusy] * 10
    assert (n_transactions, there) == (0, set())


async def test_who_waits_for_the_lock_has_it_before_the_one_that_gave_it_back(database):
    mine, other = WriteLock(database), WriteLock(database)
    has_it, may_go = threading.Event(), threading.Event()

    def wait():
        with other.held(until=time.monotonic() + 5):
            has_it.set()
            may_go.wait()

    with mine.held(until=0):
        waiting = threading.Thread(target=wait)
        waiting.start()
        while _locks(mine._turn):
            fcntl.flock(mine._turn, fcntl.LOCK_UN)
    with pytest.raises(StoreBusy), mine.held(until=0):
        pass
    assert has_it.wait(5)
    may_go.set()
    waiting.join()
    mine.close()
    other.close()


def slow(may_go):
    yield from rows("SELECT 1")
    may_go.wait(5)


async def test_a_write_is_made_though_the_task_that_waits_for_its_turn_is_cancelled(repository):
    engine = repository.engine
    async with engine._turn():
        writing = asyncio.create_task(engine.write(written, 1))
        await asyncio.sleep(0.01)
        for doing in list(engine._writes._under_way):
            doing.cancel()
        await asyncio.sleep(0.01)

    assert await asyncio.wait_for(writing, 5) == 1
    assert await asyncio.wait_for(engine.write(written, 2), 5) == 2


async def test_who_waits_for_a_write_under_way_is_told_when_its_task_is_cancelled(repository):
    engine, may_go = repository.engine, threading.Event()
    writing = asyncio.create_task(engine.write(slow, may_go))
    await asyncio.sleep(0.01)
    for doing in list(engine._writes._under_way):
        doing.cancel()

    with pytest.raises(StoreUnavailable):
        await asyncio.wait_for(writing, 5)
    may_go.set()
    assert await asyncio.wait_for(engine.write(written, 2), 5) == 2


async def test_closing_finishes_the_writes_that_wait_and_those_whose_callers_left(database):
    may_go = threading.Event()
    async with opened(database) as repository:
        engine = repository.engine
        writing = [asyncio.create_task(engine.write(slow, may_go))]
        await asyncio.sleep(0.01)
        writing += [asyncio.create_task(engine.write(written, number)) for number in range(3)]
        await asyncio.sleep(0.01)
        writing[1].cancel()
        asyncio.get_running_loop().call_later(0.05, may_go.set)

    outcomes = await asyncio.gather(*writing, return_exceptions=True)
    assert type(outcomes.pop(1)) is asyncio.CancelledError
    assert outcomes == [None, 1, 2]
    async with opened(database) as repository:
        assert await repository.engine.look_up(the, "SELECT COUNT(*) FROM customer_profiles") == (3,)


async def test_an_exit_in_the_thread_is_told_to_who_waits_and_ends_nothing(repository):
    with pytest.raises(StoreUnavailable):
        await asyncio.wait_for(repository.engine.write(failing_with, SystemExit(3)), 5)

    assert await repository.engine.write(written, 2) == 2


@asynccontextmanager
async def all_readers_taken(engine):
    async with AsyncExitStack() as taken:
        for _ in range(connections.READERS):
            await taken.enter_async_context(engine._reader())
        yield


async def test_look_ups_that_wait_together_have_each_their_own_outcome(repository, monkeypatch):
    engine = repository.engine
    monkeypatch.setattr(engine._look_ups, "_most", 3)
    async with all_readers_taken(engine):
        waiting = [
            asyncio.create_task(engine.look_up(*what))
            for what in (
                (the, "SELECT 1"), (rows, "SELECT * FROM nowhere"), (the, "SELECT 2"), (failing_with, ValueError("five")),
                (the, "SELECT 3"),
            )
        ]  # fmt: skip
        await asyncio.sleep(0)
        waiting[2].cancel()

    one, unknown, gone, wrong, three = await asyncio.gather(*waiting, return_exceptions=True)

    assert (one, three) == ((1,), (3,))
    assert (type(unknown), type(gone), type(wrong)) == (StoreUnavailable, asyncio.CancelledError, ValueError)


async def test_look_ups_that_wait_together_go_to_one_thread(repository):
    threads = set()

    def noting():
        yield from rows("SELECT 1")
        threads.add(threading.get_ident())

    async with all_readers_taken(repository.engine):
        waiting = [asyncio.create_task(repository.engine.look_up(noting)) for _ in range(5)]
        await asyncio.sleep(0)
    await asyncio.gather(*waiting)

    assert len(threads) == 1


async def test_who_has_waited_longest_reads_next(repository):
    happened = []

    async def reading(number):
        await repository.engine.read(the, "SELECT 1")
        happened.append(number)

    async with all_readers_taken(repository.engine):
        waiting = [asyncio.create_task(reading(number)) for number in range(20)]
        await asyncio.sleep(0)
    # It comes before any of them has run, while all readers are free.
    await reading("late")
    await asyncio.gather(*waiting)

    assert "late" not in happened[: 20 - connections.READERS]


async def test_a_look_up_sees_what_was_acknowledged_before_it(repository, now):
    async def look_all_the_time():
        while True:
            await repository.engine.look_up(the, "SELECT COUNT(*) FROM customer_profiles")

    def count_of(number):
        return the("SELECT COUNT(*) FROM customer_profiles WHERE customer_id = :id", id=f"c-{number}")

    async def acknowledged(number):
        await repository.engine.write(written, number)
        return await repository.engine.look_up(count_of, number)

    looking = [asyncio.create_task(look_all_the_time()) for _ in range(4)]
    found = await asyncio.gather(*(acknowledged(number) for number in range(200)))
    for one in looking:
        one.cancel()

    assert set(found) == {(1,)}


async def test_a_look_up_that_outlives_the_storage_finds_none(database):
    async with opened(database) as repository:
        pass

    with pytest.raises(StoreUnavailable):
        await repository.engine.look_up(the, "SELECT 1")


async def lost_at_once(repository, *, now, attempt=0):
    """Send orders at once, half of them of a product that is not there; return the acknowledged ones that are lost."""
    await repository.put_customers([CustomerChange(customer_id="c-1")], now=now)
    await repository.put_products([ProductChange(product_id="p-1")], now=now)
    orders = [
        Purchase(customer_id="c-1", order_id=f"o-{attempt}-{n}", items=(OrderItem(product_id=f"p-{n % 2}"),))
        for n in range(64)
    ]

    async def send(number, order):
        await asyncio.sleep(number / 3000)
        return await repository.record([order], now=now)

    outcomes = await asyncio.gather(*(send(*one) for one in enumerate(orders)), return_exceptions=True)
    acknowledged = {order.order_id for order, one in zip(orders, outcomes, strict=True) if not isinstance(one, Exception)}
    assert acknowledged
    return acknowledged - {row[0] for row in await repository.engine.look_up(rows, "SELECT order_id FROM purchase_history")}


async def test_a_transaction_that_fails_takes_no_other_with_it(repository, now):
    assert await lost_at_once(repository, now=now) == set()


async def test_the_check_finds_transactions_that_share_a_connection(repository, now, monkeypatch):
    engine = repository.engine

    async def write_step_by_step(transaction, *arguments, **named):
        steps = transaction(*arguments, **named)
        with suppress(sqlite3.OperationalError):
            await engine._writer._inner.execute("BEGIN")
        try:
            statement = next(steps)
            while True:
                statement = steps.send(await engine._writer.run(dialect._executed, statement))
        except StopIteration as done:
            await engine._writer._inner.commit()
            return done.value
        except Exception:
            await engine._writer._inner.rollback()
            raise

    monkeypatch.setattr(engine, "write", write_step_by_step)

    # Whether two meet is left to chance, so it gets several.
    assert any([await lost_at_once(repository, now=now, attempt=attempt) for attempt in range(12)])


async def end_thread(connection):
    """End a connection's thread as a fault of the interpreter would, without the connection's knowledge."""
    connection._tx.put_nowait((None, lambda: (connection._connection.close(), aiosqlite.core._STOP_RUNNING_SENTINEL)[1]))
    await asyncio.to_thread(connection._thread.join)


async def test_a_writer_whose_thread_is_dead_is_replaced(repository, now):
    dead = repository.engine._writer._inner
    await end_thread(dead)

    await asyncio.gather(*(repository.create_customer(NewCustomer(customer_id=f"c-{n}"), now=now) for n in range(3)))

    assert repository.engine._writer is not dead
    assert (await repository.profile("c-2")).customer.customer_id == "c-2"
    assert await repository.engine.write(the, "PRAGMA synchronous") == (2,)
    dead._connection = None


async def test_a_writer_whose_thread_died_before_the_files_were_scrubbed_is_replaced(repository):
    dead = repository.engine._writer._inner
    await end_thread(dead)

    await repository.engine.scrub()

    assert repository.engine._writer._inner is not dead
    dead._connection = None


async def test_a_connection_that_is_closed_while_it_is_made_anew_stays_closed(repository):
    writer, may_go = repository.engine._writer, threading.Event()
    dead = writer._inner
    await end_thread(dead)
    writer._prepare = lambda _: may_go.wait(5)
    running = asyncio.create_task(writer.run(lambda _: None))
    await asyncio.sleep(0.02)
    await writer.close()
    may_go.set()

    with pytest.raises(StoreUnavailable, match="closed"):
        await running
    await asyncio.to_thread(writer._inner._thread.join, 5)
    assert not writer._inner._thread.is_alive()
    dead._connection = None


async def test_a_scrub_whose_caller_left_keeps_its_turn(repository):
    engine, may_go = repository.engine, threading.Event()
    engine._transactions.truncate = lambda *_: may_go.wait(5)
    scrubbing = asyncio.create_task(engine.scrub())
    await asyncio.sleep(0.01)
    scrubbing.cancel()
    await asyncio.sleep(0.01)

    assert engine._writing.locked()
    may_go.set()
    assert await engine.write(written, 1) == 1


async def test_readers_whose_threads_are_dead_are_replaced(repository, now):
    dead = [reader._inner for reader in repository.engine._readers]
    for connection in dead:
        await end_thread(connection)

    assert [(await repository.summary()).n_products for _ in range(4)] == [0] * 4
    assert await repository.engine.look_up(the, "SELECT 1") == (1,)
    for connection in dead:
        connection._connection = None


async def test_aiosqlite_still_runs_a_function_in_its_thread():
    async with aiosqlite.connect(":memory:") as connection:
        result = await connection._execute(lambda a, b: (a, b), 1, 2)

    assert result == (1, 2)


@pytest.mark.parametrize(("version", "warned"), [((3, 51, 2), True), ((3, 51, 3), False)])
async def test_an_sqlite_with_a_known_bug_is_warned_of(database, caplog, monkeypatch, version, warned):
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)

    async with opened(database):
        pass

    assert any("older than" in record.message for record in caplog.records) == warned


async def test_a_stored_list_of_an_older_format_is_computed_again(repository, database, now, caplog):
    await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
    await current_list(repository, "c-1", now=now, reuse_seconds=3600)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE customer_recommendations SET beginning = x'c1'")

    answer = await current_list(repository, "c-1", now=now, reuse_seconds=3600)

    assert not answer.cached
    assert "cannot be decoded" in caplog.text


async def test_cached_products_follow_the_catalogue(repository, now):
    await repository.put_products([ProductChange(product_id=f"p-{number}") for number in range(3)], now=now)
    query = CandidateQuery(
        product_indexes=(0, 1, 2), categories=(), n_newest=0, n_fill=0, seen=frozenset(), request=ListRequest()
    )

    for _ in range(3):
        assert len(await repository.candidates(query)) == 3
    await repository.put_products([ProductChange(product_id="p-0", name="New name")], now=now)

    assert (await repository.candidates(query))[0].name == "New name"


def test_a_cache_holds_what_was_asked_for_last_under_one_version():
    cache: Versioned[int, str] = Versioned(2)
    held, missing = cache.under(1, [1, 2])
    held.update({1: "one", 2: "two"})
    assert missing == [1, 2]

    held, missing = cache.under(1, [1, 3])
    held[3] = "three"

    assert (held, missing) == ({1: "one", 3: "three"}, [3])
    assert cache.under(1, [1, 2, 3]) == ({1: "one", 3: "three"}, [2])
    assert cache.under(2, [1]) == ({}, [1])
