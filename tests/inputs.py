"""What lists are computed from, collected as a request does."""

import numpy as np

from domain.ranking.inputs import CandidateQuery
from domain.records.recommendations import ListRequest
from infra.use_cases.ranking_data import ranking_data_of


async def inputs_of(repository, customer_id, *, category=None):
    state = await repository.customer_state(customer_id)
    return await ranking_data_of(repository).inputs(state, categories=[category] if category else [])


def candidate_query(*, product_indexes=(), categories=(), n_newest=0, n_fill=0, own=(), request=None):
    return CandidateQuery(
        product_indexes=np.array(product_indexes, dtype=np.intp),
        categories=tuple(categories),
        n_newest=n_newest,
        n_newest_of_shop=0,
        n_fill=n_fill,
        own=np.array(own, dtype=np.intp),
        request=request or ListRequest(),
    )


async def candidates_of(repository, query, *, customer_id="c-1"):
    """Return the products of `query`, ascending by index."""
    state = await repository.customer_state(customer_id)
    data = ranking_data_of(repository)
    inputs = await data.inputs(state)
    own = query.own.tolist()
    known = await repository.products(own)
    inputs.catalogue.add(known, unknown=set(own) - {product.product_index for product in known})
    found = await data.candidates(inputs, query)
    return [inputs.catalogue.product(index) for index in found.tolist()]
