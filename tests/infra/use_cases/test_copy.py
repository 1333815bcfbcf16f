"""A shop that moves to another database, in either direction."""

import io
from contextlib import asynccontextmanager

import pytest

from domain.errors import ConfigurationError
from domain.records.customers import Address, CustomerChange
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from infra.cli import run
from infra.progress import PlainProgress
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.storage.sql.tables import COPIED, PAGE, state
from infra.use_cases.copy import copy_shop
from infra.use_cases.recommend import current_list
from infra.use_cases.train import train

N_PRODUCTS = PAGE + 10


@asynccontextmanager
async def opened(url):
    async with open_repository(Settings(database_url=url)) as repository:
        yield repository


@pytest.fixture(params=["sqlite-to-postgres", "postgres-to-sqlite"])
def urls(request, database, postgres_url):
    both = f"sqlite:///{database}", postgres_url
    return both if request.param == "sqlite-to-postgres" else both[::-1]


@pytest.fixture
async def source(urls, now):
    async with opened(urls[0]) as shop:
        changes = [ProductChange(product_id=f"p-{n}", price=float(n), category="é") for n in range(N_PRODUCTS)]
        await shop.put_products(changes[:900], now=now)
        await shop.put_products(changes[900:], now=now)
        await shop.put_customers([CustomerChange(customer_id="c-1", email="canary-Zoë@x.com", segment="Premium")], now=now)
        await shop.add_addresses(
            "c-1",
            [Address(kind="shipping", line1="Canarystraße 2", city="Canaryville", postal_code="CANARY-3000", country="CH")],
        )
        await shop.record(
            [
                BrowsingEvent(customer_id="c-1", product_id="p-1", dwell_seconds=1.5, event_id="e-1"),
                Purchase(customer_id="c-1", items=(OrderItem(product_id="p-2"), OrderItem(product_id="p-3", quantity=2))),
            ],
            now=now,
        )
        await train(shop, now=now)
        yield shop


@pytest.fixture
async def target(urls):
    async with opened(urls[1]) as shop:
        yield shop


def quietly():
    return PlainProgress(io.StringIO())


async def answers(shop, now):
    made = await current_list(shop, "c-1", now=now, reuse_seconds=0)
    return made.items, await shop.profile("c-1"), await shop.summary(), await shop.ranking_inputs("c-1")


async def test_what_was_copied_answers_as_before(source, target, now):
    copied = await copy_shop(source.engine, target.engine, progress=quietly())

    assert copied.keys() == {table.name for table in COPIED}
    assert (copied["product_catalog"], copied["purchase_history"], copied["customer_addresses"]) == (N_PRODUCTS, 2, 1)
    assert await answers(target, now) == await answers(source, now)
    await target.put_products([ProductChange(product_id="next")], now=now)
    assert (await target.summary()).n_products == N_PRODUCTS + 1


async def test_who_was_erased_stays_erased_in_the_copy(source, target, now):
    await source.put_customers([CustomerChange(customer_id="gone")], now=now)
    await source.erase("gone")

    copied = await copy_shop(source.engine, target.engine, progress=quietly())

    assert copied["erased_customers"] == 1
    assert [one.status for one in await target.put_customers([CustomerChange(customer_id="gone")], now=now)] == ["refused"]


async def test_a_copy_that_was_cut_off_is_finished_by_the_next(source, target, now):
    class Cut(PlainProgress):
        def begin(self, doing, total):
            if doing == "Copying purchase_history":
                raise KeyboardInterrupt
            super().begin(doing, total)

    with pytest.raises(KeyboardInterrupt):
        await copy_shop(source.engine, target.engine, progress=Cut(io.StringIO()))
    assert (await target.summary()).model_id == "untrained"
    # What was copied already may have changed since.
    await source.put_products([ProductChange(product_id="p-0", name="Changed")], now=now)

    await copy_shop(source.engine, target.engine, progress=quietly())
    again = await copy_shop(source.engine, target.engine, progress=quietly())

    assert again["product_catalog"] == N_PRODUCTS
    assert await answers(target, now) == await answers(source, now)


async def test_another_shop_is_never_written_over(source, target, now):
    await target.put_products([ProductChange(product_id="mine")], now=now)

    with pytest.raises(ConfigurationError, match="another shop"):
        await copy_shop(source.engine, target.engine, progress=quietly())

    assert (await target.summary()).n_products == 1


async def test_rows_that_only_the_target_has_are_told(source, target, now):
    await target.put_customers([CustomerChange(customer_id="a-stranger")], now=now)

    with pytest.raises(ConfigurationError, match="customer_profiles differs"):
        await copy_shop(source.engine, target.engine, progress=quietly())


async def test_a_source_that_is_written_to_meanwhile_is_told(source, target, now, monkeypatch):
    look_up, asked = source.engine.look_up, []

    async def writing_meanwhile(reading, *arguments):
        asked.append(reading)
        if asked.count(state) == 2:
            await source.put_products([ProductChange(product_id="late")], now=now)
        return await look_up(reading, *arguments)

    monkeypatch.setattr(source.engine, "look_up", writing_meanwhile)

    with pytest.raises(ConfigurationError, match="shop_state differs"):
        await copy_shop(source.engine, target.engine, progress=quietly())
    assert (await target.summary()).model_id == "untrained"


def test_the_command_copies_and_tells(database, capsys, monkeypatch, tmp_path):
    ours, theirs = f"sqlite:///{database}", f"sqlite:///{tmp_path / 'other.db'}"
    monkeypatch.setenv("DATABASE_URL", ours)

    assert run(["migrate"]) == 0
    assert run(["copy", "--from", ours, "--to", theirs]) == 0

    said = capsys.readouterr()
    assert said.out.startswith("The schema is up to date.\n")
    assert "customer_profiles: 0 rows, the same on both sides\n" in said.out


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        ("mysql://x", "sqlite:///b.db", "--from takes"),
        ("sqlite:///a.db", "b.db", "--to takes"),
        ("sqlite:///a.db", "sqlite:///a.db", "the same database"),
        ("sqlite:///mistyped.db", "sqlite:///b.db", "The database mistyped.db does not exist."),
    ],
)
def test_wrong_databases_are_one_clear_line(source, target, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert run(["copy", "--from", source, "--to", target]) == 1
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
