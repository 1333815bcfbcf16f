"""Copying a shop to another database, in both directions."""

import io
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from domain.errors import ConfigurationError
from domain.records.customers import Address, CustomerChange
from domain.records.experiments import Arm, Experiment
from domain.records.guests import GuestMerge
from domain.records.imports import ImportRecord, OrderReturn, ReturnedItem
from domain.records.impressions import ShownList
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.periods import Period
from domain.records.products import ProductChange
from domain.records.rules import Rule, RuleTarget
from infra.cli import run
from infra.progress import PlainProgress
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.storage.sql.tables import COPIED_TABLES, PAGE_ROWS, read_state
from infra.use_cases.copy import copy_shop
from infra.use_cases.recommend import current_list
from infra.use_cases.recommendation_ids import new_recommendation_id
from infra.use_cases.train import train
from tests.imports import as_imported

N_PRODUCTS = PAGE_ROWS + 10


@asynccontextmanager
async def open_shop(url):
    async with open_repository(Settings(database_url=url)) as repository:
        yield repository


@pytest.fixture(params=["sqlite-to-postgres", "postgres-to-sqlite"])
def urls(request, database, postgres_url):
    urls = f"sqlite:///{database}", postgres_url
    return urls if request.param == "sqlite-to-postgres" else urls[::-1]


@pytest.fixture
async def source(urls, now):
    async with open_shop(urls[0]) as shop:
        changes = [ProductChange(product_id=f"p-{n}", price=float(n), category="é") for n in range(N_PRODUCTS)]
        await shop.put_products(changes[:900], now=now)
        await shop.put_products(changes[900:], now=now)
        variants = [ProductChange(product_id=f"p-{n}", variant_of=f"p-{n - 1}") for n in (8, 9)]
        await shop.put_products(variants, now=now)
        await shop.put_customers([CustomerChange(customer_id="c-1", email="canary-Zoë@x.com", segment="Premium")], now=now)
        await shop.add_addresses(
            "c-1",
            [Address(kind="shipping", line1="Canarystraße 2", city="Canaryville", postal_code="CANARY-3000", country="CH")],
        )
        listed = await new_recommendation_id(shop, "similar", model_id="m", placement="home", now=now)
        await shop.record_impressions([ShownList(recommendation_id=listed, product_ids=("p-1", "p-2"))], now=now)
        await shop.record(
            [
                BrowsingEvent(
                    customer_id="c-1", product_id="p-1", dwell_seconds=1.5, event_id="e-1", recommendation_id=listed
                ),
                Purchase(
                    customer_id="c-1",
                    items=(OrderItem(product_id="p-2", recommendation_id=listed), OrderItem(product_id="p-3", quantity=2)),
                ),
            ],
            now=now,
        )
        await import_and_return(shop, now)
        await shop.record([BrowsingEvent(customer_id="g-1", product_id="p-1", guest=True)], now=now)
        await shop.merge_guest(GuestMerge(guest_id="g-1", customer_id="c-1"), now=now)
        rule = Rule(rule_id="r-1", name="No p-5", action="hide", target=RuleTarget(product_ids=("p-5",)), status="live")
        await shop.save_rule(rule, now=now, actor="local")
        arms = (Arm(name="a"), Arm(name="b", popular=True))
        await shop.save_experiment(
            Experiment(experiment_id="e-1", name="E", arms=arms, status="live"), now=now, actor="local"
        )
        await train(shop, now=now)
        yield shop


async def import_and_return(shop, now):
    """Fill the tables that only imports fill."""
    await shop.put_products([ProductChange(product_id="p-1", aliases=("sku",))], now=now)
    await shop.begin_import(ImportRecord(import_id="i-1", started_at=now, kind="orders"))
    for quantity in (5, 4):
        order = Purchase(customer_id="c-1", order_id="o-1", items=(OrderItem(product_id="p-4", quantity=quantity),))
        await shop.put_events(as_imported([order]), create_products=False, import_id=f"i-{quantity}", now=now)
    back = OrderReturn(customer_id="c-1", return_id="r-1", items=(ReturnedItem(product_id="p-4", quantity=1),))
    await shop.put_returns([back], import_id="i-1", now=now)


@pytest.fixture
async def target(urls):
    async with open_shop(urls[1]) as shop:
        yield shop


def silent():
    return PlainProgress(io.StringIO())


async def answers(shop, now):
    answer = await current_list(shop, "c-1", now=now, reuse_seconds=0)
    period = Period(begins_at=now, ends_at=now + timedelta(days=1))
    led_to = await shop.placement_totals(period, attribution_days=7)
    return answer.items, led_to, await shop.profile("c-1"), await shop.summary(), await shop.customer_state("c-1")


async def groups(shop):
    products = [product async for batch in shop.training_products() for product in batch]
    return {product.product_id: product.variant_of for product in products if product.variant_of}


async def test_a_copied_shop_answers_as_before_and_can_grow(source, target, now):
    n_rows = await copy_shop(source.engine, target.engine, progress=silent())

    assert n_rows.keys() == {table.name for table in COPIED_TABLES}
    assert (n_rows["product_catalog"], n_rows["purchase_history"], n_rows["customer_addresses"]) == (N_PRODUCTS, 3, 1)
    imported = ("product_aliases", "imports", "order_amendments", "order_returns", "import_changes")
    assert [n_rows[name] for name in (*imported, "merged_guests")] == [1] * 6
    assert await target.export("g-1") == await source.export("c-1")
    assert await target.export("c-1") == await source.export("c-1")
    assert await answers(target, now) == await answers(source, now)
    assert await groups(target) == {"p-8": "p-7", "p-9": "p-7"}
    await target.put_products([ProductChange(product_id="next")], now=now)
    assert (await target.summary()).n_products == N_PRODUCTS + 1


async def test_ids_of_all_scripts_are_copied_in_pages(source, target, now):
    # By UTF-16 units "😀" comes before "\uffee", by bytes after it; languages sort letters of both cases together.
    first = ("a", "B", "é", "e\u0301", "#", " canary", "\uffee", "😀", "%", "ß")
    changes = [CustomerChange(customer_id=f"{first[n % 10]}{n}/{'x' * (n % 100)}".strip()) for n in range(PAGE_ROWS + 50)]
    await source.put_customers(changes[:900], now=now)
    await source.put_customers(changes[900:], now=now)

    n_rows = await copy_shop(source.engine, target.engine, progress=silent())

    assert n_rows["customer_profiles"] == len(changes) + 1
    assert (await target.profile("😀7/xxxxxxx")).customer.customer_id == "😀7/xxxxxxx"


async def test_an_erased_customer_stays_erased_in_the_copy(source, target, now):
    await source.put_customers([CustomerChange(customer_id="gone")], now=now)
    await source.erase("gone")

    n_rows = await copy_shop(source.engine, target.engine, progress=silent())

    assert n_rows["erased_customers"] == 1
    (outcome,) = await target.put_customers([CustomerChange(customer_id="gone")], now=now)
    assert outcome.status == "refused"


async def test_an_interrupted_copy_is_completed_by_the_next_one(source, target, now):
    class Interrupted(PlainProgress):
        def begin(self, phase, total):
            if phase == "Copying purchase_history":
                raise KeyboardInterrupt
            super().begin(phase, total)

    with pytest.raises(KeyboardInterrupt):
        await copy_shop(source.engine, target.engine, progress=Interrupted(io.StringIO()))
    assert (await target.summary()).model_id == "untrained"
    # A row that was copied before the interruption changes.
    await source.put_products([ProductChange(product_id="p-0", name="Changed")], now=now)

    await copy_shop(source.engine, target.engine, progress=silent())
    again = await copy_shop(source.engine, target.engine, progress=silent())

    assert again["product_catalog"] == N_PRODUCTS
    assert await answers(target, now) == await answers(source, now)


async def test_another_shop_is_never_overwritten(source, target, now):
    await target.put_products([ProductChange(product_id="mine")], now=now)

    with pytest.raises(ConfigurationError, match="another shop"):
        await copy_shop(source.engine, target.engine, progress=silent())

    assert (await target.summary()).n_products == 1


async def test_rows_that_only_the_target_has_are_an_error(source, target, now):
    await target.put_customers([CustomerChange(customer_id="a-stranger")], now=now)

    with pytest.raises(ConfigurationError, match="customer_profiles differs"):
        await copy_shop(source.engine, target.engine, progress=silent())


async def test_a_source_that_changes_during_the_copy_is_an_error(source, target, now, monkeypatch):
    look_up, reads = source.engine.look_up, []

    async def change_before_the_second_state(read, *arguments):
        reads.append(read)
        if reads.count(read_state) == 2:
            await source.put_products([ProductChange(product_id="late")], now=now)
        return await look_up(read, *arguments)

    monkeypatch.setattr(source.engine, "look_up", change_before_the_second_state)

    with pytest.raises(ConfigurationError, match="shop_state differs"):
        await copy_shop(source.engine, target.engine, progress=silent())
    assert (await target.summary()).model_id == "untrained"


def test_the_command_copies_and_prints_the_row_count_of_each_table(database, capsys, monkeypatch, tmp_path):
    source, target = f"sqlite:///{database}", f"sqlite:///{tmp_path / 'other.db'}"
    monkeypatch.setenv("DATABASE_URL", source)

    assert run(["migrate"]) == 0
    assert run(["copy", "--from", source, "--to", target]) == 0

    output = capsys.readouterr().out
    assert output.startswith("The schema is up to date.\n")
    assert "customer_profiles: 0 rows, the same on both sides\n" in output


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("mysql://x", "sqlite:///b.db", "--from must be sqlite:///FILE"),
        ("sqlite:///a.db", "b.db", "--to must be sqlite:///FILE"),
        ("sqlite:///a.db", "sqlite:///a.db", "the same database"),
        ("sqlite:///mistyped.db", "sqlite:///b.db", "The database mistyped.db does not exist."),
    ],
    ids=["unknown source scheme", "target without scheme", "same database", "missing source"],
)
def test_wrong_database_urls_are_an_error_of_one_line(source, target, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert run(["copy", "--from", source, "--to", target]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())
