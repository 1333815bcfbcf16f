"""Check the names of query parameters: a misspelt filter that is ignored in silence would give the wrong list."""

import difflib
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter
from litestar.typing import FieldDefinition

from infra.http.list_request import ATTRIBUTE_PREFIX, LIST_REQUEST, takes_list_request
from infra.http.problems import MAX_FIELD_ERRORS, FieldError, RequestRefused

_MAX_SHOWN = 64


def check_query(query: bytes, handler: HTTPRouteHandler) -> None:
    """Raise RequestRefused for parameters that an endpoint does not have, or that stand twice where one value counts."""
    if query and (errors := list(_errors(query, handler))):
        raise RequestRefused("validation", field_errors=errors[:MAX_FIELD_ERRORS])


def _errors(query: bytes, handler: HTTPRouteHandler) -> Iterator[FieldError]:
    known, has_attributes = _parameters_of(handler)
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
def _parameters_of(handler: HTTPRouteHandler) -> tuple[dict[str, bool], bool]:
    """Return the query parameters of an endpoint, each with whether it may be repeated, and whether it takes attributes."""
    has_attributes = takes_list_request(handler)
    fields = dict(handler.parsed_fn_signature.parameters)
    if has_attributes:
        fields |= LIST_REQUEST["requested"].parsed_fn_signature.parameters
    known = {name: _is_list(field) for name, field in fields.items() if isinstance(field.kwarg_definition, QueryParameter)}
    return known, has_attributes


def _is_list(field: FieldDefinition) -> bool:
    annotations: list[Any] = [field, *field.inner_types]
    return any(annotation.is_non_string_sequence for annotation in annotations)
