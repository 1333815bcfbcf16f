"""The OpenAPI document, and a documentation page that works offline."""

import copy
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib import resources
from typing import Any, cast, get_args, get_type_hints

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from msgspec import Struct

from domain.ranking.own_scores import own_names
from domain.records.recommendations import SOURCE_NAMES
from domain.records.values import PUBLISHED_PATTERNS
from infra.http.app import ShopApplication, create_app
from infra.http.auth import OPEN, AuthenticatedRequest
from infra.http.list_request import ATTRIBUTES, takes_list_request
from infra.http.openapi_details import add_details
from infra.http.problems import Problem, RequestRefused

VERSION = "0.1.0"
_SCRIPT = resources.files("swagger_ui").joinpath("static", "swagger-ui-bundle.js")
_STYLE = resources.files("swagger_ui").joinpath("static", "swagger-ui.css")

_CONFIGURATION = OpenAPIConfig(
    title="Shop recommendations",
    version=VERSION,
    description="Record what customers of an online shop view and buy, and get explained product recommendations.",
    use_handler_docstrings=True,
)
_KEY_DESCRIPTION = (
    "A key of `API_KEYS`, for servers of the shop only; `python main.py new-key SCOPE` creates one. For browsers, a token of"
    " `POST /customer/issue-token`."
)
_REQUIRED_KEYS = {
    "optional": "Without a `backend` key, the response has only the `status`.",
    "backend": "Requires a `backend` key.",
    "report": "Requires a `backend` or a `viewer` key: the answer has no personal data.",
    "browser": "Requires a `storefront` or `backend` key, or a browser token of the customer whom the request names. "
    "Without a `backend` key, the response has no `segment`, and its reasons do not tell of the customer's history.",
}
_PAGE_POLICY = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"

SCHEMA_NAMES = {"TunedConfig": "Choice", "Hyperparameters": "Recipe", "SourceWeights": "Blend"}
"""Public schema names that differ from the names of their structs; generated clients have classes with these names."""

_ROOT = ".."
"""The URL of the endpoints, relative to `/schema/openapi.json`."""

# Relative URLs keep working when another application mounts this one.
_PAGE = b"""<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>Shop recommendations</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="schema/swagger-ui.css">
</head>
<body>
  <div id="swagger-ui"></div>
  <script src="schema/swagger-ui-bundle.js"></script>
  <script src="schema/start.js"></script>
</body>
</html>
"""
_START = b'SwaggerUIBundle({url: "schema/openapi.json", dom_id: "#swagger-ui", deepLinking: true});\n'


def documentation(*handlers: HTTPRouteHandler) -> list[HTTPRouteHandler]:
    """Return the routes below `/schema` that document `handlers`; with `DOCS=0` they are not found."""

    @cache
    def document() -> bytes:
        return msgspec.json.encode(openapi_document(*handlers))

    return [
        _asset("/schema", lambda: _PAGE, "text/html", headers={"content-security-policy": _PAGE_POLICY}),
        _asset("/schema/start.js", lambda: _START, "text/javascript"),
        _asset("/schema/swagger-ui-bundle.js", _SCRIPT.read_bytes, "text/javascript"),
        _asset("/schema/swagger-ui.css", _STYLE.read_bytes, "text/css"),
        _asset("/schema/openapi.json", document, "application/vnd.oai.openapi+json"),
    ]


def _asset(
    path: str, read: Callable[[], bytes], media_type: str, *, headers: dict[str, str] | None = None
) -> HTTPRouteHandler:
    @get(path, opt=OPEN, include_in_schema=False, sync_to_thread=False)
    def asset(request: AuthenticatedRequest) -> Response[bytes]:
        # Routes exist before settings are read.
        if not cast("ShopApplication", request.app).storage.settings().docs:
            raise RequestRefused("not-found")
        return Response(read(), media_type=media_type, headers=headers)

    return asset


def openapi_document(*handlers: HTTPRouteHandler) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of `handlers`: all objects are closed, and requests have null only to clear a value.

    The schemas of structs come from msgspec, which decodes them; Litestar's lack a minimum of 0 and types of tuple items.
    """
    document = create_app(*handlers, openapi=_CONFIGURATION).openapi_schema.to_schema()
    document["servers"] = [{"url": _ROOT}]
    structs = [struct for handler in handlers for struct in _structs_of(handler)]
    _, schemas = msgspec.json.schema_components([*structs, Problem], ref_template="#/components/schemas/{name}")
    for schema in schemas.values():
        schema["additionalProperties"] = False
        for name, member in schema["properties"].items():
            if schema["title"] == "Reason" and name == "source":
                member["enum"] = [*SOURCE_NAMES, *own_names()]
    schemas = {SCHEMA_NAMES.get(name, name): schema for name, schema in schemas.items()}
    document["components"]["schemas"] = schemas
    for field in _nodes_with(document, "pattern"):
        field["pattern"] = PUBLISHED_PATTERNS.get(field["pattern"], field["pattern"])
    for reference in _nodes_with(document, "$ref"):
        path, _, name = reference["$ref"].rpartition("/")
        reference["$ref"] = f"{path}/{SCHEMA_NAMES.get(name, name)}"
    for name in _request_schemas(document, handlers):
        for field in schemas[name].get("properties", {}).values():
            _remove_null(field)
    _add_security(document, handlers)
    _add_attributes(document, handlers)
    for operation in _operations(document):
        for parameter in operation.get("parameters", []):
            _remove_null(parameter["schema"])
    add_details(document)
    return document


def _add_security(document: dict[str, Any], handlers: Sequence[HTTPRouteHandler]) -> None:
    """Add the required key to each operation that is not open."""
    scheme = {"type": "http", "scheme": "bearer", "description": _KEY_DESCRIPTION}
    document["components"]["securitySchemes"] = {"key": scheme}
    for handler in handlers:
        if (access := handler.opt["access"]) == "open":
            continue
        for operation in _operations_of(document, handler):
            operation["security"] = [{}, {"key": []}] if access == "optional" else [{"key": []}]
            operation["description"] += f"\n\n{_REQUIRED_KEYS[access]}"


def _add_attributes(document: dict[str, Any], handlers: Sequence[HTTPRouteHandler]) -> None:
    """Add the filters by attribute to each operation that answers a list."""
    for handler in handlers:
        if takes_list_request(handler):
            for operation in _operations_of(document, handler):
                operation["parameters"].append(copy.deepcopy(ATTRIBUTES))


def _structs_of(handler: HTTPRouteHandler) -> Iterator[type[Struct]]:
    """Yield the structs of the request body and the response of a handler."""
    hints = get_type_hints(handler.fn)
    for annotation in (hints.get("data"), hints["return"]):
        for candidate in (annotation, *get_args(annotation)):
            if isinstance(candidate, type) and issubclass(candidate, Struct):
                yield candidate


def _operations_of(document: dict[str, Any], handler: HTTPRouteHandler) -> Iterator[dict[str, Any]]:
    for path in handler.paths:
        for method in handler.http_methods:
            yield document["paths"][path.replace(":str}", "}")][method.lower()]


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from path.values()


def _request_schemas(document: dict[str, Any], handlers: Sequence[HTTPRouteHandler]) -> set[str]:
    """Return the names of the schemas that request bodies without nulls use, at any depth."""
    schemas = document["components"]["schemas"]
    operations = (
        one for handler in handlers if not handler.opt.get("takes_null") for one in _operations_of(document, handler)
    )
    pending = [name for operation in operations for name in _referenced_names(operation.get("requestBody"))]
    names: set[str] = set()
    while pending:
        name = pending.pop()
        if name not in names:
            names.add(name)
            pending.extend(_referenced_names(schemas[name]))
    return names


def _referenced_names(node: Any) -> Iterator[str]:
    return (reference["$ref"].rpartition("/")[2] for reference in _nodes_with(node, "$ref"))


def _nodes_with(node: Any, member: str) -> Iterator[dict[str, Any]]:
    """Yield each object that has a `member`, at any depth."""
    if isinstance(node, dict):
        if member in node:
            yield node
        for child in node.values():
            yield from _nodes_with(child, member)
    elif isinstance(node, list):
        for child in node:
            yield from _nodes_with(child, member)


def _remove_null(field: dict[str, Any]) -> None:
    """Remove null from the types and the default of a field."""
    for union in ("anyOf", "oneOf"):
        choices = [choice for choice in field.get(union, []) if choice.get("type") != "null"]
        if len(choices) == 1:
            del field[union]
            field |= choices[0] | field
    if field.get("default", ...) is None:
        del field["default"]
