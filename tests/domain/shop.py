"""Small shops for tests, made of plain values."""

from datetime import UTC, datetime, timedelta

from domain.ranking.inputs import NeighbourLists, PastEvent, RankingInputs, Versions
from domain.ranking.model import Model, WeightedProducts
from domain.ranking.packing import pack
from domain.records.customers import PurchaseSummary, SegmentInputs, SegmentRule
from domain.records.products import Product
from domain.records.values import to_microseconds

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
NOW_US = to_microseconds(NOW)
DAY_US = 86_400_000_000


def product(index, **given):
    return Product(
        **{
            "product_index": index,
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
        | given
    )


def past(of, event_type="view", days=0.0):
    return PastEvent(product=of, event_type=event_type, occurred_at=NOW_US - int(days * DAY_US))


def lists(index, *, bought=(), viewed=(), similar=()):
    packed = [pack([other for other, _ in found], [weight for _, weight in found]) for found in (bought, viewed, similar)]
    return NeighbourLists(
        product_index=index, bought_together=packed[0], viewed_together=packed[1], similar_product=packed[2]
    )


def weighted(**weights):
    return WeightedProducts(products=tuple(int(name[1:]) for name in weights), weights=tuple(weights.values()))


def model(**given):
    return Model(**{"model_id": "m-1", "trained_at": NOW_US, "newest_event_at": NOW_US, "newest_product_index": 999} | given)


def ranking_inputs(*history, neighbours=(), bought=None, assigned=None, purchases=None, trained=None, **given):
    used = trained or model()
    return RankingInputs(
        customer_id="c-1",
        versions=Versions(customer=1, catalogue=1, model_id=used.model_id),
        segment_inputs=SegmentInputs(
            assigned=assigned, purchases=purchases, rule=SegmentRule(), reference_time=used.newest_event_at
        ),
        history=list(history),
        bought=bought or {},
        neighbours=list(neighbours),
        category_trends=given.pop("category_trends", {}),
        model=used,
        recent_popularity=given.pop("recent_popularity", WeightedProducts()),
    )


def summary(orders=1, spent=10.0, days=0.0):
    return PurchaseSummary(orders=orders, spent=spent, last_purchased_at=NOW_US - int(days * DAY_US))
