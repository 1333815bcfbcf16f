"""What is left of a person: nothing in any table, and not one byte in the files."""

import asyncio
import itertools
import json
import random
import sqlite3
from contextlib import closing

import asyncpg
import msgspec
import pytest

from domain.errors import CustomerNotFound, StoreBusy
from domain.ranking.inputs import StoredList
from domain.records.customers import Address, NewCustomer
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import Product, ProductChange
from domain.records.recommendations import ScoredList, ScoredProduct
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
from infra.storage.sqlite import connections, open_sqlite
from infra.use_cases.recommend import current_list, fresh_list
from tests.conftest import NOW, client_of

IMPERSONAL = {
    "product_catalog", "recommendation_models", "product_neighbours", "product_trends", "shop_state", "erased_customers",
}  # fmt: skip
"""Tables that say nothing of a person: the catalogue, what training learned of all, and hashes."""

NOT_EXPORTED = {
    ("customer_profiles", "email_key"),  # the e-mail in one case
    ("customer_profiles", "version"),  # how often the list became stale
    ("customer_addresses", "customer_id"), ("customer_segments", "customer_id"), ("browsing_history", "customer_id"),
    ("purchase_history", "customer_id"),  # the same id as in the profile
    ("customer_addresses", "position"), ("purchase_history", "line"),  # the order in which they are exported
    ("browsing_history", "digest"), ("purchase_history", "digest"),  # of content that is exported
    ("customer_recommendations", "customer_version"), ("customer_recommendations", "catalogue_version"),
    ("customer_recommendations", "model_id"),  # what the list rests on
    ("customer_recommendations", "beginning"),  # of the list that is exported
}  # fmt: skip


def columns(connection):
    """Return the columns of every table with their types."""
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    return {table: {row[1]: row[2] for row in connection.execute(f"PRAGMA table_info({table})")} for table in tables}


def canaries(table, types, numbers):
    """Make a row with a value of its own in every column, and how each is to be found in an export."""
    product = Product(
        product_index=0, product_id="canary-listed", name="L", category=None, brand=None, price=None, currency="EUR",
        url=None, image_url=None, created_at=0, available=True,
    )  # fmt: skip
    kept = ScoredList(
        customer_id="canary-person", segment="Budget", strategy="popular", generated_at=NOW, causes=[],
        items=[ScoredProduct(product=product, score=1.0, parts=b"")],
    )  # fmt: skip
    given = {
        "customer_id": "canary-person", "kind": "billing", "event_type": "wishlist", "segment": "Budget", "is_default": 1,
        "list": msgspec.msgpack.encode(kept), "generated_at": NOW,
    }  # fmt: skip
    said = {"is_default": '"is_default":true', "list": "canary-listed", "generated_at": "2026-11-23T10:00:00Z"}
    row, found = {}, {}
    for column, kind in types.items():
        unique = next(numbers)
        match kind:
            case "TEXT":
                row[column] = found[column] = f"canary-{table}-{column}"
            case "BLOB":
                row[column], found[column] = b"canary", f"canary-{table}-{column}"
            case _ if column.endswith("_at"):
                row[column] = unique * 1_000_000
                found[column] = from_microseconds(unique * 1_000_000).isoformat().removesuffix("+00:00")
            case _ if column == "unit_price":
                row[column], found[column] = unique, str(unique / 10_000)
            case _:
                row[column], found[column] = unique, str(unique)
        if column in given:
            value = given[column]
            row[column] = value if column != "generated_at" else 0
            found[column] = said.get(column, value)
    return row, found


@pytest.fixture
async def canary_shop(database):
    """Make a shop where every column that belongs to a person is filled, whatever columns there are."""
    async with open_sqlite(database, currency="EUR"):
        pass
    expected, numbers = {}, itertools.count(1_000_003, 7)
    with closing(sqlite3.connect(database)) as connection, connection:
        for table, types in columns(connection).items():
            if "customer_id" in types:
                row, found = canaries(table, types, numbers)
                expected |= {(table, column): value for column, value in found.items()}
                connection.execute(
                    f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values())
                )
    return expected


async def client_on(database):
    return client_of(create_app(export, erase, settings=lambda: Settings(database_url=f"sqlite:///{database}")))


async def test_every_table_is_either_erased_or_says_nothing_of_a_person(database, canary_shop):
    with closing(sqlite3.connect(database)) as connection:
        tables = columns(connection)

    assert set(tables) == {*PERSONAL, *IMPERSONAL}
    assert {table for table, types in tables.items() if "customer_id" in types} == set(PERSONAL)


async def test_every_column_that_belongs_to_a_person_is_exported(database, canary_shop):
    async with await client_on(database) as client:
        answer = await client.get("/customer/export/canary-person")

    assert answer.status_code == 200
    said = answer.text
    missing = {place for place, value in canary_shop.items() if value not in said}
    assert missing - NOT_EXPORTED == set()
    assert len(canary_shop) - len(NOT_EXPORTED) > 25


async def test_nothing_of_an_erased_person_is_left_in_any_table(database, canary_shop):
    async with await client_on(database) as client:
        answers = [await client.delete("/customer/erase/canary-person") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [204, 404]
    assert answers[0].content == b""
    with closing(sqlite3.connect(database)) as connection:
        left = {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in columns(connection)}
    assert "canary" not in repr(left)
    assert [len(row) for row in left["erased_customers"]] == [2]
    assert left["erased_customers"][0][1] == 1


async def test_the_hash_that_stays_is_keyed_with_a_secret_of_this_shop(tmp_path):
    kept = []
    for name in ("one", "other"):
        async with open_sqlite(tmp_path / f"{name}.db", currency="EUR") as repository:
            for customer_id in ("canary", "bob"):
                await repository.create_customer(NewCustomer(customer_id=customer_id), now=NOW)
                await repository.erase(customer_id)
            kept.append(await repository.engine.look_up(rows, "SELECT id_hash FROM erased_customers"))
            keys = await repository.engine.look_up(rows, "SELECT LENGTH(erasure_key) FROM shop_state")
            assert keys == [(32,)]

    assert len({id_hash for shop in kept for (id_hash,) in shop}) == 4


def secrets_of(number):
    rng = random.Random(number)
    return {
        kind: f"canary-{kind}{rng.getrandbits(96):024x}" + "x" * rng.randrange(60)
        for kind in ("name", "mail", "street", "id")
    }


async def filled(repository, numbers):
    """Register customers with everything, in an order and of sizes that split pages again and again."""
    for number in numbers:
        own = secrets_of(number)
        new = NewCustomer(customer_id=own["id"][:60], first_name=own["name"], email=f"{own['mail']}@canary.com")
        await repository.create_customer(new, now=NOW)
        address = Address(kind="billing", line1=own["street"], city="Canaryville", postal_code="CANARY-3000", country="CH")
        await repository.add_addresses(own["id"][:60], [address])
        event = BrowsingEvent(customer_id=own["id"][:60], product_id="p-1")
        order = Purchase(customer_id=own["id"][:60], items=(OrderItem(product_id="p-2"),))
        await repository.record([event, order], now=NOW)
        await fresh_list(repository, own["id"][:60], now=NOW)


def found_in_files(folder, numbers):
    """Tell which secrets of the customers stand in any file."""
    content = b"".join(path.read_bytes() for path in folder.iterdir())
    wanted = {(number, kind): value for number in numbers for kind, value in secrets_of(number).items()}
    return {place for place, value in wanted.items() if value[:60].encode() in content}


async def test_not_one_byte_of_an_erased_person_is_left_in_the_files(tmp_path):
    everyone = list(range(400))
    random.Random(1).shuffle(everyone)
    leaving = everyone[::3]
    async with open_sqlite(tmp_path / "shop.db", currency="EUR") as repository:
        await repository.put_products([ProductChange(product_id=f"p-{n}") for n in range(300)], now=NOW)
        await filled(repository, everyone)
        assert len(found_in_files(tmp_path, leaving)) == 4 * len(leaving)

        for number in leaving:
            await repository.erase(secrets_of(number)["id"][:60])

        assert found_in_files(tmp_path, leaving) == set()
        assert len(found_in_files(tmp_path, everyone[1::3])) == 4 * len(everyone[1::3])
    assert found_in_files(tmp_path, leaving) == set()


async def test_without_secure_deletion_the_bytes_would_be_found(tmp_path, monkeypatch):
    monkeypatch.setattr("infra.storage.sqlite.connection.PRAGMAS", ("secure_delete=OFF",))
    async with open_sqlite(tmp_path / "shop.db", currency="EUR") as repository:
        await repository.put_products([ProductChange(product_id=f"p-{n}") for n in range(300)], now=NOW)
        await filled(repository, range(20))
        for number in range(10):
            await repository.erase(secrets_of(number)["id"][:60])

        assert found_in_files(tmp_path, range(10)) != set()


async def test_while_a_reader_holds_the_log_erasing_is_busy_and_the_same_request_finishes_it(tmp_path, monkeypatch):
    monkeypatch.setattr(connections, "BUSY_SECONDS", 0.2)
    database = tmp_path / "shop.db"
    async with open_sqlite(database, currency="EUR") as repository:
        await repository.put_products([ProductChange(product_id=f"p-{n}") for n in range(9)], now=NOW)
        await filled(repository, [1])
    async with await client_on(database) as client:
        with closing(sqlite3.connect(database, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM customer_profiles").fetchall()
            path = f"/customer/erase/{secrets_of(1)['id'][:60]}"
            busy = [await client.delete(path) for _ in range(2)]
            exported = await client.get(path.replace("erase", "export"))
            held = found_in_files(tmp_path, [1])
            reader.execute("COMMIT")

        answers = [await client.delete(path) for _ in range(2)]
        left = found_in_files(tmp_path, [1])

    assert [(one.status_code, one.headers["retry-after"]) for one in busy] == [(503, "1")] * 2
    assert busy[0].json()["type"] == "urn:problem:store-busy"
    assert exported.status_code == 404
    assert held
    assert [answer.status_code for answer in answers] == [204, 404]
    assert left == set()


async def test_a_crash_before_the_files_are_clean_is_finished_by_the_same_request(tmp_path):
    async with open_sqlite(tmp_path / "shop.db", currency="EUR") as repository:
        await repository.create_customer(NewCustomer(customer_id="canary"), now=NOW)
        await repository.engine.write(privacy.erase, "canary")
    async with open_sqlite(tmp_path / "shop.db", currency="EUR") as repository:
        await repository.erase("canary")
        with pytest.raises(CustomerNotFound):
            await repository.erase("canary")


async def test_a_kept_list_that_cannot_be_read_is_left_out_of_an_export(repository):
    await repository.create_customer(NewCustomer(customer_id="canary"), now=NOW)
    await repository.put_products([ProductChange(product_id="p-1")], now=NOW)
    await current_list(repository, "canary", now=NOW, reuse_seconds=60)
    await repository.engine.write(rows, "UPDATE customer_recommendations SET list = :list", list=b"\xff")

    assert (await repository.export("canary")).recommendations is None


@pytest.fixture
async def on_postgres(postgres_url):
    """Open a shop and, beside it, a connection in the middle of erasing its customer."""
    async with open_repository(Settings(database_url=postgres_url)) as repository:
        await repository.put_products([ProductChange(product_id="p-1")], now=NOW)
        await repository.create_customer(NewCustomer(customer_id="canary", email="canary@canary.com"), now=NOW)
        connection = await asyncpg.connect(postgres_url)
        await connection.execute("BEGIN")
        try:
            yield repository, connection
        finally:
            await connection.close()


async def while_erasing(on_postgres, work):
    """Begin `work` while an erasure is under way, and end the erasure when it waits for it; return what it gave."""
    repository, connection = on_postgres
    await run(connection, privacy.erase("canary"))
    working = asyncio.create_task(work(repository))
    for _ in range(200):
        waiting = await connection.fetchval("SELECT COUNT(*) FROM pg_locks WHERE NOT granted")
        if waiting:
            break
        await asyncio.sleep(0.01)
    assert waiting
    await connection.execute("COMMIT")
    outcome = await asyncio.gather(working, return_exceptions=True)
    for table in PERSONAL:
        assert await repository.engine.look_up(rows, f"SELECT 1 FROM {table} WHERE customer_id = 'canary'") == [], table
    return outcome[0]


async def test_an_import_that_meets_an_erasure_does_not_bring_the_person_back(on_postgres):
    async def importing(repository):
        events = [BrowsingEvent(customer_id=name, product_id="p-1", event_id=f"e-{name}") for name in ("canary", "bob")]
        return await repository.put_events(events, create_products=False, now=NOW)

    outcomes = await while_erasing(on_postgres, importing)

    assert [one.status for one in outcomes] == ["refused", "new"]


async def test_a_list_that_meets_an_erasure_is_not_kept(on_postgres):
    made = ScoredList(customer_id="canary", segment="Regular", strategy="popular", generated_at=NOW, causes=[], items=[])
    repository, _ = on_postgres
    inputs = await repository.ranking_inputs("canary")
    first_page = await current_list(repository, "canary", now=NOW, reuse_seconds=0)
    stored = StoredList(recommendations=made, first_page=first_page, versions=inputs.versions)

    assert await while_erasing(on_postgres, lambda repository: repository.store_list(stored)) is None


async def test_an_event_that_meets_an_erasure_finds_no_customer(on_postgres):
    event = BrowsingEvent(customer_id="canary", product_id="p-1")

    outcome = await while_erasing(on_postgres, lambda repository: repository.record([event], now=NOW))

    assert isinstance(outcome, CustomerNotFound)


async def test_a_second_erasure_that_meets_the_first_finishes_like_it(on_postgres):
    assert await while_erasing(on_postgres, lambda repository: repository.erase("canary")) is None


async def test_scrubbing_waits_no_longer_than_the_budget(database, monkeypatch):
    monkeypatch.setattr(connections, "BUSY_SECONDS", 0.1)
    async with open_sqlite(database, currency="EUR") as repository:
        await repository.create_customer(NewCustomer(customer_id="canary"), now=NOW)
        with closing(sqlite3.connect(database, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM customer_profiles").fetchall()
            await repository.create_customer(NewCustomer(customer_id="bob"), now=NOW)
            with pytest.raises(StoreBusy):
                await repository.engine.scrub()


async def test_an_export_is_one_json_document_of_this_shape(canary_shop, database):
    async with await client_on(database) as client:
        document = json.loads((await client.get("/customer/export/canary-person")).text)

    assert list(document) == ["customer", "addresses", "browsing", "purchases", "recommendations"]
    assert document["purchases"][0]["items"][0].keys() == {"product_id", "quantity", "unit_price"}
