"""A shop's events and catalogue in, a model with its lists out: the only composer of training."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from domain.ports import TrainedModel
from domain.ranking import content_similarity as content
from domain.ranking.hyperparameters import Hyperparameters
from domain.ranking.inputs import NeighbourLists
from domain.ranking.model import Model, TunedConfig, WordWeights
from domain.ranking.packing import pack
from domain.ranking.tfidf import word_weights
from domain.records.customers import SEGMENTS, Segment, SegmentRule
from domain.records.products import Product
from domain.training import popularity as trends
from domain.training import segments as buyers
from domain.training.co_occurrence import PRODUCTS_PER_BLOCK
from domain.training.event_log import EventLog
from domain.training.interaction_matrix import interaction_matrix
from domain.training.neighbours import combine, learn_neighbours
from domain.training.repurchase import rebuy_days, repurchase_by_category


def train_model(
    log: EventLog,
    products: Sequence[Product],
    *,
    assigned: Mapping[str, Segment],
    model_id: str,
    trained_at: int,
    choice: TunedConfig = TunedConfig(),  # noqa: B008 - frozen
    neighbours: Any = None,
) -> TrainedModel:
    """Learn everything that serving needs; the same input gives the same lists and weights.

    `assigned` has the segments that the shop gave to customers, `trained_at` is in microseconds. `neighbours`, if known
    already, has the neighbours (seeds, candidates) that `choice` leads to.
    """
    n_products = size_of(products)
    hyperparameters = choice.hyperparameters
    purchases = log.only(log.is_purchase)
    rule, segments = _segmented(log, assigned=assigned)
    medians = buyers.median_prices(purchases, products)
    words = word_weights([content.name_of(product) for product in products])
    popular = trends.popularity(log, hyperparameters, n_products=n_products)
    n_events = np.bincount(segments[log.customers], minlength=len(SEGMENTS)).tolist()
    model = Model(
        model_id=model_id,
        trained_at=trained_at,
        newest_event_at=log.newest,
        newest_product_index=n_products - 1,
        n_events=len(log.products),
        n_customers=len(log.customer_ids),
        n_products=len(products),
        hyperparameters=hyperparameters,
        source_weights=choice.source_weights,
        seen_again=choice.seen_again,
        variety=choice.variety,
        tuning=choice.tuning,
        segment_rule=rule,
        rebuy_rate=choice.rebuy_rate,
        rebuy_days=rebuy_days(repurchase_by_category(purchases, products, newest=log.newest), least_rate=choice.rebuy_rate),
        median_prices=medians,
        price_fit=buyers.price_fit_by_segment(purchases, products, segments, medians),
        words=words,
        popular=trends.top_products(popular, n=trends.N_STORED),
        segment_trends=trends.segment_trends(log, hyperparameters, segments, n_products=n_products),
        segment_events=dict(zip(SEGMENTS, n_events, strict=True)),
    )
    if neighbours is None:
        neighbours = neighbours_by(hyperparameters, log, n_products=n_products)
    return TrainedModel(
        model=model,
        neighbours=_neighbour_lists(neighbours, log, products, words),
        category_trends={
            path: pack(trend.products, trend.weights) for path, trend in trends.category_trends(products, popular).items()
        },
    )


def neighbours_by(hyperparameters: Hyperparameters, log: EventLog, *, n_products: int) -> Any:
    """Learn the neighbours of all products, as csr rows, best first."""
    learned = learn_neighbours(log, hyperparameters, n_products=n_products)
    return combine(learned, ridge_share=hyperparameters.ridge_share, succession_share=hyperparameters.succession_share)


def segments_in(log: EventLog, *, assigned: Mapping[str, Segment]) -> npt.NDArray[np.int8]:
    """Give each customer's position in SEGMENTS by the events of `log`."""
    return _segmented(log, assigned=assigned)[1]


def _segmented(log: EventLog, *, assigned: Mapping[str, Segment]) -> tuple[SegmentRule, npt.NDArray[np.int8]]:
    bought = buyers.summarise(log.only(log.is_purchase))
    rule = buyers.fit_segment_rule(bought, newest=log.newest)
    return rule, buyers.segments_of(log.customer_ids, bought, assigned=assigned, rule=rule, newest=log.newest)


def size_of(products: Sequence[Product]) -> int:
    """Count the places that matrices of these products need."""
    return max((product.product_index for product in products), default=-1) + 1


def _neighbour_lists(
    neighbours: Any, log: EventLog, products: Sequence[Product], words: WordWeights
) -> list[NeighbourLists]:
    similar = {index: pack(alike, weights) for index, alike, weights in content.similar_products(products, words)}
    lists: list[NeighbourLists] = []
    for index, (bought, viewed) in enumerate(_by_source(neighbours, log)):
        if bought or viewed or index in similar:
            lists.append(
                NeighbourLists(
                    product_index=index,
                    bought_together=bought,
                    viewed_together=viewed,
                    similar_product=similar.get(index, b""),
                )
            )
    return lists


def _by_source(neighbours: Any, log: EventLog) -> Iterator[tuple[bytes, bytes]]:
    """Part the neighbours of each product, packed: those that some customer bought both of, and the others."""
    # Where everything is bought, whatever occurs together was bought together.
    together = (
        np.ones(neighbours.nnz, dtype=np.bool_)
        if log.is_purchase.all()
        else _pairs_bought(neighbours, log.only(log.is_purchase))
    )
    for first, last in zip(neighbours.indptr[:-1].tolist(), neighbours.indptr[1:].tolist(), strict=True):
        both = together[first:last]
        columns, weights = neighbours.indices[first:last], neighbours.data[first:last]
        yield pack(columns[both], weights[both]), pack(columns[~both], weights[~both])


def _pairs_bought(neighbours: Any, purchases: EventLog) -> npt.NDArray[np.bool_]:
    """Tell of each entry of `neighbours` whether some customer bought both products."""
    bought = interaction_matrix(purchases, np.ones(len(purchases.products)), n_products=neighbours.shape[0])
    by_product = bought.T.tocsr()
    seeds = np.repeat(np.arange(neighbours.shape[0]), np.diff(neighbours.indptr))
    both = np.zeros(len(seeds), dtype=np.bool_)
    for first in range(0, neighbours.shape[0], PRODUCTS_PER_BLOCK):
        own = slice(neighbours.indptr[first], neighbours.indptr[min(first + PRODUCTS_PER_BLOCK, neighbours.shape[0])])
        together = (by_product[first : first + PRODUCTS_PER_BLOCK] @ bought).tocoo()
        pairs = (together.row + first) * np.int64(neighbours.shape[0]) + together.col
        both[own] = np.isin(seeds[own] * neighbours.shape[0] + neighbours.indices[own], pairs)
    return both
