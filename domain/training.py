"""A shop's events and catalogue in, a model with its lists out: the only composer of training."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from domain import buyers, content, trends
from domain.customers import SEGMENTS
from domain.event_log import EventLog
from domain.evidence import NeighbourLists
from domain.model import Model
from domain.neighbours import neighbours, preferences
from domain.packing import pack
from domain.ports import TrainedModel
from domain.products import Product
from domain.repurchase import rebuy_days


def train_model(
    log: EventLog, products: Sequence[Product], *, assigned: Mapping[str, str], model_id: str, trained_at: int
) -> TrainedModel:
    """Learn everything that serving needs; the same input gives the same lists and weights.

    `assigned` has the segments that the shop gave to customers, `trained_at` is in microseconds.
    """
    n_products = max((product.product_index for product in products), default=-1) + 1
    purchases = log.only(log.is_purchase)
    bought = buyers.summarise(purchases)
    rule = buyers.fitted_rule(bought, newest=log.newest)
    segments = buyers.segments_of(log.customer_ids, bought, assigned=assigned, rule=rule, newest=log.newest)
    medians = buyers.median_prices(purchases, products)
    popular = trends.popularity(log, n_products=n_products)
    n_events = np.bincount(segments[log.customers], minlength=len(SEGMENTS)).tolist()
    model = Model(
        model_id=model_id,
        trained_at=trained_at,
        newest_event_at=log.newest,
        newest_product_index=n_products - 1,
        n_events=len(log.products),
        n_customers=len(log.customer_ids),
        n_products=len(products),
        segment_rule=rule,
        rebuy_days=rebuy_days(purchases, products),
        median_prices=medians,
        price_fit=buyers.price_fits(purchases, products, segments, medians),
        popular=trends.strongest(popular, n=trends.N_TREND),
        segment_trends=trends.segment_trends(log, segments, n_products=n_products),
        segment_events=dict(zip(SEGMENTS, n_events, strict=True)),
    )
    return TrainedModel(
        model=model,
        neighbours=_neighbour_lists(log, products, n_products=n_products),
        category_trends={
            path: pack(trend.products, trend.weights) for path, trend in trends.category_trends(products, popular).items()
        },
    )


def _neighbour_lists(log: EventLog, products: Sequence[Product], *, n_products: int) -> list[NeighbourLists]:
    lists: defaultdict[int, dict[str, bytes]] = defaultdict(dict)
    for source, part in (
        ("bought_together", log.only(log.is_purchase)),
        ("viewed_together", log.only(~log.is_purchase)),
    ):
        matrix = preferences(part.customers, part.products, part.weights, part.occurred_at, n_products=n_products)
        for found in neighbours(matrix):
            lists[found.product_index][source] = pack(found.products, found.weights)
    for index, similar, weights in content.similar_products(products):
        lists[index]["similar_product"] = pack(similar, weights)
    return [
        NeighbourLists(
            product_index=index,
            bought_together=found.get("bought_together", b""),
            viewed_together=found.get("viewed_together", b""),
            similar_product=found.get("similar_product", b""),
        )
        for index, found in sorted(lists.items())
    ]
