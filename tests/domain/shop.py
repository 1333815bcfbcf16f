"""Products, models and ranking inputs for tests, made of plain values."""

from datetime import UTC, datetime, timedelta

from domain.ranking.inputs import PastEvent, RankingInputs, Versions
from domain.ranking.model import Model, NeighbourLists, TunedConfig, WeightedProducts
from domain.ranking.packing import pack
from domain.records.customers import PurchaseSummary, SegmentInputs, SegmentRule
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


def past_event(item, event_type="view", days_ago=0.0):
    return PastEvent(product=item, event_type=event_type, occurred_at=NOW_US - int(days_ago * DAY))


def neighbour_lists(index, *, bought=(), viewed=(), similar=()):
    """Return the lists of one product from pairs of product index and weight."""

    def packed(pairs):
        return pack([other for other, _ in pairs], [weight for _, weight in pairs])

    return NeighbourLists(
        product_index=index,
        bought_together=packed(bought),
        viewed_together=packed(viewed),
        similar_product=packed(similar),
    )


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
    model = model or model_with()
    return RankingInputs(
        customer_id="c-1",
        versions=Versions(customer=1, catalogue=1, model_id=model.model_id),
        segment_inputs=SegmentInputs(
            assigned=assigned, purchases=purchases, rule=SegmentRule(), reference_time=model.newest_event_at
        ),
        history=list(history),
        bought=bought or {},
        neighbours=list(neighbours),
        category_trends=category_trends or {},
        model=model,
        recent_popularity=recent_popularity or WeightedProducts(),
    )


def purchase_summary(orders=1, spent=10.0, days_ago=0.0):
    return PurchaseSummary(orders=orders, spent=spent, last_purchased_at=NOW_US - int(days_ago * DAY))
