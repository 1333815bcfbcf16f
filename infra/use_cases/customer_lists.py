"""Lists of what a customer bought or looked at before: gather the inputs, rank, answer."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from domain.ports.repository import Repository
from domain.ranking.buy_again import rank_buy_again
from domain.ranking.customer_inputs import CustomerInputs
from domain.ranking.history import unpack_history
from domain.ranking.packed_history import CustomerState
from domain.ranking.recently_viewed import rank_recently_viewed
from domain.ranking.rules import ListRules
from domain.records.product_lists import ProductList, RankedProducts
from domain.records.recommendations import ListRequest
from infra.use_cases.product_lists import product_list, ranked_with_hint
from infra.use_cases.ranking_data import ranking_data_of
from infra.use_cases.recommend import state_of
from infra.use_cases.rule_data import place_of, rule_data_of

CustomerListKind = Literal["buy-again", "recently-viewed"]

_RANKINGS = {"buy-again": rank_buy_again, "recently-viewed": rank_recently_viewed}


class CustomerListRequest(Struct, frozen=True, kw_only=True):
    """A request for a list of a customer's own products; with `guest`, an unknown customer has an empty one."""

    kind: CustomerListKind
    customer_id: str
    list_request: ListRequest
    guest: bool = False


async def customer_list(
    repository: Repository, request: CustomerListRequest, *, customer: CustomerState | None = None, now: datetime
) -> ProductList:
    """Return a list of the customer's own products, empty for one who objects to profiling; raise CustomerNotFound.

    A `customer` whose state was read already stands for the `customer_id` of the request.
    """
    state = customer or await state_of(repository, request.customer_id, allows_guest=request.guest)
    data, history = ranking_data_of(repository), unpack_history(state.history)
    catalogue = await data.catalogue_of(state.catalogue_version)
    await data.add_missing(catalogue, history.own)
    inputs = CustomerInputs(history=history, model=state.model, catalogue=catalogue)
    place = place_of(request.kind, state, request.list_request)
    arm, rules = await rule_data_of(repository).of_customer(state, place, catalogue=catalogue, now=now)

    async def rank(rules: ListRules) -> RankedProducts:
        return _RANKINGS[request.kind](inputs, request=request.list_request, now=now, rules=rules)

    return await product_list(repository, await ranked_with_hint(rank, rules), arm=arm.label, now=now)
