"""The OpenAPI document, and a page that shows it without the internet."""

from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from typing import Any, get_args, get_type_hints

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from msgspec import Struct

from infra.http.app import create_app
from infra.http.auth import OPEN
from infra.http.problems import Problem

VERSION = "0.1.0"
_SCRIPT = resources.files("swagger_ui").joinpath("static", "swagger-ui-bundle.js")
_STYLE = resources.files("swagger_ui").joinpath("static", "swagger-ui.css")

_CONFIGURATION = OpenAPIConfig(title="Shop recommendations", version=VERSION, use_handler_docstrings=True)
_KEYS = "A key of `API_KEYS`, for the shop's own servers only: `python main.py new-key SCOPE` makes one."
_PAGE_POLICY = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"

SCHEMA_NAMES = {"TunedConfig": "Choice", "Hyperparameters": "Recipe", "SourceWeights": "Blend"}
"""Public names of schemas whose structs are called otherwise: generated clients have classes of these names."""

_ROOT = ".."
"""Where the endpoints are, seen from `/schema/openapi.json`."""

# Addresses are relative, so that the page also works where another application mounts this one.
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
    """Make the routes below `/schema` that describe `handlers`."""

    @cache
    def document() -> bytes:
        return msgspec.json.encode(openapi_document(*handlers))

    @get("/schema/openapi.json", opt=OPEN, include_in_schema=False, sync_to_thread=False)
    def openapi() -> Response[bytes]:
        return Response(document(), media_type="application/vnd.oai.openapi+json")

    return [page, start, script, style, openapi]


def openapi_document(*handlers: HTTPRouteHandler) -> dict[str, Any]:
    """Describe `handlers` in OpenAPI 3.1: objects are closed, and nothing in a request takes null.

    The schemas of messages are msgspec's own, since it is what decodes them; Litestar's leave out a minimum of 0 and
    the type of a tuple's items.
    """
    described = create_app(*handlers, openapi=_CONFIGURATION)
    document = described.openapi_schema.to_schema()
    document["servers"] = [{"url": _ROOT}]
    structs = [struct for handler in handlers for struct in _messages(handler)]
    _, schemas = msgspec.json.schema_components([*structs, Problem], ref_template="#/components/schemas/{name}")
    for schema in schemas.values():
        schema["additionalProperties"] = False
    schemas = {SCHEMA_NAMES.get(name, name): schema for name, schema in schemas.items()}
    document["components"]["schemas"] = schemas
    for node in _referring_nodes(document):
        path, _, name = node["$ref"].rpartition("/")
        node["$ref"] = f"{path}/{SCHEMA_NAMES.get(name, name)}"
    for name in _request_schemas(document):
        for field in schemas[name].get("properties", {}).values():
            _refuse_null(field)
    _secure(document, handlers)
    for operation in _operations(document):
        for parameter in operation.get("parameters", []):
            _refuse_null(parameter["schema"])
    return document


@get("/schema", opt=OPEN, include_in_schema=False, sync_to_thread=False)
def page() -> Response[bytes]:
    return Response(_PAGE, media_type="text/html", headers={"content-security-policy": _PAGE_POLICY})


@get("/schema/start.js", opt=OPEN, include_in_schema=False, sync_to_thread=False)
def start() -> Response[bytes]:
    return Response(_START, media_type="text/javascript")


@get("/schema/swagger-ui-bundle.js", opt=OPEN, include_in_schema=False, sync_to_thread=False)
def script() -> Response[bytes]:
    return Response(_SCRIPT.read_bytes(), media_type="text/javascript")


@get("/schema/swagger-ui.css", opt=OPEN, include_in_schema=False, sync_to_thread=False)
def style() -> Response[bytes]:
    return Response(_STYLE.read_bytes(), media_type="text/css")


def _secure(document: dict[str, Any], handlers: Sequence[HTTPRouteHandler]) -> None:
    """Say which operations take a key, and of which scope."""
    document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer", "description": _KEYS}}
    for handler in handlers:
        if (access := handler.opt["access"]) == "open":
            continue
        for path in handler.paths:
            for method in handler.http_methods:
                operation = document["paths"][path.replace(":str}", "}")][method.lower()]
                operation["security"] = [{"key": []}]
                operation["description"] = f"{operation['description']} Takes a `{access}` key" + (
                    ", or a `backend` key, which sees everything." if access == "storefront" else "."
                )


def _messages(handler: HTTPRouteHandler) -> Iterator[type[Struct]]:
    """Yield the structs that a handler takes and gives."""
    hints = get_type_hints(handler.fn)
    for annotation in (hints.get("data"), hints["return"]):
        for candidate in (annotation, *get_args(annotation)):
            if isinstance(candidate, type) and issubclass(candidate, Struct):
                yield candidate


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from path.values()


def _request_schemas(document: dict[str, Any]) -> set[str]:
    """Name the schemas that request bodies are made of, at any depth."""
    schemas = document["components"]["schemas"]
    pending = [name for operation in _operations(document) for name in _references(operation.get("requestBody"))]
    reached: set[str] = set()
    while pending:
        name = pending.pop()
        if name not in reached:
            reached.add(name)
            pending.extend(_references(schemas[name]))
    return reached


def _references(node: Any) -> Iterator[str]:
    """Yield the names of the schemas that a node refers to, at any depth."""
    return (found["$ref"].rpartition("/")[2] for found in _referring_nodes(node))


def _referring_nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node
        for child in node.values():
            yield from _referring_nodes(child)
    elif isinstance(node, list):
        for child in node:
            yield from _referring_nodes(child)


def _refuse_null(field: dict[str, Any]) -> None:
    """Take null out of what a field may be."""
    for union in ("anyOf", "oneOf"):
        choices = [choice for choice in field.get(union, []) if choice.get("type") != "null"]
        if len(choices) == 1:
            del field[union]
            field |= choices[0] | field
    if field.get("default", ...) is None:
        del field["default"]
