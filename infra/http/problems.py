"""Problem details (RFC 9457): the mapping from every exception to an error response."""

import logging
from collections.abc import Sequence
from typing import Any, cast

from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.openapi.datastructures import ResponseSpec
from msgspec import Struct

from domain import errors
from infra.http.responses import get_request_id
from infra.logs import describe_error

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class FieldError(Struct, frozen=True, kw_only=True):
    """An invalid value; `pointer` is a JSON pointer into the body, `#/query/NAME` or `#/path/NAME`."""

    pointer: str
    detail: str


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    type: str
    title: str
    status: int
    detail: str | None = None
    errors: list[FieldError] = []


PROBLEMS = {
    "validation": (400, "The request is invalid"),
    "empty-body": (400, "The request body is empty"),
    "malformed-json": (400, "The request body is not valid JSON"),
    "json-too-deep": (400, "The JSON is nested too deeply"),
    "duplicate-key": (400, "A JSON object has a duplicate key"),
    "too-many-items": (400, "A list has too many items"),
    "event-too-old": (400, "The event is older than the retention period"),
    "bad-request": (400, "The request is malformed"),
    "unauthorized": (401, "A valid API key is required"),
    "forbidden": (403, "This key may not use this endpoint"),
    "not-found": (404, "No endpoint has this path"),
    "customer-not-found": (404, "The customer does not exist"),
    "product-not-found": (404, "The product does not exist"),
    "order-not-found": (404, "The order does not exist"),
    "address-not-found": (404, "The address does not exist"),
    "rule-not-found": (404, "The rule does not exist"),
    "experiment-not-found": (404, "The experiment does not exist"),
    "method-not-allowed": (405, "This path does not support this method"),
    "request-timeout": (408, "The request body did not arrive in time"),
    "customer-exists": (409, "The customer already exists"),
    "email-taken": (409, "The e-mail address is already in use"),
    "merge-refused": (409, "The guest cannot be merged into this customer"),
    "token-refused": (409, "No browser may have a token for this id"),
    "more-than-bought": (409, "More would be left of the order than was bought"),
    "experiment-refused": (409, "The experiment does not allow this now"),
    "body-too-large": (413, "The request body is too large"),
    "unsupported-media-type": (415, "The content type must be application/json"),
    "unsupported-encoding": (415, "The request body must not be compressed"),
    "foreign-host": (421, "Without API keys, the host must be a loopback address"),
    "event-id-reused": (422, "The id belongs to another event"),
    "rate-limited": (429, "Too many requests"),
    "internal": (500, "Internal server error"),
    "answer-too-large": (500, "The answer is larger than AWS Lambda can send"),
    "store-busy": (503, "The storage is busy"),
    "store-unavailable": (503, "The storage is unavailable"),
}
"""The status and the title of each problem, by the last part of its type."""

MAX_FIELD_ERRORS = 100
_OF_STRANGERS = frozenset({400, 401, 404})

_SLUGS: dict[type[errors.ShopError], str] = {
    errors.CustomerNotFound: "customer-not-found",
    errors.ProductNotFound: "product-not-found",
    errors.OrderNotFound: "order-not-found",
    errors.AddressNotFound: "address-not-found",
    errors.RuleNotFound: "rule-not-found",
    errors.ExperimentNotFound: "experiment-not-found",
    errors.ExperimentRefused: "experiment-refused",
    errors.CustomerExists: "customer-exists",
    errors.EmailTaken: "email-taken",
    errors.MergeRefused: "merge-refused",
    errors.TokenRefused: "token-refused",
    errors.EventIdReused: "event-id-reused",
    errors.TooManyItems: "too-many-items",
    errors.StoreBusy: "store-busy",
    errors.StoreUnavailable: "store-unavailable",
    errors.ConfigurationError: "store-unavailable",
    errors.StoreUnreachable: "store-unavailable",
}


class RequestRefused(errors.ShopError):
    """A request that fails validation; carries its problem."""

    def __init__(self, slug: str, detail: str | None = None, *, field_errors: list[FieldError] | None = None) -> None:
        super().__init__(slug)
        self.problem = make_problem(slug, detail, field_errors=field_errors)


def make_problem(slug: str, detail: str | None = None, *, field_errors: list[FieldError] | None = None) -> Problem:
    status, title = PROBLEMS[slug]
    return Problem(type=f"urn:problem:{slug}", title=title, status=status, detail=detail, errors=field_errors or [])


def problem_headers(problem: Problem) -> dict[str, str]:
    if problem.status == 401:
        return {"www-authenticate": "Bearer"}
    return {"retry-after": "1"} if problem.status in (429, 503) else {}


def handle_exception(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """Return the error response of any exception; handlers contain no `try`."""
    error = cast("Any", request.app).counted(error, request.scope)
    problem, headers = reported(error, get_request_id(request.scope))
    return Response(problem, status_code=problem.status, media_type=MEDIA_TYPE, headers=headers)


def refuses_stranger(error: Exception, scope: Any) -> bool:
    """Return whether an error refuses a request that showed no valid key: a wrong key, an unknown path, a malformed target.

    A path that does not exist is never authenticated.
    """
    if "auth" in scope:
        return False
    if isinstance(error, RequestRefused):
        return error.problem.status in _OF_STRANGERS
    return isinstance(error, NotFoundException | MethodNotAllowedException)


def reported(error: Exception, request_id: str) -> tuple[Problem, dict[str, str]]:
    """Return the problem of an exception and its headers; log server errors with the request id."""
    problem = _problem_of(error)
    if problem.status >= 500:
        logger.error(
            "Request %s failed: %s", request_id, describe_error(error), extra={"members": {"request_id": request_id}}
        )
    allow = dict(error.headers or {}) if isinstance(error, MethodNotAllowedException) else {}
    return problem, problem_headers(problem) | allow


def problem_responses(*slugs: str) -> dict[int, ResponseSpec]:
    """Return the error responses of an endpoint for the OpenAPI document; every endpoint has four more problems."""
    all_slugs = (*slugs, "method-not-allowed", "internal", "store-busy", "store-unavailable")
    statuses = sorted({PROBLEMS[slug][0] for slug in all_slugs})
    return {
        status: ResponseSpec(
            data_container=Problem,
            generate_examples=False,
            media_type=MEDIA_TYPE,
            description=", ".join(f"`{slug}`" for slug in all_slugs if PROBLEMS[slug][0] == status),
        )
        for status in statuses
    }


ANY_KEY_PROBLEMS = ("unauthorized", "foreign-host", "rate-limited")
"""The problems of every endpoint that any key or token may use, with any parameters."""

KEY_PROBLEMS = (*ANY_KEY_PROBLEMS, "forbidden")
"""The problems of every endpoint that requires a key of a scope."""

OBJECT_PROBLEMS = (
    "validation", "empty-body", "malformed-json", "json-too-deep", "duplicate-key", "request-timeout", "body-too-large",
    "unsupported-media-type", "unsupported-encoding",
)  # fmt: skip
"""The problems of every endpoint that has a request body."""

BODY_PROBLEMS = (*OBJECT_PROBLEMS, "too-many-items")
"""The problems of every endpoint whose request body has a list."""

EVENT_PROBLEMS = ("event-too-old", "customer-not-found", "product-not-found", "event-id-reused")
"""The problems of every endpoint that records events."""


def _problem_of(error: Exception) -> Problem:
    match error:
        case RequestRefused():
            return error.problem
        case errors.InvalidField() | errors.InvalidFields():
            found = [(field.pointer, field.detail) for field in error.fields]
            return make_problem("validation", field_errors=_field_errors(found))
        case errors.EventTooOld():
            return make_problem("event-too-old", field_errors=_field_errors([(error.pointer, str(error))]))
        case errors.MoreThanBought():
            return make_problem("more-than-bought", str(error), field_errors=_field_errors(error.items))
        case errors.ShopError() if type(error) in _SLUGS:
            is_internal = isinstance(error, errors.ConfigurationError | errors.StoreUnreachable)
            detail = None if is_internal else str(error)
            return make_problem(_SLUGS[type(error)], detail)
        case NotFoundException():
            return make_problem("not-found")
        case MethodNotAllowedException():
            return make_problem("method-not-allowed")
        case HTTPException(status_code=status) if status < 500:
            return make_problem("bad-request")
        case _:
            return make_problem("internal")


def _field_errors(found: Sequence[tuple[str, str]]) -> list[FieldError]:
    return [FieldError(pointer=pointer, detail=detail) for pointer, detail in found[:MAX_FIELD_ERRORS]]
