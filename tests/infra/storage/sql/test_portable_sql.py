"""Every statement is one that distributed engines of the PostgreSQL family support."""

import io
import itertools
import re
from collections import defaultdict
from datetime import timedelta

import pytest
from msgspec.structs import replace

from domain.errors import CustomerNotFound, ProductNotFound
from domain.records.audit import AuditQuery
from domain.records.customers import Address, CustomerChange, NewCustomer
from domain.records.experiments import Arm, Experiment
from domain.records.guests import GuestMerge
from domain.records.imports import ImportRecord, OrderReturn, ReturnedItem
from domain.records.impressions import ShownList
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.periods import Period
from domain.records.products import ProductChange
from domain.records.recommendations import ListRequest
from domain.records.rules import Rule, RuleTarget
from domain.records.sessions import DashboardSession
from infra.ingest import ImportOptions, import_files
from infra.progress import PlainProgress
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.storage.postgres import dialect
from infra.storage.sql import schema
from infra.use_cases.copy import copy_shop
from infra.use_cases.purge import purge, purge_guests
from infra.use_cases.recommend import current_list, list_or_newcomers
from infra.use_cases.recommendation_ids import new_recommendation_id
from infra.use_cases.train import train
from tests import postgres
from tests.imports import as_imported
from tests.inputs import candidate_query, candidates_of

UNPORTABLE = re.compile(
    r"\b(SERIAL|BIGSERIAL|SEQUENCE|nextval|IDENTITY|TRIGGER|SAVEPOINT|TEMP|TEMPORARY|TRUNCATE|REFERENCES|FOREIGN|ADVISORY|"
    r"LOCK TABLE|LISTEN|NOTIFY|DO \$\$|CURSOR|SKIP LOCKED|USING (GIN|GIST)|pg_advisory\w*)\b",
    re.IGNORECASE,
)
MAX_ROWS = 1000


@pytest.fixture
def sent(monkeypatch):
    """Return the statements that are sent to PostgreSQL, and the number of rows that each transaction writes."""
    statements, rows_written, numbers, number_of = set(), defaultdict(int), itertools.count(), {}
    execute, run = dialect.execute, dialect.run

    async def record_statement(connection, statement):
        text, _ = dialect.translated(statement.text)
        statements.add(text)
        rows = await execute(connection, statement)
        if re.match(r"\s*(INSERT|UPDATE|DELETE)", text):
            n_rows = len(statement.batch) if statement.batch is not None else max(1, len(rows))
            rows_written[number_of[connection]] += n_rows
        return rows

    async def number_transaction(connection, steps):
        number_of[connection] = next(numbers)
        return await run(connection, steps)

    monkeypatch.setattr(dialect, "execute", record_statement)
    monkeypatch.setattr("infra.storage.postgres.connections.run", number_transaction)
    return statements, rows_written


async def import_file(shop, kind, path, *, now, create_products=False):
    options = ImportOptions(kind=kind, paths=(str(path),), create_products=create_products)
    await import_files(options, store=shop, now=now, progress=PlainProgress(io.StringIO()), say=len)


async def use_everything(url, folder, now):
    """Call everything that a shop offers, with the largest batches that are allowed."""
    (folder / "products.csv").write_text(
        "product_id,category,variant_of\n" + "".join(f"p-{n},c-{n % 9},p-{n - n % 3}\n" for n in range(1100))
    )
    (folder / "customers.csv").write_text("customer_id,segment\n" + "".join(f"c-{n},Premium\n" for n in range(1100)))
    lines = "".join(f"d-{n},q-{n % 700},view,e-{n}\n" for n in range(1100))
    (folder / "events.csv").write_text("customer_id,product_id,event_type,event_id\n" + lines)
    async with open_repository(Settings(database_url=url)) as shop:
        for kind in ("products", "customers", "events"):
            await import_file(shop, kind, folder / f"{kind}.csv", now=now, create_products=kind == "events")
        await shop.create_customer(NewCustomer(customer_id="c", email="canary@b.c", segment="Budget"), now=now)
        await shop.put_customers([CustomerChange(customer_id="c", email="canary-b@b.c", segment=None)], now=now)
        await shop.put_products([ProductChange(product_id="p-1", name="New")], now=now)
        await use_products(shop, now)
        await use_rules(shop, now)
        await use_experiments(shop, now)
        await use_dashboard(shop, now)
        await shop.add_addresses(
            "c",
            [Address(kind="billing", line1="Canary Road 1", city="Canaryville", postal_code="CANARY-3000", country="CH")],
        )
        items = tuple(OrderItem(product_id=f"p-{n}") for n in range(100))
        await shop.record([Purchase(customer_id="c", order_id=f"o-{n}", items=items) for n in range(5)], now=now)
        await current_list(shop, "c", now=now, reuse_seconds=60)
        for _ in range(2):
            await train(shop, now=now)
        request = ListRequest(categories=frozenset({"c-1"}), min_price=1, max_price=2, exclude=frozenset({"p-1"}))
        await current_list(shop, "c", request=request, now=now + timedelta(hours=2), reuse_seconds=60)
        query = candidate_query(product_indexes=(1,), categories=("a",), n_newest=1, n_fill=1, request=request)
        await candidates_of(shop, query, customer_id="c")
        await use_attribution(shop, now)
        await shop.profile("c")
        await shop.stored_list("c", length=10)
        await shop.export("c")
        old = "".join(f"o-{n},p-1,view,old-{n},2020-01-01\n" for n in range(1100))
        (folder / "old.csv").write_text("customer_id,product_id,event_type,event_id,occurred_at\n" + old)
        await import_file(shop, "events", folder / "old.csv", now=now)
        assert await purge(shop, now=now, retention_days=2000, is_confirmed=True) == 1100
        await import_again(shop, now)
        await merge_and_purge(shop, now)
        await shop.erase("c")
        await shop.put_customers([CustomerChange(customer_id="c")], now=now)
        with pytest.raises(CustomerNotFound):
            await shop.erase("c")


async def use_attribution(shop, now):
    """Record impressions, a click and an order of a list, and add up what they led to."""
    listed = await new_recommendation_id(shop, "similar", model_id="m", now=now)
    shown = [ShownList(recommendation_id=listed, product_ids=tuple(f"p-{n}" for n in range(900)))]
    await shop.record_impressions(shown, now=now - timedelta(days=3000))
    item = OrderItem(product_id="p-3", recommendation_id=listed)
    await shop.record(
        [
            BrowsingEvent(customer_id="c", product_id="p-1", recommendation_id=listed),
            Purchase(customer_id="c", items=(item, OrderItem(product_id="p-1"))),
        ],
        now=now,
    )
    period = Period(begins_at=now, ends_at=now + timedelta(days=1))
    [place] = (await shop.placement_totals(period, attribution_days=7)).places
    # Five orders of before have the product that was clicked at the same moment.
    assert (place.shown.impressions, place.clicks, place.orders) == (0, 1, 6)


async def merge_and_purge(shop, now):
    """Register, merge and purge guests, one of them with more events than fit into one transaction."""
    for name in ("g-1", "g-2"):
        order = Purchase(customer_id=name, order_id=f"o-{name}", items=(OrderItem(product_id="p-5"),))
        await shop.put_events(as_imported([order], is_guest=True), create_products=False, import_id="i-8", now=now)
        back = OrderReturn(customer_id=name, return_id="r", items=(ReturnedItem(product_id="p-5", quantity=1),))
        await shop.put_returns([back], import_id="i-9", now=now)
        larger = replace(order, items=(OrderItem(product_id="p-5", quantity=2),))
        await shop.put_events(as_imported([larger]), create_products=False, import_id="i-9", now=now)
    for _ in range(11):
        views = [BrowsingEvent(customer_id="g-3", product_id="p-1", guest=True) for _ in range(100)]
        await shop.record(views, now=now)
    await list_or_newcomers(shop, "nobody", now=now, reuse_seconds=60)
    for name in ("g-1", "g-2"):
        await shop.merge_guest(GuestMerge(guest_id=name, customer_id="c"), now=now)
    await shop.record([BrowsingEvent(customer_id="g-1", product_id="p-1")], now=now)
    assert await purge_guests(shop, now=now + timedelta(days=40), retention_days=30, is_confirmed=True) == 1


async def use_products(shop, now):
    """Change products one by one, with aliases and attributes, and read them."""
    changes = [ProductChange(product_id=f"p-{n}", attributes={"a": n}, aliases=(f"p-{n}-x",)) for n in range(400)]
    await shop.update_products(changes, now=now)
    await shop.update_products([replace(change, aliases=None) for change in changes], now=now)
    with pytest.raises(ProductNotFound):
        await shop.product_details("p-0-x", now=now)
    await shop.product_details("p-0", now=now)
    await shop.products_after(-1)
    await shop.category_paths()
    await shop.product_status("p-0")
    await shop.data_counts()
    some = frozenset({"a", "1"})
    await shop.newest_products(
        ListRequest(categories=some, brands=some, tags=some, attributes=(("a", some),), max_price=1.0), n=9
    )


async def use_rules(shop, now):
    """Save, replace, read and remove rules, and look up what previews need."""
    target = RuleTarget(product_ids=tuple(f"p-{n}" for n in range(100)))
    for number in (1, 2, 1):
        rule = Rule(rule_id=f"r-{number}", name="Rule", action="hide", target=target, status="live")
        await shop.save_rule(rule, now=now, actor="local")
    await shop.remove_rule("r-1", actor="local")
    await shop.stored_rules()
    await shop.product_indexes(("p-1", "p-1-x", "nothing"))
    await shop.recent_customers(n=20)


async def use_experiments(shop, now):
    """Save, report and remove an experiment."""
    arms = (Arm(name="a"), Arm(name="b", rules=("r-2",)))
    await shop.save_experiment(Experiment(experiment_id="e", name="E", arms=arms), now=now, actor="local")
    await shop.stored_experiments()
    await shop.customer_outcomes(Period(begins_at=now, ends_at=now + timedelta(days=1)))
    await shop.remove_experiment("e", now=now, actor="local")


async def use_dashboard(shop, now):
    """Begin, change and end a session of the dashboard, and read what its pages show."""
    session = DashboardSession(session_hash="a", key_id="local", ends_at=now + timedelta(hours=1))
    await shop.begin_session(session, now=now)
    await shop.session("a", now=now)
    await shop.set_notice("a", "text")
    await shop.end_session("a")
    await shop.find_customers("canary", n=9)
    await shop.find_products("tent", lacking="price", n=9)
    await shop.latest_buyers(n=9)
    await shop.recent_events("c", n=9)
    await shop.events_per_day(since=now - timedelta(days=9))
    await shop.newest_event()
    await shop.sampled_lists(n=9)
    await shop.n_customers()
    await shop.n_profiles(n=2)
    await shop.audit_entries(AuditQuery(before="f"))


async def import_again(shop, now):
    """Replace, return, merge and undo, with more than fits into one transaction."""
    items = tuple(OrderItem(product_id=f"q-{n}") for n in range(90))
    orders = [Purchase(customer_id=f"c-{n}", order_id=f"i-{n}", items=items) for n in range(10)]
    larger = [replace(order, items=(*items, OrderItem(product_id="p-1"))) for order in orders]
    named = [OrderReturn(customer_id=f"c-{n}", return_id="r", order_id=f"i-{n}") for n in range(10)]
    newest = (ReturnedItem(product_id="p-1", quantity=1),)
    unnamed = [OrderReturn(customer_id=f"c-{n}", email="canary@b.c", return_id="s", items=newest) for n in range(10)]
    await shop.begin_import(ImportRecord(import_id="i-2", started_at=now, kind="orders"))
    await shop.put_events(as_imported(orders), create_products=False, import_id="i-1", now=now)
    await shop.put_events(as_imported(larger, email="canary@z.c"), create_products=False, import_id="i-2", now=now)
    await shop.put_events(as_imported(orders, returned={"q-1": 1}), create_products=False, import_id="i-3", now=now)
    await shop.put_returns([*named, *unnamed], import_id="i-2", now=now)
    await shop.put_returns([replace(returned, items=newest) for returned in named], import_id="i-3", now=now)
    await shop.finish_import("i-2", {"new": 1}, now=now)
    await shop.imports(5)
    aliases = [ProductChange(product_id=f"p-{n}", aliases=(f"q-{n}", f"z-{n}")) for n in range(700)]
    await shop.put_products(aliases, now=now)
    await shop.put_products([replace(change, aliases=None) for change in aliases[:100]], now=now)
    await shop.merge_aliases()
    await shop.listed_products("p-1")
    for import_id in ("i-1", "i-2", "i-3"):
        while await shop.undo_import(import_id):
            pass


async def primary_keys(url):
    """Return the columns of the primary key of each table, separated by commas."""
    found = await postgres.fetched_from(
        url,
        "SELECT table_name::text, string_agg(column_name, ', ' ORDER BY ordinal_position) AS columns"
        " FROM information_schema.key_column_usage JOIN information_schema.table_constraints"
        " USING (constraint_name, table_name) WHERE constraint_type = 'PRIMARY KEY' GROUP BY table_name",
    )
    return {row["table_name"]: row["columns"] for row in found}


async def test_every_statement_is_portable_and_no_transaction_writes_too_many_rows(
    sent, postgres_url, postgres_server, tmp_path, now
):
    statements, rows_written = sent

    await use_everything(postgres_url, tmp_path, now)
    async with (
        postgres.new_database(postgres_server) as other,
        open_repository(Settings(database_url=postgres_url)) as source,
        open_repository(Settings(database_url=other)) as target,
    ):
        await copy_shop(source.engine, target.engine, progress=PlainProgress(io.StringIO()))

    assert len(statements) > 60
    assert [text for text in statements if UNPORTABLE.search(text)] == []
    assert MAX_ROWS - 100 < max(rows_written.values()) <= MAX_ROWS
    keys = await primary_keys(postgres_url)
    upserts = [re.search(r"INSERT INTO (\w+).*ON CONFLICT \((.*?)\)", text) for text in statements if "CONFLICT" in text]
    assert upserts
    assert [upsert[0] for upsert in upserts if upsert[2] != keys[upsert[1]]] == []


def test_the_schema_is_portable():
    script = "".join(dialect.translated_schema(migration) for migration in schema.migrations())

    assert not UNPORTABLE.search(script)
    assert "STRICT" not in script
    assert "WHERE" not in script
