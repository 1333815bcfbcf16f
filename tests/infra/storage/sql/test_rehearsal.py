"""A rehearsal answers as an import does, and keeps nothing."""

from domain.records.customers import CustomerChange
from domain.records.imports import ImportRecord, OrderReturn
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from infra.storage.sql import catalogue, models
from infra.storage.sql.statements import rows
from tests.imports import as_imported


def statuses(outcomes):
    return [outcome.status for outcome in outcomes]


async def test_a_rehearsal_answers_as_an_import_and_keeps_nothing(repository, now):
    await repository.put_products([ProductChange(product_id="p", name="Lamp", aliases=("SKU",))], now=now)
    rehearsal = repository.rehearsal()
    products = [ProductChange(product_id="p", name="Desk"), ProductChange(product_id="q", aliases=("SKU-Q",))]
    view = BrowsingEvent(customer_id="c-1", product_id="SKU", event_id="e-1", occurred_at=now)
    order = Purchase(customer_id="c-1", order_id="o-1", occurred_at=now, items=(OrderItem(product_id="p"),))
    unknown = BrowsingEvent(customer_id="c-1", product_id="x", event_id="e-2", occurred_at=now)
    back = OrderReturn(customer_id="c-1", return_id="r-1", order_id="o-1")

    for _ in range(2):
        assert statuses(await rehearsal.put_products(products, now=now)) == ["changed", "new"]
        assert statuses(await rehearsal.put_customers([CustomerChange(customer_id="c-1")], now=now)) == ["new"]
        events = as_imported([view, order, unknown, view])
        assert statuses(await rehearsal.put_events(events, create_products=False, now=now)) == [
            "new", "new", "refused", "seen_before",
        ]  # fmt: skip
        assert statuses(await rehearsal.put_returns([back], now=now)) == ["returned"]
        assert await rehearsal.listed_products() == ["p"]
        assert await rehearsal.merge_aliases() == 0
        await rehearsal.begin_import(ImportRecord(import_id="i", started_at=now, kind="events"))
        await rehearsal.finish_import("i", {}, now=now)

    assert (await repository.summary()).n_events == 0
    assert await repository.imports(5) == []
    assert await repository.listed_products() == ["p"]
    assert rehearsal.rehearsal() is rehearsal


async def test_orders_of_which_something_went_back_count_as_new(repository, now):
    order = Purchase(customer_id="c-1", order_id="o-1", occurred_at=now, items=(OrderItem(product_id="p", quantity=2),))
    events = as_imported([order], returned={"p": 1})

    assert statuses(await repository.rehearsal().put_events(events, create_products=True, now=now)) == ["new"]
    assert (await repository.summary()).n_products == 0


async def test_every_way_to_write_is_rolled_back_and_every_way_to_read_reads(repository, now):
    engine = repository.rehearsal().engine

    def put():
        return catalogue.put([ProductChange(product_id="p")], now=now, currency="EUR")

    assert statuses(await engine.write(put)) == ["new"]
    assert statuses(await engine.write_unchecked(put)) == ["new"]
    assert statuses(await engine.write_while(None, put)) == ["new"]
    assert statuses(await engine.put(put)) == ["new"]
    assert await engine.read(lambda: rows("SELECT product_id FROM product_catalog")) == []
    assert await engine.look_up(lambda: rows("SELECT product_id FROM product_catalog")) == []
    assert await engine.scrub() is None


async def test_a_rehearsal_reads_what_is_stored_now(repository):
    assert await repository.rehearsal().engine.read_anew(models.current_id) == "untrained"
