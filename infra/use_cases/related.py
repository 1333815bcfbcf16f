"""Lists about products: gather the inputs, rank, answer."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from domain.errors import ProductNotFound
from domain.ports.repository import Repository
from domain.ranking.indexes import NO_PRODUCTS, Indexes
from domain.ranking.related import candidates_of, rank_related
from domain.ranking.related_evidence import evidence_of
from domain.ranking.related_inputs import RelatedKind, Taste, taste_of
from domain.ranking.rule_book import ListPlace
from domain.ranking.rules import ListRules
from domain.records.product_lists import ProductList, RankedProducts
from domain.records.recommendations import ListRequest
from infra.use_cases.product_lists import product_list, ranked_with_hint
from infra.use_cases.ranking_data import ranking_data_of
from infra.use_cases.recommend import state_of
from infra.use_cases.related_data import related_data_of
from infra.use_cases.rule_data import rule_data_of


class RelatedRequest(Struct, frozen=True, kw_only=True):
    """A request for a list about products.

    Of a `customer_id`, the taste decides between nearly equal products; what the customer bought is left out and named only
    if the answer `is_personal`. An unknown customer is a newcomer if `allows_guest`.
    """

    kind: RelatedKind
    product_ids: Sequence[str]
    list_request: ListRequest
    customer_id: str | None = None
    is_personal: bool = False
    allows_guest: bool = False
    shown: Indexes = NO_PRODUCTS


async def related_list(
    repository: Repository, request: RelatedRequest, *, taste: Taste | None = None, now: datetime
) -> ProductList:
    """Return a list about products; raise ProductNotFound if none of them is known, or CustomerNotFound.

    A `taste` that is known already stands for the `customer_id` of the request.
    """
    data = ranking_data_of(repository)
    state = await repository.seed_state(request.product_ids)
    if request.customer_id is not None:
        customer = await state_of(repository, request.customer_id, allows_guest=request.allows_guest)
        taste = taste_of(await data.inputs(customer), is_personal=request.is_personal)
    related_data = related_data_of(repository)
    inputs = await related_data.inputs(state, kind=request.kind, taste=taste, shown=request.shown)
    if not len(inputs.seeds):
        # All were merged into other products since their state was read; their ids name these now.
        state = await repository.seed_state(request.product_ids)
        inputs = await related_data.inputs(state, kind=request.kind, taste=taste, shown=request.shown)
    if not len(inputs.seeds):
        raise ProductNotFound(request.product_ids[0])
    evidence, asked = evidence_of(inputs), request.list_request
    place = ListPlace(kind=request.kind, placement=asked.placement, segment=taste.segment if taste else None)
    rules = await rule_data_of(repository).of(state.shop.rules_version, place, catalogue=inputs.catalogue, now=now)

    async def rank(rules: ListRules) -> RankedProducts:
        candidates = await data.candidates(inputs, candidates_of(inputs, evidence, request=asked, rules=rules), rules=rules)
        return rank_related(inputs, evidence, candidates, request=asked, now=now, rules=rules)

    return await product_list(repository, await ranked_with_hint(rank, rules), now=now)
