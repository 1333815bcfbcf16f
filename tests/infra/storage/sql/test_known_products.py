"""The products that imports found are kept for one version of the catalogue."""

import pytest

from domain.records.imports import ImportedEvent
from domain.records.interactions import BrowsingEvent
from domain.records.products import ProductChange
from infra.storage.sql import known_products
from infra.storage.sql.known_products import KnownProduct, Learned, ProductCache


def found_in(cache, version):
    """Return what a cache says without looking into the database, where the catalogue has this version."""
    finding = cache.find(["p-1"], create=False, now=None, currency="EUR")
    next(finding)
    try:
        finding.send([(version,)])
    except StopIteration as found:
        return found.value.products
    return None


def test_products_are_kept_until_the_catalogue_changes():
    cache, product = ProductCache(), KnownProduct("p-1", 0, None, "EUR")

    cache.keep(Learned(1, 2, {"p-1": product}))

    assert found_in(cache, 2) == {"p-1": product}
    assert found_in(cache, 3) is None


def test_nothing_is_kept_when_another_writer_changed_the_catalogue_meanwhile():
    cache = ProductCache()

    cache.keep(Learned(1, 3, {"p-1": KnownProduct("p-1", 0, None, "EUR")}))

    assert found_in(cache, 3) is None


def test_the_number_of_kept_products_is_bounded(monkeypatch):
    monkeypatch.setattr(known_products, "MAX_CACHED_PRODUCTS", 1)
    cache, product = ProductCache(), KnownProduct("p-1", 0, None, "EUR")
    cache.keep(Learned(1, 1, {"p-1": product, "p-2": product}))

    cache.keep(Learned(1, 1, {"p-3": product}))

    assert found_in(cache, 1) is None


@pytest.mark.parametrize("change", [{"aliases": ("sku",)}, {"price": 2.0}], ids=["aliases", "price"])
async def test_events_after_a_change_of_the_catalogue_see_it(repository, now, change):
    async def view(product_id, event_id):
        event = BrowsingEvent(customer_id="c-1", product_id=product_id, event_id=event_id)
        (outcome,) = await repository.put_events([ImportedEvent(event=event)], create_products=False, now=now)
        return outcome.status

    await repository.put_products([ProductChange(product_id="p-1", price=1.0)], now=now)
    assert [await view("p-1", "e-1"), await view("sku", "e-2")] == ["new", "refused"]

    await repository.put_products([ProductChange(product_id="p-1", **change)], now=now)

    assert await view("sku", "e-2") == ("new" if "aliases" in change else "refused")
