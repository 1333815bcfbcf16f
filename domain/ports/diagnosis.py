"""The protocol of storage for questions about lists and data, which every repository has."""

from typing import Protocol

from msgspec import Struct

from domain.ranking.model import Model
from domain.records.why_not import ProductStatus


class Share(Struct, frozen=True):
    """How many `of` a number of things have something."""

    count: int = 0
    of: int = 0


class DataCounts(Struct, frozen=True, kw_only=True):
    """Counts of a shop's data, each over all rows or over a sample of bounded size, and the model in use.

    Products are the last ones added, of which only events have named the `unlisted` ones; other counts of products leave
    these out. Orders are the newest ones, and `touched` are the available products that the newest events name, 0 if there
    are fewer events than products. The `silent_customers`, without events, are of those with the lowest and the highest ids,
    and the `refused_lines` those of the last import. `n_recent_events` are the newest events, and `n_untrained` those that
    are newer than the model, up to a bound. Instants are in microseconds, None where nothing was found among the newest
    events.
    """

    model: Model
    unlisted: Share = Share()
    without_category: Share = Share()
    without_price: Share = Share()
    without_name: Share = Share()
    without_picture: Share = Share()
    touched: Share = Share()
    single_item_orders: Share = Share()
    silent_customers: Share = Share()
    refused_lines: Share = Share()
    n_guests: int = 0
    n_recent_events: int = 0
    n_untrained: int = 0
    newest_view_at: int | None = None
    newest_order_at: int | None = None
    first_created_at: int = 0
    last_created_at: int = 0


class Diagnosis(Protocol):
    """Read why a list is as it is, and what weakens all of them."""

    async def product_status(self, product_id: str) -> ProductStatus:
        """Look up a product by its id or an alias; raise ProductNotFound."""
        ...

    async def data_counts(self) -> DataCounts:
        """Count what weakens lists, at a bounded cost however large the shop is."""
        ...
