"""GET /recommend.js: the script that shows lists in the pages of a shop."""

from litestar import Response, get

from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import OPEN, AuthenticatedRequest
from infra.http.browser.script import script_response


@get("/recommend.js", opt=OPEN, include_in_schema=False, sync_to_thread=False)
def recommend_js(request: AuthenticatedRequest) -> Response[bytes]:
    """Return the script, or 304 without it to a browser that has it already."""
    return script_response(request)


app = create_app(recommend_js)
handler = LambdaHandler(app)
