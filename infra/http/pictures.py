"""Pictures that an application serves beside its endpoints, for pages of any host."""

from collections.abc import Callable

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from infra.http.auth import OPEN
from infra.http.problems import RequestRefused

SUFFIX = ".svg"
_CACHE_CONTROL = "public, max-age=86400"


def pictures(path: str, read: Callable[[str], bytes | None], *, policy: str) -> HTTPRouteHandler:
    """Return the route `path`/NAME.svg; `read` returns the SVG of a name, None if there is none.

    `policy` is the content security policy of a picture that is opened as a page of its own.
    """
    headers = {"cache-control": _CACHE_CONTROL, "content-security-policy": policy}

    @get(f"{path}/{{file_name:str}}", opt=OPEN, include_in_schema=False, sync_to_thread=False)
    def show_picture(file_name: FromPath[str]) -> Response[bytes]:
        svg = read(file_name.removesuffix(SUFFIX)) if file_name.endswith(SUFFIX) else None
        if svg is None:
            raise RequestRefused("not-found")
        return Response(svg, media_type="image/svg+xml", headers=headers)

    return show_picture
