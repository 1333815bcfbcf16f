"""Search products; show what is known of one, what it sold, and which products go with it."""

from typing import Annotated, Any

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import QueryParameter, SkipValidation

from domain.records.dashboard import Gap
from domain.records.product_lists import ProductList
from domain.records.recommendations import ListRequest
from infra.dashboard.customers import Query
from infra.dashboard.pages import page, see, show
from infra.dashboard.product_rules import pressed_of
from infra.dashboard.reasons import shares_of
from infra.dashboard.tiles import web_address
from infra.http.auth import AuthenticatedRequest
from infra.http.parameters import ProductIdInPath
from infra.storage.opening import Shop
from infra.use_cases.related import RelatedRequest, related_list

MAX_FOUND = 30
N_RELATED = 6


@page("/dashboard/products")
async def products_page(
    shop: NamedDependency[SkipValidation[Shop]],
    request: AuthenticatedRequest,
    q: Query = None,
    lacking: Annotated[Gap | None, QueryParameter()] = None,
) -> Response[Any]:
    asked = (q or "").strip()
    found = await shop.repository.find_products(asked, lacking=lacking, n=MAX_FOUND)
    if asked and len(found) == 1:
        return see("products", found[0].product_id)
    return await show(request, shop, "products.html", active="products", asked=asked, lacking=lacking, found=found)


@page("/dashboard/products/{product_id:str}")
async def product_page(
    product_id: ProductIdInPath, shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest
) -> Response[Any]:
    repository, now = shop.repository, shop.now()
    product = await repository.product_details(product_id, now=now)
    wanted = ListRequest(limit=N_RELATED)
    similar, together = [
        await related_list(
            repository, RelatedRequest(kind=kind, product_ids=[product.product_id], list_request=wanted), now=now
        )
        for kind in ("similar", "bought-together")
    ]
    return await show(
        request, shop, "product.html",
        active="products", product=product, shop_url=web_address(product.url), similar=_with_shares(similar),
        together=_with_shares(together), pressed=(await pressed_of(repository, [product.product_id]))[product.product_id],
    )  # fmt: skip


def _with_shares(listed: ProductList) -> list[tuple[Any, Any]]:
    return [(item, shares_of(item.reasons)) for item in listed.items]
