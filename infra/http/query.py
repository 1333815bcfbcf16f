"""Name all that is wrong with the parameters: a misspelt filter that is ignored in silence would give the wrong list."""

import difflib
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import msgspec
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter
from litestar.typing import FieldDefinition

from infra.http.list_request import ATTRIBUTE_PREFIX, LIST_REQUEST, takes_list_request
from infra.http.problems import MAX_FIELD_ERRORS, FieldError, RequestRefused
from infra.http.value_errors import parameter_errors

_MAX_SHOWN = 64


class _Parameter(NamedTuple):
    """A query parameter: its name in requests, and whether it may be repeated."""

    name: str
    is_list: bool


def check_query(query: bytes, handler: HTTPRouteHandler) -> None:
    """Raise RequestRefused for parameters that an endpoint does not have, or that stand twice where one value counts."""
    if query and (errors := list(_errors(query, handler))):
        errors += _invalid_values(query, handler)
        raise RequestRefused("validation", field_errors=errors[:MAX_FIELD_ERRORS])


def _invalid_values(query: bytes, handler: HTTPRouteHandler) -> Iterator[FieldError]:
    """Yield what is wrong with the values of all query parameters."""
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        values.setdefault(name, []).append(value)
    known, has_attributes = _parameters_of(handler)
    # A dependency has a signature only in an application with an endpoint that declares it.
    dependencies = [LIST_REQUEST["requested"]] if has_attributes else []
    signatures = [handler.signature_model, *(dependency.signature_model for dependency in dependencies)]
    for field in (field for signature in signatures for field in msgspec.structs.fields(signature) if field.name in known):
        parameter = known[field.name]
        if given := values.get(parameter.name):
            value = given if parameter.is_list else given[0]
            yield from parameter_errors(value, field.type, pointer=f"#/query/{parameter.name}")
        elif field.required:
            yield FieldError(pointer=f"#/query/{parameter.name}", detail="Expected a value")


def refused_parameters(scope: Any) -> RequestRefused:
    """Return the refusal of a request with wrong parameters: Litestar stops at the first signature that has an error."""
    handler, in_path = scope["route_handler"], scope["path_params"]
    fields = [field for field in msgspec.structs.fields(handler.signature_model) if field.name in in_path]
    found = [
        error
        for field in fields
        for error in parameter_errors(in_path[field.name], field.type, pointer=f"#/path/{field.name}")
    ]
    found += _invalid_values(scope["query_string"], handler)
    return RequestRefused("validation", field_errors=found[:MAX_FIELD_ERRORS])


def _errors(query: bytes, handler: HTTPRouteHandler) -> Iterator[FieldError]:
    parameters, has_attributes = _parameters_of(handler)
    known = dict(parameters.values())
    counts = Counter(name for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    for name, count in counts.items():
        if has_attributes and name.startswith(ATTRIBUTE_PREFIX):
            continue
        if name not in known:
            names = [*known, *[f"{ATTRIBUTE_PREFIX}NAME"] * has_attributes]
            yield FieldError(pointer=f"#/query/{name[:_MAX_SHOWN]}", detail=_unknown(name, names))
        elif count > 1 and not known[name]:
            yield FieldError(pointer=f"#/query/{name}", detail="Expected at most once")


def _unknown(name: str, known: list[str]) -> str:
    if not known:
        return "Unknown parameter; this endpoint has none"
    # A name of thousands of characters is like none of them, and would take long to compare.
    close = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5) if len(name) <= _MAX_SHOWN else []
    return f"Unknown parameter; did you mean `{close[0]}`?" if close else f"Unknown parameter; expected {', '.join(known)}"


@lru_cache(maxsize=256)
def _parameters_of(handler: HTTPRouteHandler) -> tuple[dict[str, _Parameter], bool]:
    """Return the query parameters of an endpoint by their names in its function, and whether it takes attributes."""
    has_attributes = takes_list_request(handler)
    fields = dict(handler.parsed_fn_signature.parameters)
    if has_attributes:
        fields |= LIST_REQUEST["requested"].parsed_fn_signature.parameters
    known = {
        name: _Parameter(field.kwarg_definition.name or name, _is_list(field))
        for name, field in fields.items()
        if isinstance(field.kwarg_definition, QueryParameter)
    }
    return known, has_attributes


def _is_list(field: FieldDefinition) -> bool:
    annotations: list[Any] = [field, *field.inner_types]
    return any(annotation.is_non_string_sequence for annotation in annotations)
