"""POST /recommendations/for-page: answer all lists of a page at once."""

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody, SkipValidation
from msgspec.structs import replace

from domain.records.pages import Page, PageRequest
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BROWSER, AuthenticatedRequest, may_be_guest
from infra.http.body import StrictBody
from infra.http.problems import BODY_PROBLEMS, KEY_PROBLEMS, RequestRefused, problem_responses
from infra.storage.opening import Shop
from infra.use_cases.page import Viewer, page_of

BOUNDS = (
    "A `storefront` key and a token may ask for one list of the kind `for-customer` with its bounds, and for none of the"
    " kinds `buy-again` and `recently-viewed`."
)


@post(
    "/recommendations/for-page",
    dto=StrictBody[PageRequest],
    return_dto=None,
    opt=BROWSER,
    status_code=200,
    operation_id="get_page",
    summary="Answer all lists of a page",
    response_description="The lists, in the order of the request",
    responses=problem_responses(*KEY_PROBLEMS, *BODY_PROBLEMS, "customer-not-found"),
)
async def for_page(
    data: JSONBody[PageRequest], shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest
) -> Page:
    """Return up to ten lists, of which no two have a product in common: those that come first choose first.

    Use it when a page shows several lists: one request instead of several, and no product twice. A list that would have
    fewer than `min_items` products is empty, and so is one about products that the catalogue lacks. Lists are as the
    endpoints of their kind answer them. Filters have the same names, with lists of values: `"category": ["outdoor"]`,
    `"attributes": {"colour": ["red", "blue"]}`.

    A `storefront` key and a token may ask for one list of the kind `for-customer` with its bounds, and for none of the kinds
    `buy-again` and `recently-viewed`.
    """
    data.check()
    asked = replace(data, guest=may_be_guest(request, asked=data.guest))
    is_backend = request.auth == "backend"
    if not is_backend and not data.is_bounded:
        raise RequestRefused("forbidden", BOUNDS)
    viewer = Viewer(
        is_backend=is_backend,
        # As in single lists about products.
        has_taste=request.auth != "storefront",
        now=shop.now(),
        reuse_seconds=shop.settings.reuse_seconds,
    )
    return await page_of(shop.repository, asked, viewer)


app = create_app(for_page)
handler = LambdaHandler(app)
