"""Why not: gather what a customer's list is computed from, and find what keeps a product out of it."""

from datetime import datetime

import numpy as np

from domain.ports.repository import Repository
from domain.ranking.arms import inputs_in, shortlist_in
from domain.ranking.why_not import why_not
from domain.records.recommendations import ListRequest
from domain.records.why_not import WhyNot
from infra.use_cases.ranking_data import ranking_data_of
from infra.use_cases.rule_data import place_of, rule_data_of


async def explain_absence(
    repository: Repository, customer_id: str, product_id: str, *, request: ListRequest, now: datetime
) -> WhyNot:
    """Compute a list afresh, and say why a product is not in it; raise CustomerNotFound or ProductNotFound."""
    state = await repository.customer_state(customer_id)
    status = await repository.product_status(product_id)
    data = ranking_data_of(repository)
    inputs = await data.inputs(state, categories=request.categories)
    await data.add_missing(inputs.catalogue, np.array([status.product_index], dtype=np.intp))
    place = place_of("for-customer", state, request)
    arm, rules = await rule_data_of(repository).of_customer(state, place, catalogue=inputs.catalogue, now=now)
    inputs = inputs_in(arm.arm, inputs)
    shortlisted = shortlist_in(arm.arm, inputs, request=request, rules=rules)
    candidates = await data.candidates(inputs, shortlisted.query, rules=rules)
    return why_not(inputs, shortlisted, candidates, status=status, now=now, rules=rules)
