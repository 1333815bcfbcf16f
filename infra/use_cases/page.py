"""All lists of one page: each chooses among the products that those before it do not show."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import UNSET, Struct
from msgspec.structs import replace

from domain.errors import ProductNotFound
from domain.ports.lists import ListState
from domain.ports.repository import Repository
from domain.ranking.indexes import Indexes
from domain.ranking.packed_history import CustomerState
from domain.ranking.related_inputs import RelatedKind, Taste, taste_of
from domain.records.pages import AnsweredList, ListOfPage, Page, PageRequest
from domain.records.product_lists import ProductList, RankedProducts, without_rule_names
from domain.records.recommendations import (
    ListRequest,
    RecommendationList,
    RecommendedProduct,
    for_storefront,
    pins_in_place,
)
from infra.use_cases.customer_lists import CustomerListRequest, customer_list
from infra.use_cases.product_lists import product_list
from infra.use_cases.ranking_data import RankingData, ranking_data_of
from infra.use_cases.recommend import current_list, list_or_newcomers, state_of
from infra.use_cases.related import RelatedRequest, related_list
from infra.use_cases.shop_lists import DEFAULT_DAYS, ShopListRequest, days_for_all, shop_list


class Viewer(Struct, frozen=True, kw_only=True):
    """Who gets a page and when. Only for a backend key do lists tell of the customer's history.

    Without `has_taste`, lists about products are the same for all customers.
    """

    is_backend: bool
    has_taste: bool = True
    now: datetime
    reuse_seconds: int


async def page_of(repository: Repository, request: PageRequest, viewer: Viewer) -> Page:
    """Return all lists of a page; raise CustomerNotFound if one needs the customer.

    A list about products that nobody knows is empty.
    """
    lists, shown = _Lists(repository, request, viewer), _Shown(ranking_data_of(repository))
    answered: list[AnsweredList] = []
    for asked in request.lists:
        answer = await lists.answer(asked, shown=shown.products)
        if not viewer.is_backend and isinstance(answer, ProductList):
            answer = without_rule_names(answer)
        items = [item for item in shown.without(answer.items) if item.product_id not in asked.exclude]
        items = pins_in_place(items)[: asked.limit]
        if len(items) < asked.min_items:
            items = []
        shown.add(items)
        answered.append(
            AnsweredList(
                name=asked.name,
                recommendation_id=str(answer.recommendation_id),
                kind=asked.kind,
                strategy=answer.strategy if items else "empty",
                items=[replace(item, rank=rank) for rank, item in enumerate(items, start=1)],
                hint=answer.hint,
            )
        )
    return Page(customer_id=request.customer_id, generated_at=viewer.now, lists=answered)


class _Shown:
    """What a page shows so far."""

    def __init__(self, data: RankingData) -> None:
        self._data = data
        self._product_ids: list[str] = []

    @property
    def products(self) -> Indexes:
        return self._data.indexes_of(self._product_ids)

    def without(self, items: Iterable[RecommendedProduct]) -> list[RecommendedProduct]:
        """Leave out products of which the page shows a variant."""
        # Not remembered as codes: another request may have begun a new catalogue, which numbers groups anew.
        shown = {self._data.group_of(product_id) for product_id in self._product_ids}
        return [item for item in items if self._data.group_of(item.product_id) not in shown]

    def add(self, items: Iterable[RecommendedProduct]) -> None:
        self._product_ids += [item.product_id for item in items]


class _Lists:
    """Answer the lists of a page; what several of them depend on is read once."""

    def __init__(self, repository: Repository, request: PageRequest, viewer: Viewer) -> None:
        self._repository = repository
        self._request = request
        self._viewer = viewer
        self._shop: ListState | None = None
        self._customer: CustomerState | None = None
        self._taste: Taste | None = None

    async def answer(self, asked: ListOfPage, *, shown: Indexes) -> ProductList | RecommendationList:
        """Return a list without what is `shown`, or with enough products to leave that out."""
        request = asked.list_request(seen=self._request.seen)
        match asked.kind:
            case "for-customer":
                return await self._for_customer(request, n_shown=len(shown))
            case "similar" | "bought-together":
                return await self._related(asked.kind, asked.product_ids, request, shown=shown)
            case "popular" | "trending" | "new":
                days = DEFAULT_DAYS if asked.days is UNSET else asked.days
                days = days if self._viewer.is_backend else days_for_all(days)
                wanted = ShopListRequest(kind=asked.kind, list_request=request, days=days, left_out=shown)
                return await shop_list(self._repository, wanted, now=self._viewer.now, shop=await self._shop_state())
            case _:
                longer = replace(request, limit=request.limit + len(shown))
                own = CustomerListRequest(kind=asked.kind, customer_id=self._customer_id, list_request=longer)
                customer = await self._customer_state()
                return await customer_list(self._repository, own, customer=customer, now=self._viewer.now)

    async def _for_customer(self, request: ListRequest, *, n_shown: int) -> RecommendationList:
        customer_id, viewer = self._customer_id, self._viewer
        longer = (
            replace(request, limit=request.limit + n_shown)
            if viewer.is_backend
            # No deeper than single lists are: other lists could else leave out any number of products.
            else request.without_exclusions(n_left_out=n_shown)
        )
        recommend = list_or_newcomers if self._request.guest else current_list
        answer = await recommend(
            self._repository, customer_id, request=longer, now=viewer.now, reuse_seconds=viewer.reuse_seconds
        )
        return answer if viewer.is_backend else for_storefront(answer, asked_for=customer_id)

    async def _related(
        self, kind: RelatedKind, product_ids: Sequence[str], request: ListRequest, *, shown: Indexes
    ) -> ProductList:
        wanted = RelatedRequest(kind=kind, product_ids=product_ids, list_request=request, shown=shown)
        is_for_all = self._request.customer_id is UNSET or not self._viewer.has_taste
        taste = None if is_for_all else await self._customer_taste()
        try:
            return await related_list(self._repository, wanted, taste=taste, now=self._viewer.now)
        except ProductNotFound:
            model_id = (await self._shop_state()).model.model_id
            nothing = RankedProducts(kind=kind, strategy="empty", model_id=model_id, items=[], placement=request.placement)
            return await product_list(self._repository, nothing, now=self._viewer.now)

    async def _customer_taste(self) -> Taste:
        data = ranking_data_of(self._repository)
        # Another request may have begun a new catalogue, whose categories have other codes.
        if self._taste is None or not data.is_current(self._taste.catalogue):
            inputs = await data.inputs(await self._customer_state())
            self._taste = taste_of(inputs, is_personal=self._viewer.is_backend)
        return self._taste

    async def _shop_state(self) -> ListState:
        self._shop = self._shop or await self._repository.list_state()
        return self._shop

    async def _customer_state(self) -> CustomerState:
        if self._customer is None:
            self._customer = await state_of(self._repository, self._customer_id, allows_guest=self._request.guest)
        return self._customer

    @property
    def _customer_id(self) -> str:
        return "" if self._request.customer_id is UNSET else self._request.customer_id
