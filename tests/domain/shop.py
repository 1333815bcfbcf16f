"""Products, models and ranking inputs for tests, made of plain values."""

from datetime import UTC, datetime, timedelta

from msgspec import Struct

from domain.ranking.catalogue import Catalogue
from domain.ranking.history import unpack_history
from domain.ranking.inputs import RankingInputs
from domain.ranking.model import Model, NeighbourLists, TunedConfig, WeightedProducts
from domain.ranking.neighbour_table import NeighbourTable
from domain.ranking.packed_history import PackedHistory, pack_history
from domain.ranking.packing import pack
from domain.records.customers import PurchaseSummary, SegmentInputs, SegmentRule
from domain.records.interactions import EVENT_TYPES, PURCHASE
from domain.records.products import Product
from domain.records.values import DAY, to_microseconds

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
NOW_US = to_microseconds(NOW)


def product(index, **fields):
    """Return a product created 30 days ago, without category, brand and price unless they are given."""
    defaults = {
        "product_id": f"p-{index}",
        "name": f"Thing {index}",
        "category": None,
        "brand": None,
        "price": None,
        "currency": "EUR",
        "url": None,
        "image_url": None,
        "created_at": to_microseconds(NOW - timedelta(days=30)),
        "available": True,
    }
    return Product(product_index=index, **defaults | fields)


class PastEvent(Struct, frozen=True):
    """One event of the customer with one product, `occurred_at` in microseconds."""

    product: Product
    event_type: str
    occurred_at: int

    def packable(self):
        return self.product.product_index, EVENT_TYPES.index(self.event_type), self.occurred_at


def past_event(item, event_type="view", days_ago=0.0):
    return PastEvent(item, event_type, NOW_US - int(days_ago * DAY))


def history_of(*events, bought=None):
    """Return the packed history of past events; `bought` has microseconds by index of products of older purchases."""
    newest = [event.packable() for event in events]
    older = [(index, PURCHASE, occurred_at) for index, occurred_at in (bought or {}).items()]
    return PackedHistory(events=pack_history(newest).events, own=pack_history([*newest, *older]).own)


def neighbour_lists(index, *, bought=(), viewed=(), similar=(), completing=()):
    """Return the lists of one product from pairs of product index and weight."""

    def packed(pairs):
        return pack([other for other, _ in pairs], [weight for _, weight in pairs])

    return NeighbourLists(
        product_index=index,
        bought_together=packed(bought),
        viewed_together=packed(viewed),
        similar_product=packed(similar),
        complements=packed(completing),
    )


def neighbours_of(inputs):
    """Return the neighbours of the products of a history, as pairs of product index and weight for each of their lists."""
    entries = inputs.neighbours.of(inputs.history.products)
    pairs = list(zip(entries.products.tolist(), entries.weights.tolist(), strict=True))
    ends = entries.sizes.cumsum().tolist()
    return [pairs[first:last] for first, last in zip([0, *ends], ends, strict=False)]


def weighted_products(**weights):
    """Return the weights of products given as `p<index>=weight`."""
    return WeightedProducts(products=tuple(int(name[1:]) for name in weights), weights=tuple(weights.values()))


def model_with(**fields):
    """Return a model; fields of its config may be given as fields of the model."""
    config = TunedConfig(**{name: fields.pop(name) for name in TunedConfig.__struct_fields__ if name in fields})
    defaults = {"model_id": "m-1", "trained_at": NOW_US, "newest_event_at": NOW_US, "newest_product_index": 999}
    return Model(**defaults | fields, config=config)


def ranking_inputs(
    *history,
    neighbours=(),
    bought=None,
    assigned=None,
    purchases=None,
    model=None,
    category_trends=None,
    recent_popularity=None,
):
    """Return the inputs of a list; `neighbours` may lack products of the history, and have them in any order."""
    model = model or model_with()
    unpacked = unpack_history(history_of(*history, bought=bought))
    products = {index: product(index) for index in unpacked.own.tolist()}
    lists = {entry.product_index for entry in neighbours}
    return RankingInputs(
        customer_id="c-1",
        segment_inputs=SegmentInputs(
            assigned=assigned, purchases=purchases, rule=SegmentRule(), reference_time=model.newest_event_at
        ),
        history=unpacked,
        model=model,
        catalogue=Catalogue([*(products | {event.product.product_index: event.product for event in history}).values()]),
        neighbours=NeighbourTable(neighbours, unknown=set(unpacked.products.tolist()) - lists),
        category_trends=category_trends or {},
        recent_popularity=recent_popularity or WeightedProducts(),
    )


def purchase_summary(orders=1, spent=10.0, days_ago=0.0):
    return PurchaseSummary(orders=orders, spent=spent, last_purchased_at=NOW_US - int(days_ago * DAY))
