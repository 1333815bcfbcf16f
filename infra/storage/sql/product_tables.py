"""The part of the repository that changes and reads single products."""

from collections.abc import Sequence
from datetime import datetime

from domain.records.product_updates import ProductDetails, UpdatedProducts
from domain.records.products import Product, ProductChange
from infra.storage.sql import catalogue, product_details, product_updates
from infra.storage.sql.import_tables import ImportTables


class ProductTables(ImportTables):
    """The protocol ProductStore over tables."""

    async def update_products(self, changes: Sequence[ProductChange], *, now: datetime) -> UpdatedProducts:
        updated = await self.engine.write(product_updates.update, changes, now=now, currency=self.currencies.own)
        if updated.needs_merging:
            await self.merge_aliases()
        return updated.products

    async def product_details(self, product_id: str, *, now: datetime) -> ProductDetails:
        return await self.engine.read(product_details.details, product_id, now=now)

    async def products_after(self, index: int) -> list[Product]:
        return await self.engine.look_up(catalogue.products_after, index, self.currencies)

    async def category_paths(self) -> list[str]:
        return await self.engine.look_up(catalogue.category_paths)
