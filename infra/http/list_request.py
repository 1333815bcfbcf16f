"""What every endpoint with a list takes from the query: the length, the filters, and the placement.

A handler declares `requested: RequestedList` and `dependencies=LIST_REQUEST`. The parameters `attribute.NAME` have names
that shops choose, so Litestar cannot declare them; the OpenAPI document gets them from ATTRIBUTES.
"""

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from litestar import Request
from litestar.di import NamedDependency, Provide
from litestar.handlers import HTTPRouteHandler
from litestar.params import SkipValidation

from domain.records.attributes import MAX_ATTRIBUTES
from domain.records.recommendations import MAX_VALUES, ListRequest
from domain.records.values import CATEGORY_PATTERN, AttributeName, Text
from infra.http.parameters import (
    Brands,
    Categories,
    Excluded,
    Limit,
    MaxPrice,
    MinPrice,
    Placement,
    Tags,
)
from infra.http.problems import FieldError, RequestRefused
from infra.http.value_errors import parameter_errors
from infra.storage.opening import Shop

ATTRIBUTE_PREFIX = "attribute."
ATTRIBUTES = {
    "name": "attributes",
    "in": "query",
    "required": False,
    "description": (
        "Recommend only products with these attributes: `attribute.NAME=VALUE` for each, repeated for other values that an"
        " attribute may have"
    ),
    "style": "form",
    "explode": True,
    "schema": {
        "type": "object",
        "maxProperties": MAX_ATTRIBUTES,
        "propertyNames": {"pattern": r"^attribute\.[A-Za-z0-9_]{1,64}(?![\s\S])"},
        "additionalProperties": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": CATEGORY_PATTERN},
    },
    "example": {"attribute.colour": "red"},
}
"""The parameters of attributes in OpenAPI's words: an object whose members are parameters of their own."""

_Attributes = tuple[tuple[str, frozenset[str]], ...]
_Values = Annotated[list[Text], msgspec.Meta(max_length=MAX_VALUES)]


def list_request(  # noqa: PLR0913, PLR0917 - Litestar passes query parameters by name
    shop: NamedDependency[SkipValidation[Shop]],
    request: Request[Any, Any, Any],
    limit: Limit = 10,
    category: Categories = None,
    brand: Brands = None,
    tag: Tags = None,
    min_price: MinPrice = None,
    max_price: MaxPrice = None,
    exclude: Excluded = None,
    placement: Placement = None,
) -> ListRequest:
    """Return the request for a list; raise InvalidField or RequestRefused for parameters that are not acceptable."""
    # Litestar resolves dependencies that do not need each other in a task group, which takes a quarter of a stored list.
    del shop
    requested = ListRequest(
        limit=limit,
        categories=frozenset(category or ()),
        brands=frozenset(brand or ()),
        tags=frozenset(tag or ()),
        attributes=_attributes(request),
        min_price=min_price,
        max_price=max_price,
        exclude=frozenset(exclude or ()),
        placement=placement,
    )
    requested.check()
    return requested


LIST_REQUEST = {"requested": Provide(list_request, sync_to_thread=False)}
RequestedList = NamedDependency[SkipValidation[ListRequest]]


def takes_list_request(handler: HTTPRouteHandler) -> bool:
    """Return whether an endpoint declares `dependencies=LIST_REQUEST`."""
    # Not `resolve_dependencies`, which a handler remembers, with those of the first application that asks.
    return LIST_REQUEST.keys() <= (handler.dependencies or {}).keys()


def _attributes(request: Request[Any, Any, Any]) -> _Attributes:
    if not request.scope["query_string"]:
        # Most requests, of which litestar would parse nothing for longer than the rest of this module takes.
        return ()
    texts_of: dict[str, list[str]] = {}
    for parameter, text in request.query_params.multi_items():
        if parameter.startswith(ATTRIBUTE_PREFIX):
            texts_of.setdefault(parameter.removeprefix(ATTRIBUTE_PREFIX), []).append(text)
    errors = list(_errors(texts_of))
    if len(texts_of) > MAX_ATTRIBUTES:
        errors.append(FieldError(pointer="#/query", detail=f"Expected at most {MAX_ATTRIBUTES} attributes"))
    if errors:
        raise RequestRefused("validation", field_errors=errors)
    return tuple((name, frozenset(texts_of[name])) for name in sorted(texts_of))


def _errors(texts_of: dict[str, list[str]]) -> Iterator[FieldError]:
    for name, texts in texts_of.items():
        for value, kind in ((name, AttributeName), (texts, _Values)):
            yield from parameter_errors(value, kind, pointer=f"#/query/{ATTRIBUTE_PREFIX}{name}")
