"""The part of the repository that reads why a list is as it is, and what weakens all of them."""

from domain.errors import ProductNotFound
from domain.ports.diagnosis import DataCounts
from domain.records.why_not import ProductStatus
from infra.storage.sql import data_counts, known_products
from infra.storage.sql.catalogue import UNLISTED
from infra.storage.sql.model_tables import ModelTables
from infra.storage.sql.statements import Steps, one


class DiagnosisTables(ModelTables):
    """The protocol Diagnosis over tables."""

    async def product_status(self, product_id: str) -> ProductStatus:
        return await self.engine.read(_status, product_id)

    async def data_counts(self) -> DataCounts:
        # Not one snapshot for all of them, and no look-ups: these are run in batches, in which lists would wait for a count.
        model = await self.engine.read(self.model_in_use)
        of_products = await self.engine.read(data_counts.of_products)
        of_events = await self.engine.read(data_counts.of_events, model.newest_event_at)
        of_orders = await self.engine.read(data_counts.of_orders)
        touched = await self.engine.read(data_counts.of_touched_products, of_events["n_recent_events"])
        of_customers = await self.engine.read(data_counts.of_customers)
        refused = await self.engine.read(data_counts.of_last_import)
        counted = of_products | of_events | of_orders | of_customers
        return DataCounts(model=model, touched=touched, refused_lines=refused, **counted)


def _status(product_id: str) -> Steps[ProductStatus]:
    known = (yield from known_products.find([product_id])).get(product_id)
    if known is None:
        raise ProductNotFound(product_id)
    in_stock, withdrawn = yield from one(
        "SELECT in_stock, withdrawn FROM product_catalog WHERE product_id = :product_id", product_id=known.product_id
    )
    return ProductStatus(
        product_id=known.product_id,
        product_index=known.product_index,
        in_stock=bool(in_stock),
        withdrawn=bool(withdrawn),
        listed=withdrawn != UNLISTED,
    )
