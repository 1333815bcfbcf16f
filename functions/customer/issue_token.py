"""POST /customer/issue-token: issue a token for the browser of a customer."""

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody, SkipValidation

from domain.records.browser_tokens import IssuedToken, TokenRequest
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BACKEND
from infra.http.body import StrictBody
from infra.http.problems import KEY_PROBLEMS, OBJECT_PROBLEMS, problem_responses
from infra.storage.opening import Shop
from infra.use_cases.browser_tokens import issue_token as issue


@post(
    "/customer/issue-token",
    dto=StrictBody[TokenRequest],
    return_dto=None,
    opt=BACKEND,
    operation_id="issue_token",
    summary="Issue a token for a browser",
    response_description="The token",
    status_code=200,
    responses=problem_responses(*KEY_PROBLEMS, *OBJECT_PROBLEMS, "customer-not-found", "token-refused"),
)
async def issue_token(data: JSONBody[TokenRequest], shop: NamedDependency[SkipValidation[Shop]]) -> IssuedToken:
    """Return a token with which a browser asks for lists of this customer and sends the customer's browsing events.

    Use it when your server answers a page of a logged-in customer, or, with `guest`, of a visitor without an account.
    Keys of `API_KEYS` never belong into a browser.

    The browser sends it as `Authorization: Bearer TOKEN` until it expires. With `guest`, `customer_id` may be of nobody yet,
    and the first event registers the guest; the id of a customer is refused, because visitors may choose a guest's id
    themselves. The token of a guest ends when the guest is merged.
    """
    return await issue(shop.repository, data, now=shop.now())


app = create_app(issue_token)
handler = LambdaHandler(app)
