"""An export contains everything about a person; an erasure leaves nothing in any table and no byte in the files."""

import asyncio
import itertools
import json
import random
import sqlite3
from contextlib import closing
from datetime import timedelta

import asyncpg
import msgspec
import pytest

from domain.errors import CustomerNotFound, StoreBusy
from domain.ports.repository import ListVersions, StoredList
from domain.records.customers import Address, CustomerChange, NewCustomer
from domain.records.imports import OrderReturn, ReturnedItem
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from domain.records.recommendations import RankedList, RankedProduct
from domain.records.values import from_microseconds
from functions.customer.erase import erase
from functions.customer.export import export
from infra.http.app import create_app
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.storage.postgres.dialect import run
from infra.storage.sql import privacy
from infra.storage.sql.privacy import PERSONAL
from infra.storage.sql.statements import rows
from infra.storage.sqlite import connection, open_sqlite, scrubbing
from infra.use_cases.purge import purge_guests
from infra.use_cases.recommend import current_list, fresh_list
from tests.conftest import NOW, client_of
from tests.imports import as_imported

IMPERSONAL = {
    "product_catalog", "recommendation_models", "product_neighbours", "product_trends", "product_activity",
    "shop_state", "erased_customers",
    "product_aliases", "imports", "audit_log", "api_keys", "list_impressions", "shop_rules", "dashboard_sessions",
    "shop_experiments",
}  # fmt: skip
"""Tables without personal data: the catalogue, models, hashes, rules, experiments, and keys of the shop's own servers."""

NOT_EXPORTED = {
    ("customer_profiles", "email_key"),  # the e-mail address in one case
    ("customer_profiles", "version"),  # how often the list became stale
    ("customer_addresses", "customer_id"), ("customer_segments", "customer_id"), ("browsing_history", "customer_id"),
    ("purchase_history", "customer_id"),  # the same id as in the profile
    ("customer_addresses", "position"), ("purchase_history", "line"),  # the order in which they are exported
    ("browsing_history", "digest"), ("purchase_history", "digest"),  # of content that is exported
    ("customer_recommendations", "customer_version"), ("customer_recommendations", "catalogue_version"),
    ("customer_recommendations", "model_id"),  # what the list was computed from
    ("customer_recommendations", "length"),  # how long a list was asked for
    ("customer_histories", "customer_id"), ("customer_histories", "version"), ("customer_histories", "purchases"),
    *((table, "customer_id") for table in ("order_amendments", "order_returns", "import_changes")),
    *((table, "digest") for table in ("order_amendments", "order_returns")),
    *(
        (table, "import_id")  # which file brought it
        for table in ("browsing_history", "purchase_history", "order_amendments", "order_returns", "import_changes")
    ),
    ("import_changes", "before_import_id"),
    # The values that `before` has too.
    ("import_changes", "order_id"), ("import_changes", "occurred_at"),
    ("customer_histories", "events"), ("customer_histories", "own"),  # the exported events in a form that is read faster
}  # fmt: skip


def columns(database):
    """Return the columns of every table with their types."""
    tables = [name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    return {table: {row[1]: row[2] for row in database.execute(f"PRAGMA table_info({table})")} for table in tables}


def canary_row(table, types, numbers):
    """Return a row with a unique value in every column, and the text of each value in an export."""
    listed = RankedProduct(product_index=0, product_id="listed-product", score=1.0, reasons=[])
    stored = RankedList(customer_id="canary-person", segment="Budget", strategy="popular", generated_at=NOW, items=[listed])
    fixed = {
        "customer_id": "canary-person", "kind": "billing", "event_type": "wishlist", "segment": "Budget", "is_default": 1,
        "is_guest": 1, "profiling": 0, "bought": '[["canary-bought", 3, 1000037]]',
        "returned": '{"canary-cause": {"canary-back": 2}}',
        "content": '["canary-named", {"canary-item": 4}]', "orders": '["canary-order_amendments-order_id"]',
        "list_place": '["similar","canary-place",null]',
        "lists": '{"canary-bought": {"kind": "new", "placement": null, "arm": "canary-arm", "nonce": "canary-nonce"}}',
        "before": '{"customer_id": "canary-person", "order_id": "canary-replaced", "occurred_at": 0, "currency": "EUR",'
        ' "digest": null, "import_id": null, "lines": [["canary-line", 1, null]], "returned": {"canary-own": 1}}',
        "list": msgspec.msgpack.encode(stored), "generated_at": 0,
    }  # fmt: skip
    exported_as = {
        "is_guest": '"is_guest":true',
        "profiling": '"profiling":false',
        "bought": '{"product_id":"canary-bought","quantity":3,"unit_price":100.0037,',
        "returned": '{"canary-cause":{"canary-back":2}}',
        "content": '"canary-named","items":{"canary-item":4}',
        "orders": '"orders":[]',
        "before": '"canary-replaced"',
        "list_place": '"kind":"similar","placement":"canary-place","arm":null',
        "lists": '"arm":"canary-arm","nonce":"canary-nonce"',
        "is_default": '"is_default":true',
        "list": "listed-product",
        "generated_at": "2026-11-23T10:00:00Z",
    }
    row, exported = {}, {}
    for column, kind in types.items():
        unique = next(numbers)
        match kind:
            case "TEXT":
                row[column] = exported[column] = f"canary-{table}-{column}"
            case "BLOB":
                row[column], exported[column] = b"canary", f"canary-{table}-{column}"
            case _ if column.endswith("_at"):
                row[column] = unique * 1_000_000
                exported[column] = from_microseconds(unique * 1_000_000).isoformat().removesuffix("+00:00")
            case _ if column == "unit_price":
                row[column], exported[column] = unique, str(unique / 10_000)
            case _:
                row[column], exported[column] = unique, str(unique)
        if column in fixed:
            row[column] = fixed[column]
            exported[column] = exported_as.get(column, fixed[column])
    return row, exported


@pytest.fixture
async def canary_shop(database):
    """Fill every column that belongs to a person; return the text of each value in an export, by table and column."""
    async with open_sqlite(database, currency="EUR"):
        pass
    expected, numbers = {}, itertools.count(1_000_003, 7)
    with closing(sqlite3.connect(database)) as file, file:
        file.execute(
            "INSERT INTO product_catalog (product_index, product_id, name, currency, in_stock, withdrawn, created_at)"
            " VALUES (0, 'listed-product', 'L', 'EUR', 1, 0, 0)"
        )
        for table, types in columns(file).items():
            if "customer_id" in types:
                row, exported = canary_row(table, types, numbers)
                expected |= {(table, column): value for column, value in exported.items()}
                file.execute(
                    f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values())
                )
    return expected


def client_on(database):
    return client_of(create_app(export, erase, settings=lambda: Settings(database_url=f"sqlite:///{database}")))


async def test_every_table_is_erased_or_has_no_personal_data(database, canary_shop):
    with closing(sqlite3.connect(database)) as file:
        tables = columns(file)

    assert set(tables) == {*PERSONAL, *IMPERSONAL}
    assert {table for table, types in tables.items() if "customer_id" in types} == set(PERSONAL)


async def test_every_column_that_belongs_to_a_person_is_exported(database, canary_shop):
    async with client_on(database) as client:
        answer = await client.get("/customer/export/canary-person")

    assert answer.status_code == 200
    missing = {column for column, value in canary_shop.items() if value not in answer.text}
    assert missing - NOT_EXPORTED == set()
    assert len(canary_shop) - len(NOT_EXPORTED) > 25


async def test_an_erasure_leaves_no_personal_data_in_any_table(database, canary_shop):
    async with client_on(database) as client:
        answers = [await client.delete("/customer/erase/canary-person") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [204, 404]
    assert answers[0].content == b""
    with closing(sqlite3.connect(database)) as file:
        remaining = {table: file.execute(f"SELECT * FROM {table}").fetchall() for table in columns(file)}
    assert "canary" not in repr(remaining)
    # The customer and the guest who was merged into it.
    assert [(len(row), row[1]) for row in remaining["erased_customers"]] == [(2, 1), (2, 1)]


async def test_the_hash_of_an_erased_id_is_keyed_with_a_secret_of_this_shop(tmp_path):
    hashes = []
    for name in ("one", "other"):
        async with open_sqlite(tmp_path / f"{name}.db", currency="EUR") as repository:
            for customer_id in ("canary", "bob"):
                await repository.create_customer(NewCustomer(customer_id=customer_id), now=NOW)
                await repository.erase(customer_id)
            hashes += await repository.engine.look_up(rows, "SELECT id_hash FROM erased_customers")
            keys = await repository.engine.look_up(rows, "SELECT LENGTH(erasure_key) FROM shop_state")
            assert keys == [(32,)]

    assert len(set(hashes)) == 4


def secrets_of(number):
    """Return personal values of different lengths, so that inserting and deleting them splits and merges pages."""
    rng = random.Random(number)
    secrets = {
        kind: f"canary-{kind}{rng.getrandbits(96):024x}" + "x" * rng.randrange(60)
        for kind in ("name", "mail", "street", "id")
    }
    return secrets | {"id": secrets["id"][:60]}


async def fill(repository, numbers):
    """Register customers with an address, an interaction, an order and a list."""
    for number in numbers:
        own = secrets_of(number)
        customer_id = own["id"]
        new = NewCustomer(customer_id=customer_id, first_name=own["name"], email=f"{own['mail']}@canary.com")
        await repository.create_customer(new, now=NOW)
        address = Address(kind="billing", line1=own["street"], city="Canaryville", postal_code="CANARY-3000", country="CH")
        await repository.add_addresses(customer_id, [address])
        event = BrowsingEvent(customer_id=customer_id, product_id="p-1")
        order = Purchase(customer_id=customer_id, items=(OrderItem(product_id="p-2"),))
        await repository.record([event, order], now=NOW)
        await import_and_return(repository, customer_id, number)
        await fresh_list(repository, customer_id, now=NOW)


async def import_and_return(repository, customer_id, number):
    """Import an order twice, and two contents of a return, all of which storage keeps."""
    for quantity in (4, 5):
        items = (OrderItem(product_id="p-3", quantity=quantity),)
        imported = as_imported([Purchase(customer_id=customer_id, order_id=f"o-{number}", items=items)])
        await repository.put_events(imported, create_products=False, import_id=f"i-{quantity}", now=NOW)
    for quantity in (1, 2):
        returned = (ReturnedItem(product_id="p-3", quantity=quantity),)
        back = OrderReturn(customer_id=customer_id, return_id="r-1", items=returned)
        await repository.put_returns([back], import_id=f"i-{quantity}", now=NOW)


def secrets_in_files(folder, numbers):
    """Return which secrets of the customers any file contains."""
    content = b"".join(path.read_bytes() for path in folder.iterdir())
    secrets = {(number, kind): value for number in numbers for kind, value in secrets_of(number).items()}
    return {secret for secret, value in secrets.items() if value[:60].encode() in content}


@pytest.mark.system
async def test_an_erasure_leaves_no_byte_in_the_files(tmp_path):
    everyone = list(range(400))
    random.Random(1).shuffle(everyone)
    erased = everyone[::3]
    async with open_sqlite(tmp_path / "shop.db", currency="EUR") as repository:
        await repository.put_products([ProductChange(product_id=f"p-{n}") for n in range(300)], now=NOW)
        await fill(repository, everyone)
        assert len(secrets_in_files(tmp_path, erased)) == 4 * len(erased)

        for number in erased:
            await repository.erase(secrets_of(number)["id"])

        assert secrets_in_files(tmp_path, erased) == set()
        assert len(secrets_in_files(tmp_path, everyone[1::3])) == 4 * len(everyone[1::3])
    assert secrets_in_files(tmp_path, erased) == set()


@pytest.mark.system
@pytest.mark.parametrize("has_crashed", [False, True])
async def test_a_purge_of_guests_leaves_no_byte_in_the_files(tmp_path, has_crashed):
    everyone = list(range(200))
    guests = everyone[::3]
    async with open_sqlite(tmp_path / "shop.db", currency="EUR") as repository:
        await repository.put_products([ProductChange(product_id=f"p-{n}") for n in range(300)], now=NOW)
        await fill(repository, everyone)
        changes = [CustomerChange(customer_id=secrets_of(number)["id"], is_guest=True) for number in guests]
        await repository.put_customers(changes, now=NOW)
        later = NOW + timedelta(days=40)
        if has_crashed:
            # All guests are gone, but the process ended before it removed them from the files.
            page = await repository.expired_guests(before=NOW + timedelta(days=1))
            while page:
                page = page[await repository.purge_guests(page, before=NOW + timedelta(days=1)) :]
            assert secrets_in_files(tmp_path, guests) != set()

        n_purged = await purge_guests(repository, now=later, retention_days=30)

        assert n_purged == (0 if has_crashed else len(guests))
        assert secrets_in_files(tmp_path, guests) == set()
        assert len(secrets_in_files(tmp_path, everyone[1::3])) == 4 * len(everyone[1::3])
        assert await repository.engine.look_up(rows, "SELECT n_unscrubbed FROM shop_state") == [(0,)]


async def test_the_check_finds_the_bytes_that_remain_without_secure_deletion(tmp_path, monkeypatch):
    monkeypatch.setattr(connection, "PRAGMAS", ("secure_delete=OFF",))
    async with open_sqlite(tmp_path / "shop.db", currency="EUR") as repository:
        await repository.put_products([ProductChange(product_id=f"p-{n}") for n in range(300)], now=NOW)
        await fill(repository, range(20))
        for number in range(10):
            await repository.erase(secrets_of(number)["id"])

        assert secrets_in_files(tmp_path, range(10)) != set()


async def test_an_erasure_is_busy_while_a_reader_needs_the_log_and_the_same_request_finishes_it(tmp_path, monkeypatch):
    monkeypatch.setattr(scrubbing, "BUSY_SECONDS", 0.2)
    database = tmp_path / "shop.db"
    async with open_sqlite(database, currency="EUR") as repository:
        await repository.put_products([ProductChange(product_id=f"p-{n}") for n in range(9)], now=NOW)
        await fill(repository, [1])
    async with client_on(database) as client:
        with closing(sqlite3.connect(database, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM customer_profiles").fetchall()
            path = f"/customer/erase/{secrets_of(1)['id']}"
            busy = [await client.delete(path) for _ in range(2)]
            exported = await client.get(path.replace("erase", "export"))
            before = secrets_in_files(tmp_path, [1])
            reader.execute("COMMIT")

        answers = [await client.delete(path) for _ in range(2)]
        after = secrets_in_files(tmp_path, [1])

    assert [(answer.status_code, answer.headers["retry-after"]) for answer in busy] == [(503, "1")] * 2
    assert busy[0].json()["type"] == "urn:problem:store-busy"
    assert exported.status_code == 404
    assert before
    assert [answer.status_code for answer in answers] == [204, 404]
    assert after == set()


async def test_after_a_crash_before_the_files_are_clean_the_same_request_finishes_the_erasure(tmp_path):
    async with open_sqlite(tmp_path / "shop.db", currency="EUR") as repository:
        await repository.create_customer(NewCustomer(customer_id="canary"), now=NOW)
        await repository.engine.write(privacy.erase, "canary")
    async with open_sqlite(tmp_path / "shop.db", currency="EUR") as repository:
        await repository.erase("canary")
        with pytest.raises(CustomerNotFound):
            await repository.erase("canary")


async def test_a_stored_list_that_cannot_be_decoded_is_left_out_of_an_export(repository):
    await repository.create_customer(NewCustomer(customer_id="canary"), now=NOW)
    await repository.put_products([ProductChange(product_id="p-1")], now=NOW)
    await current_list(repository, "canary", now=NOW, reuse_seconds=60)
    await repository.engine.write(rows, "UPDATE customer_recommendations SET list = :list", list=b"\xff")

    assert (await repository.export("canary")).recommendations is None


@pytest.fixture
async def on_postgres(postgres_url):
    """Open a shop with one customer, and a second connection with an open transaction."""
    async with open_repository(Settings(database_url=postgres_url)) as repository:
        await repository.put_products([ProductChange(product_id="p-1")], now=NOW)
        await repository.create_customer(NewCustomer(customer_id="canary", email="canary@canary.com"), now=NOW)
        session = await asyncpg.connect(postgres_url)
        await session.execute("BEGIN")
        try:
            yield repository, session
        finally:
            await session.close()


async def during_an_erasure(on_postgres, work):
    """Start `work` during an erasure, commit the erasure once `work` waits for a lock, and return the outcome of `work`."""
    repository, session = on_postgres
    await run(session, privacy.erase("canary"))
    working = asyncio.create_task(work(repository))
    for _ in range(200):
        n_waiting = await session.fetchval("SELECT COUNT(*) FROM pg_locks WHERE NOT granted")
        if n_waiting:
            break
        await asyncio.sleep(0.01)
    assert n_waiting
    await session.execute("COMMIT")
    (outcome,) = await asyncio.gather(working, return_exceptions=True)
    for table in PERSONAL:
        assert await repository.engine.look_up(rows, f"SELECT 1 FROM {table} WHERE customer_id = 'canary'") == [], table
    return outcome


async def test_an_import_during_an_erasure_does_not_create_the_customer_again(on_postgres):
    async def import_events(repository):
        events = [BrowsingEvent(customer_id=name, product_id="p-1", event_id=f"e-{name}") for name in ("canary", "bob")]
        return await repository.put_events(as_imported(events), create_products=False, now=NOW)

    outcomes = await during_an_erasure(on_postgres, import_events)

    assert [outcome.status for outcome in outcomes] == ["refused", "new"]


async def test_an_order_replaced_during_an_erasure_does_not_create_the_customer_again(on_postgres):
    repository, _ = on_postgres
    # The key of erasures exists, so that the next one locks no row of the shop.
    await repository.create_customer(NewCustomer(customer_id="canary-bob"), now=NOW)
    await repository.erase("canary-bob")
    order = Purchase(customer_id="canary", order_id="o-1", items=(OrderItem(product_id="p-1"),))

    async def import_returned(repository):
        imported = as_imported([order], returned={"p-1": 1})
        return await repository.put_events(imported, create_products=False, now=NOW)

    outcomes = await during_an_erasure(on_postgres, import_returned)

    assert [outcome.status for outcome in outcomes] == ["refused"]


async def test_a_list_computed_during_an_erasure_is_not_stored(on_postgres):
    repository, _ = on_postgres
    state = await repository.customer_state("canary")
    ranked = RankedList(customer_id="canary", segment="Regular", strategy="empty", generated_at=NOW, items=[])
    versions = ListVersions(customer=state.version, catalogue=state.catalogue_version, model_id="untrained")
    stored = StoredList(ranked=ranked, length=10, versions=versions)

    assert await during_an_erasure(on_postgres, lambda repository: repository.store_list(stored)) is None


async def test_an_event_recorded_during_an_erasure_finds_no_customer(on_postgres):
    event = BrowsingEvent(customer_id="canary", product_id="p-1")

    outcome = await during_an_erasure(on_postgres, lambda repository: repository.record([event], now=NOW))

    assert isinstance(outcome, CustomerNotFound)


async def test_a_second_erasure_during_the_first_succeeds_too(on_postgres):
    assert await during_an_erasure(on_postgres, lambda repository: repository.erase("canary")) is None


async def test_scrubbing_gives_up_after_the_busy_timeout(database, monkeypatch):
    monkeypatch.setattr(scrubbing, "BUSY_SECONDS", 0.1)
    async with open_sqlite(database, currency="EUR") as repository:
        await repository.create_customer(NewCustomer(customer_id="canary"), now=NOW)
        with closing(sqlite3.connect(database, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM customer_profiles").fetchall()
            await repository.create_customer(NewCustomer(customer_id="bob"), now=NOW)
            with pytest.raises(StoreBusy):
                await repository.engine.scrub()


async def test_an_export_is_one_json_document_of_the_documented_shape(canary_shop, database):
    async with client_on(database) as client:
        document = json.loads((await client.get("/customer/export/canary-person")).text)

    assert list(document) == [
        "customer", "addresses", "browsing", "purchases", "recommendations", "merged_guests", "amended_orders", "returns",
        "replaced_orders", "replaced_returns", "experiment_key",
    ]  # fmt: skip
    assert document["purchases"][0]["items"][0].keys() == {"product_id", "quantity", "unit_price", "recommended_by"}
