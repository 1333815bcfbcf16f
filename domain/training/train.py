"""Compose a model with its lists from the events and the catalogue of a shop."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import sparse

from domain.ranking.model import Model, NeighbourLists, TrainedModel, TunedConfig
from domain.ranking.packing import NEIGHBOUR, pack
from domain.records.customers import SEGMENTS
from domain.training.activity import learn_activity
from domain.training.alternatives import learn_alternatives
from domain.training.co_occurrence import PAIRS_PER_BLOCK, pairs_per_product
from domain.training.complements import learn_complements
from domain.training.neighbours import NeighbourModels, combine, learn_neighbours
from domain.training.popularity import (
    N_STORED,
    category_trends,
    newcomer_popularity_by_segment,
    popularity_by_segment,
    segment_trends,
    top_products,
    tried_products,
)
from domain.training.repurchase import rebuy_days, repeats_by_category, repurchase_by_category
from domain.training.segments import median_prices, price_fit_by_segment
from domain.training.threads import in_threads
from domain.training.top_k import SparseMatrix, blocks
from domain.training.training_data import TrainingData


def train_model(
    data: TrainingData, *, config: TunedConfig, known: NeighbourModels | None = None, model_id: str, trained_at: int
) -> TrainedModel:
    """Learn everything that serving needs; the same input gives the same model and lists.

    What `known` neighbour models of the same data have in common with `config` is not learned again. `trained_at` is in
    microseconds.
    """
    log, products = data.log, data.products
    hyperparameters, counting = config.hyperparameters, config.newcomer_popularity
    neighbours = combine(learn_neighbours(data, hyperparameters, known=known), hyperparameters)
    popularities = popularity_by_segment(data, hyperparameters)
    of_newcomers = newcomer_popularity_by_segment(data, hyperparameters, counting)
    medians = median_prices(data.purchases, products, n_products=data.n_products)
    repurchases = repurchase_by_category(data.purchases, products, newest=log.newest)
    segment_events = np.bincount(data.segments[log.customers], minlength=len(SEGMENTS)).tolist()
    trends = category_trends(products, popularities[0])
    alternatives = learn_alternatives(data)
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
            repeats=repeats_by_category(data.purchases, products),
            median_prices=medians,
            price_fit=price_fit_by_segment(data.purchases, products, data.segments, medians=medians),
            words=data.compared.words,
            popular=top_products(popularities[0], n=N_STORED),
            segment_trends=segment_trends(popularities, pseudo_count=hyperparameters.segment_smoothing),
            newcomer_popular=top_products(of_newcomers[0], n=N_STORED),
            newcomer_segment_trends=segment_trends(of_newcomers, pseudo_count=counting.segment_smoothing),
            segment_events=dict(zip(SEGMENTS, segment_events, strict=True)),
            alternatives=alternatives.category_paths,
            tried=tried_products(data),
        ),
        neighbours=_neighbour_lists(neighbours, learn_complements(data, alternatives), data),
        category_trends={path: pack(trend.products, trend.weights) for path, trend in trends.items()},
        activity=learn_activity(data),
    )


def neighbours_only(neighbours: SparseMatrix, data: TrainingData) -> list[NeighbourLists]:
    """Return the lists of all products without complements, which lists of customers do not read."""
    return _neighbour_lists(neighbours, sparse.csr_array(neighbours.shape), data)


def _neighbour_lists(neighbours: SparseMatrix, complements: SparseMatrix, data: TrainingData) -> list[NeighbourLists]:
    """Return the lists of all products; each variant has those of its group, which name representatives."""
    similar = data.compared.similar
    bought, viewed = _by_source(neighbours, data)
    completing = _packed(complements, np.ones(complements.nnz, dtype=np.bool_))
    return [
        NeighbourLists(
            product_index=index,
            bought_together=bought[source],
            viewed_together=viewed[source],
            similar_product=similar.get(source, b""),
            complements=completing[source],
        )
        for index, source in enumerate(data.representatives.of(np.arange(data.n_products)).tolist())
        if bought[source] or viewed[source] or source in similar
    ]


def _by_source(neighbours: SparseMatrix, data: TrainingData) -> tuple[list[bytes], list[bytes]]:
    """Return the packed neighbours of each product: those that some customer bought both of, and the others."""
    # In a log of purchases alone, whatever occurs together was bought together.
    if data.log.is_purchase.all():
        bought = np.ones(neighbours.nnz, dtype=np.bool_)
    else:
        bought = _is_bought_together(neighbours, data.bought)
    return _packed(neighbours, bought), _packed(neighbours, ~bought)


def _packed(neighbours: SparseMatrix, chosen: npt.NDArray[np.bool_]) -> list[bytes]:
    """Pack the chosen neighbours of each product."""
    # All at once, because a call per product would take longer than everything else.
    packed = pack(neighbours.indices[chosen], neighbours.data[chosen])
    ends = (np.append(0, np.cumsum(chosen))[neighbours.indptr] * NEIGHBOUR.itemsize).tolist()
    return [packed[first:last] for first, last in pairwise(ends)]


def _is_bought_together(neighbours: SparseMatrix, matrix: SparseMatrix) -> npt.NDArray[np.bool_]:
    """Return for each entry of `neighbours` whether some customer, a row of `matrix`, bought both products."""
    n_products = neighbours.shape[0]
    by_product = matrix.T.tocsr()

    def is_bought(seeds: slice) -> npt.NDArray[np.bool_]:
        together = by_product[seeds] @ matrix
        found, bought_with = list[npt.NDArray[np.bool_]](), np.zeros(n_products, dtype=np.bool_)
        # One mask per row, set and cleared again, answers all its neighbours; a search among pairs took 20 times as long.
        for row, seed in enumerate(range(seeds.start, seeds.stop)):
            partners = together.indices[together.indptr[row] : together.indptr[row + 1]]
            bought_with[partners] = True
            found.append(bought_with[neighbours.indices[neighbours.indptr[seed] : neighbours.indptr[seed + 1]]])
            bought_with[partners] = False
        return np.concatenate(found)

    return np.concatenate(
        [np.empty(0, dtype=np.bool_), *in_threads(is_bought, blocks(pairs_per_product(matrix), most=PAIRS_PER_BLOCK))]
    )
