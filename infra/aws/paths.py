"""The percent-encoded paths of requests in AWS Lambda events.

REST APIs, function URLs and load balancers hand on the path as it was sent. An HTTP API hands on a decoded path, in which a
slash of an id cannot be told from one that separates segments: all that follows the path of an endpoint is the id.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

_SAFE_IN_PATHS = "/:@!$&'()*+,;="
_FUNCTION_URL = ".lambda-url."


def id_prefixes(routes: Iterable[str]) -> list[str]:
    """Return what precedes the id in the paths of `routes`, the longest first."""
    return sorted({route.partition("{")[0] for route in routes if "{" in route}, key=lambda prefix: (-len(prefix), prefix))


def raw_path_of(event: dict[str, Any], prefixes: Sequence[str]) -> str:
    """Return the percent-encoded path of an event; `prefixes` precede an id."""
    context = event["requestContext"]
    path = context.get("http", event).get("path") or "/"
    if not _is_of_http_api(event, context):
        return quote(path, safe=f"{_SAFE_IN_PATHS}%", errors="surrogatepass")
    prefix = next((prefix for prefix in prefixes if path.startswith(prefix)), path)
    identifier = path[len(prefix) :]
    return quote(prefix, safe=_SAFE_IN_PATHS, errors="surrogatepass") + quote(identifier, safe="", errors="surrogatepass")


def _is_of_http_api(event: dict[str, Any], context: dict[str, Any]) -> bool:
    """Return whether an event is of an HTTP API; events of REST APIs and load balancers have no version."""
    return "version" in event and _FUNCTION_URL not in str(context.get("domainName"))
