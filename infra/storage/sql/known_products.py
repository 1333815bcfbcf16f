"""Find products by their ids or aliases."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from infra.storage.sql import catalogue
from infra.storage.sql.statements import ConcurrentWrite, Steps, one, rows

MAX_CACHED_PRODUCTS = 100_000


class KnownProduct(NamedTuple):
    """The id under which a product is stored, its index, and its price in ten-thousandths of its currency."""

    product_id: str
    product_index: int
    price: int | None
    currency: str


class Learned(Struct, frozen=True):
    """Products that a transaction found, with the version of the catalogue before it and after it."""

    version: int
    version_after: int
    products: dict[str, KnownProduct]


class ProductCache:
    """The products that imports found, valid for one version of the catalogue."""

    def __init__(self) -> None:
        self._version = -1
        self._products: dict[str, KnownProduct] = {}

    def find(self, product_ids: Collection[str], *, create: bool, now: datetime, currency: str) -> Steps[Learned]:
        """Return the products that are known by these ids; with `create`, create the others."""
        (version,) = yield from one("SELECT catalogue_version FROM shop_state")
        cached = self._products if version == self._version else {}
        known = {product_id: cached[product_id] for product_id in product_ids if product_id in cached}
        version_after = version
        if missing := [product_id for product_id in product_ids if product_id not in known]:
            known |= yield from (find_or_create(missing, now=now, currency=currency) if create else find(missing))
            (version_after,) = yield from one("SELECT catalogue_version FROM shop_state")
        return Learned(version, version_after, known)

    def keep(self, learned: Learned) -> None:
        """Keep what a transaction found, once it is committed."""
        # Of two steps, one is of another writer.
        if learned.version_after > learned.version + 1:
            return
        if self._version != learned.version or len(self._products) > MAX_CACHED_PRODUCTS:
            self._products = {}
        self._version = learned.version_after
        self._products.update(learned.products)


def find(product_ids: Collection[str]) -> Steps[dict[str, KnownProduct]]:
    """Return the products that are known by these ids.

    An alias counts before a product of the same id: events created that one, and it is to be merged.
    """
    result = yield from rows(
        "SELECT p.product_id, p.product_index, p.price, p.currency FROM product_catalog p"
        " LEFT JOIN product_aliases a ON a.alias = p.product_id WHERE p.product_id IN (:product_ids) AND a.alias IS NULL",
        product_ids=list(product_ids),
    )
    found = {row[0]: KnownProduct(*row) for row in result}
    if missing := [product_id for product_id in product_ids if product_id not in found]:
        result = yield from rows(
            "SELECT a.alias, p.product_id, p.product_index, p.price, p.currency FROM product_aliases a"
            " JOIN product_catalog p ON p.product_id = a.product_id WHERE a.alias IN (:missing)",
            missing=missing,
        )
        found |= {alias: KnownProduct(*row) for alias, *row in result}
    return found


def hold(products: Iterable[KnownProduct]) -> Steps[None]:
    """Keep found products from being merged into others before this transaction ends; raise ConcurrentWrite if one was.

    Only a product without a price may be merged. Whoever merges products waits for this transaction when it deletes them,
    and moves the events that it added afterwards.
    """
    unpriced = {product.product_id for product in products if product.price is None}
    if unpriced:
        held = yield from rows(
            "SELECT product_id FROM product_catalog WHERE product_id IN (:product_ids) FOR KEY SHARE",
            product_ids=sorted(unpriced),
        )
        if len(held) < len(unpriced):
            raise ConcurrentWrite


def find_or_create(product_ids: Collection[str], *, now: datetime, currency: str) -> Steps[dict[str, KnownProduct]]:
    """Return the products that are known by these ids, and create those that are not."""
    found = yield from find(product_ids)
    if missing := sorted(set(product_ids) - found.keys()):
        yield from catalogue.create_from_ids(missing, now=now, currency=currency)
        found |= yield from find(missing)
    return found
