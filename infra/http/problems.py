"""Every answer that is an error: RFC 9457 problem details, one table from what went wrong to what is said."""

import logging
import re
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from msgspec import Struct

from domain import errors
from domain.records.values import readable_message
from infra.http.responses import identified
from infra.logs import describe_error

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class FieldError(Struct, frozen=True, kw_only=True):
    """Where in the request and what; `pointer` is a JSON pointer into the body, or `#/query/...`, `#/path/...`."""

    pointer: str
    detail: str


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    type: str
    title: str
    status: int
    detail: str | None = None
    errors: list[FieldError] = []


PROBLEMS = {
    "validation": (400, "The request is not valid"),
    "empty-body": (400, "The body is empty"),
    "malformed-json": (400, "The body is not JSON"),
    "json-too-deep": (400, "The body is nested too deeply"),
    "duplicate-key": (400, "An object of the body has a key twice"),
    "too-many-items": (400, "A list is too long"),
    "event-too-old": (400, "The event is older than what is kept"),
    "bad-request": (400, "The request cannot be understood"),
    "unauthorized": (401, "The request needs a valid key"),
    "forbidden": (403, "The key is not for this"),
    "not-found": (404, "There is nothing at this path"),
    "customer-not-found": (404, "The customer does not exist"),
    "product-not-found": (404, "The product does not exist"),
    "method-not-allowed": (405, "The path does not take this method"),
    "request-timeout": (408, "The body did not come in time"),
    "customer-exists": (409, "The customer exists already"),
    "email-taken": (409, "The e-mail address is taken"),
    "body-too-large": (413, "The body is too large"),
    "unsupported-media-type": (415, "The body must be application/json"),
    "unsupported-encoding": (415, "The body must not be compressed"),
    "foreign-host": (421, "The host is not served without keys"),
    "event-id-reused": (422, "The id stands for another event"),
    "rate-limited": (429, "The key has asked too often"),
    "internal": (500, "Something went wrong"),
    "store-busy": (503, "The storage is busy"),
    "store-unavailable": (503, "The storage is not available"),
}

_SLUGS: dict[type[errors.ShopError], str] = {
    errors.CustomerNotFound: "customer-not-found",
    errors.ProductNotFound: "product-not-found",
    errors.CustomerExists: "customer-exists",
    errors.EmailTaken: "email-taken",
    errors.EventIdReused: "event-id-reused",
    errors.TooManyItems: "too-many-items",
    errors.StoreBusy: "store-busy",
    errors.StoreUnavailable: "store-unavailable",
    errors.ConfigurationError: "store-unavailable",
}


class RequestRefused(errors.ShopError):
    """A request that the guard does not let through; carry the slug of its problem."""

    def __init__(self, slug: str, detail: str | None = None, *, field_errors: list[FieldError] | None = None) -> None:
        super().__init__(slug)
        self.problem = problem(slug, detail, field_errors=field_errors)


def problem(slug: str, detail: str | None = None, *, field_errors: list[FieldError] | None = None) -> Problem:
    status, title = PROBLEMS[slug]
    return Problem(type=f"urn:problem:{slug}", title=title, status=status, detail=detail, errors=field_errors or [])


def headers_for(answer: Problem) -> dict[str, str]:
    if answer.status == 401:
        return {"www-authenticate": "Bearer"}
    return {"retry-after": "1"} if answer.status in (429, 503) else {}


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """Turn any exception into its problem; the handlers themselves contain no `try`."""
    said, headers = reported(error, identified(request.scope))
    return Response(said, status_code=said.status, media_type=MEDIA_TYPE, headers=headers)


def reported(error: Exception, request_id: str) -> tuple[Problem, dict[str, str]]:
    """Return the problem of an exception and its headers; log what is the server's fault, with the request's id."""
    said = _problem_of(error)
    headers = headers_for(said) | _extra_headers(error)
    if said.status >= 500:
        logger.error(
            "Request %s failed: %s", request_id, describe_error(error), extra={"members": {"request_id": request_id}}
        )
    return said, headers


def declared(*slugs: str) -> dict[int, ResponseSpec]:
    """Declare in the OpenAPI document which problems an endpoint answers with, beside those that any may."""
    every = (*slugs, "method-not-allowed", "internal", "store-busy", "store-unavailable")
    statuses = sorted({PROBLEMS[slug][0] for slug in every})
    return {
        status: ResponseSpec(
            data_container=Problem,
            generate_examples=False,
            media_type=MEDIA_TYPE,
            description=", ".join(f"`{slug}`" for slug in every if PROBLEMS[slug][0] == status),
        )
        for status in statuses
    }


KEY = ("unauthorized", "forbidden", "foreign-host", "rate-limited")
"""What any endpoint that takes a key may answer."""

BODY = (
    "validation",
    "empty-body",
    "malformed-json",
    "json-too-deep",
    "duplicate-key",
    "too-many-items",
    "request-timeout",
    "body-too-large",
    "unsupported-media-type",
    "unsupported-encoding",
)
"""What any endpoint that takes a body may answer."""


def invalid(error: msgspec.ValidationError) -> Problem:
    """Say where in the body a value is refused; msgspec names the place as a path like `$.items[0].quantity`."""
    text, _, path = str(error).partition(" - at `$")
    slug = "too-many-items" if text.startswith("Expected `array` of length <=") else "validation"
    return problem(slug, field_errors=[FieldError(pointer=_pointer(path.rstrip("`")), detail=readable_message(text))])


def _problem_of(error: Exception) -> Problem:
    match error:
        case RequestRefused():
            return error.problem
        case errors.InvalidField():
            return problem("validation", field_errors=[FieldError(pointer=error.pointer, detail=error.detail)])
        case errors.EventTooOld():
            return problem("event-too-old", field_errors=[FieldError(pointer=error.pointer, detail=str(error))])
        case errors.ShopError() if type(error) in _SLUGS:
            detail = None if isinstance(error, errors.ConfigurationError) else str(error)
            return problem(_SLUGS[type(error)], detail)
        case msgspec.ValidationError():
            return invalid(error)
        case ValidationException():
            return problem(
                "validation",
                field_errors=[_parameter_error(extra) for extra in error.extra or [] if isinstance(extra, dict)],
            )
        case NotFoundException():
            return problem("not-found")
        case MethodNotAllowedException():
            return problem("method-not-allowed")
        case HTTPException(status_code=status) if status < 500:
            return problem("bad-request")
        case _:
            return problem("internal")


def _extra_headers(error: Exception) -> dict[str, str]:
    return dict(error.headers or {}) if isinstance(error, MethodNotAllowedException) else {}


def _parameter_error(extra: dict[str, Any]) -> FieldError:
    source = extra.get("source", "query")
    pointer = f"#/{getattr(source, 'value', source)}/{extra.get('key', '')}"
    return FieldError(pointer=pointer, detail=readable_message(extra["message"]))


def _pointer(path: str) -> str:
    return "#" + re.sub(r"\[(\d+|\.\.\.)\]", r"/\1", path).replace(".", "/")
