"""Compose a model with its lists from the events and the catalogue of a shop."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from domain.ranking.content_similarity import name_of, similar_products
from domain.ranking.model import Model, NeighbourLists, TrainedModel, TunedConfig, WordWeights
from domain.ranking.packing import pack
from domain.ranking.tfidf import word_weights
from domain.records.customers import SEGMENTS
from domain.training.co_occurrence import PRODUCTS_PER_BLOCK
from domain.training.event_log import EventLog
from domain.training.interaction_matrix import interaction_matrix
from domain.training.neighbours import NeighbourModels, combine, learn_neighbours
from domain.training.popularity import N_STORED, category_trends, popularity_by_segment, smoothed, top_products
from domain.training.repurchase import rebuy_days, repurchase_by_category
from domain.training.segments import median_prices, price_fit_by_segment
from domain.training.top_k import SparseMatrix
from domain.training.training_data import TrainingData


def train_model(
    data: TrainingData, *, config: TunedConfig, known: NeighbourModels | None = None, model_id: str, trained_at: int
) -> TrainedModel:
    """Learn everything that serving needs; the same input gives the same model and lists.

    What `known` neighbour models of the same data have in common with `config` is not learned again. `trained_at` is in
    microseconds.
    """
    log, products = data.log, data.products
    hyperparameters = config.hyperparameters
    neighbours = combine(learn_neighbours(data, hyperparameters, known=known), hyperparameters)
    popularities = popularity_by_segment(data, hyperparameters)
    by_segment = smoothed(popularities, pseudo_count=hyperparameters.segment_smoothing)
    medians = median_prices(data.purchases, products, n_products=data.n_products)
    repurchases = repurchase_by_category(data.purchases, products, newest=log.newest)
    segment_events = np.bincount(data.segments[log.customers], minlength=len(SEGMENTS)).tolist()
    words = word_weights([name_of(product) for product in products])
    trends = category_trends(products, popularities[0])
    return TrainedModel(
        model=Model(
            model_id=model_id,
            trained_at=trained_at,
            newest_event_at=log.newest,
            newest_product_index=data.n_products - 1,
            n_events=len(log.products),
            n_customers=len(log.customer_ids),
            n_products=len(products),
            config=config,
            segment_rule=data.segment_rule,
            rebuy_days=rebuy_days(repurchases, min_rate=config.rebuy_rate),
            median_prices=medians,
            price_fit=price_fit_by_segment(data.purchases, products, data.segments, medians=medians),
            words=words,
            popular=top_products(popularities[0], n=N_STORED),
            segment_trends={
                segment: top_products(own, n=N_STORED) for segment, own in zip(SEGMENTS, by_segment, strict=True)
            },
            segment_events=dict(zip(SEGMENTS, segment_events, strict=True)),
        ),
        neighbours=_neighbour_lists(neighbours, data, words),
        category_trends={path: pack(trend.products, trend.weights) for path, trend in trends.items()},
    )


def _neighbour_lists(neighbours: SparseMatrix, data: TrainingData, words: WordWeights) -> list[NeighbourLists]:
    similar = {index: pack(indexes, weights) for index, indexes, weights in similar_products(data.products, words)}
    return [
        NeighbourLists(
            product_index=index,
            bought_together=bought,
            viewed_together=viewed,
            similar_product=similar.get(index, b""),
        )
        for index, (bought, viewed) in enumerate(_by_source(neighbours, data))
        if bought or viewed or index in similar
    ]


def _by_source(neighbours: SparseMatrix, data: TrainingData) -> Iterator[tuple[bytes, bytes]]:
    """Yield the packed neighbours of each product: those that some customer bought both of, and the others."""
    # In a log of purchases alone, whatever occurs together was bought together.
    if data.log.is_purchase.all():
        bought = np.ones(neighbours.nnz, dtype=np.bool_)
    else:
        bought = _is_bought_together(neighbours, data.purchases)
    for first, last in zip(neighbours.indptr[:-1].tolist(), neighbours.indptr[1:].tolist(), strict=True):
        both = bought[first:last]
        columns, weights = neighbours.indices[first:last], neighbours.data[first:last]
        yield pack(columns[both], weights[both]), pack(columns[~both], weights[~both])


def _is_bought_together(neighbours: SparseMatrix, purchases: EventLog) -> npt.NDArray[np.bool_]:
    """Return for each entry of `neighbours` whether some customer bought both products."""
    n_products = neighbours.shape[0]
    matrix = interaction_matrix(purchases, np.ones(len(purchases.products)), n_products=n_products)
    by_product = matrix.T.tocsr()
    found = np.zeros(neighbours.nnz, dtype=np.bool_)
    bought_with = np.zeros(n_products, dtype=np.bool_)
    for first in range(0, n_products, PRODUCTS_PER_BLOCK):
        block = by_product[first : first + PRODUCTS_PER_BLOCK] @ matrix
        # One mask per row, set and cleared again, answers all its neighbours; a search among pairs took 20 times as long.
        for row, seed in enumerate(range(first, first + block.shape[0])):
            partners = block.indices[block.indptr[row] : block.indptr[row + 1]]
            own = slice(neighbours.indptr[seed], neighbours.indptr[seed + 1])
            bought_with[partners] = True
            found[own] = bought_with[neighbours.indices[own]]
            bought_with[partners] = False
    return found
