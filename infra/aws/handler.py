"""The adapter between AWS Lambda events and an application."""

import logging
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

import msgspec
from litestar import Litestar
from mangum import Mangum
from mangum.adapter import DEFAULT_TEXT_MIME_TYPES

from infra.aws.event_loop import LambdaRuntime
from infra.aws.logs import Invocation, log_as_json
from infra.aws.metrics import emit, served_list
from infra.aws.paths import id_prefixes, raw_path_of
from infra.aws.sqs import AppResponse, deliver, messages_of, post_scope
from infra.background.gc import resume_collections
from infra.http.headers import STRICT_SECURITY_HEADERS
from infra.http.problems import MEDIA_TYPE, Problem, make_problem, problem_headers
from infra.http.responses import REQUEST_ID, REQUEST_ID_HEADER
from infra.logs import describe_error

logger = logging.getLogger(__name__)

Event = dict[str, Any]
LambdaResponse = dict[str, Any]

MAX_RESPONSE_BYTES = 6 * 1024 * 1024
"""The most that AWS Lambda accepts as the response of a function, which is JSON: in the body, each quote has two bytes."""

RESERVED_SECONDS = 0.5
"""The part of an invocation's remaining time that is reserved for the response to a time-out."""

_SECURITY_HEADERS = {name.decode(): value.decode() for name, value in STRICT_SECURITY_HEADERS}


class LambdaHandler:
    """Serve an application in one execution environment, on one event loop that persists between events.

    Mangum alone would start and stop the application with every event, and needs a current event loop, which `asyncio.run`
    removes. With `takes_messages`, the handler also accepts the messages of an SQS queue.
    """

    def __init__(self, app: Litestar, *, takes_messages: bool = False) -> None:
        self._path = app.routes[0].path if takes_messages else ""
        self._takes_messages = takes_messages
        self._id_prefixes = id_prefixes(route.path for route in app.routes)
        self._runtime = LambdaRuntime(app)
        self._invocation = Invocation()
        self._mangum: Mangum | None = None
        self._has_reached_app = False
        resume_collections()

    def __call__(self, event: Event, context: Any) -> LambdaResponse:
        """Return the response to one event; a failed application start is a 503, and the next event retries it."""
        started_at = time.perf_counter()
        self._invocation.request_id = getattr(context, "aws_request_id", None)
        log_as_json(self._invocation)
        self._runtime.start(_seconds_left(context))
        messages = messages_of(event) if self._takes_messages else []
        if messages:
            status = None
            batch = self._runtime.run(deliver(messages, self._post))
            response = {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in batch.failed_ids]}
            app_responses = batch.responses
        else:
            response = self._respond(event, context)
            status = response["statusCode"]
            app_responses = [AppResponse(status, response["body"])]
        self._emit_metrics(app_responses, status=status, milliseconds=(time.perf_counter() - started_at) * 1000)
        self._invocation.cold_start = False
        return response

    def close(self) -> None:
        """Shut down the application; AWS Lambda freezes environments without notice, so only tests call this."""
        self._runtime.close()

    def _respond(self, event: Event, context: Any) -> LambdaResponse:
        if self._mangum is None:
            # Mangum encodes unknown media types in base64.
            self._mangum = Mangum(self._handle, lifespan="off", text_mime_types=[*DEFAULT_TEXT_MIME_TYPES, MEDIA_TYPE])
        self._has_reached_app = False
        try:
            response = self._mangum(event, context)
        except Exception as error:  # noqa: BLE001 - any error; its text may contain a part of the event
            # The application handles its own errors. Before it is called, Mangum fails on an invalid event or body.
            logger.error("The event cannot be answered: %s", describe_error(error))  # noqa: TRY400
            return self._problem_response(make_problem("internal" if self._has_reached_app else "malformed-json"))
        if len(response["body"]) > MAX_RESPONSE_BYTES // 6 and len(msgspec.json.encode(response)) > MAX_RESPONSE_BYTES:
            logger.error("An answer is larger than AWS Lambda can send.")
            return self._problem_response(make_problem("answer-too-large"))
        return response

    def _problem_response(self, problem: Problem) -> LambdaResponse:
        """Return an error response without the application."""
        headers = {"content-type": MEDIA_TYPE, **problem_headers(problem), **_SECURITY_HEADERS}
        if self._invocation.request_id:
            headers[REQUEST_ID_HEADER.decode()] = self._invocation.request_id
        return {
            "statusCode": problem.status,
            "headers": headers,
            "body": msgspec.json.encode(problem).decode(),
            "isBase64Encoded": False,
        }

    def _emit_metrics(self, responses: Sequence[AppResponse], *, status: int | None, milliseconds: float) -> None:
        metrics = {
            "requests": len(responses),
            "errors": sum(response.status >= 500 for response in responses),
            "refused": sum(400 <= response.status < 500 for response in responses),
            "latency": round(milliseconds, 3),
        }
        # Only requests are answered with lists, and one at a time.
        emit(self._invocation, metrics, served_list(responses[-1].body), status=status)

    def _state(self) -> dict[str, Any]:
        """Return the ASGI state of a request: the id of its invocation becomes the request id, as in all log lines."""
        return {REQUEST_ID: self._invocation.request_id} if self._invocation.request_id else {}

    async def _handle(self, scope: Any, receive: Any, send: Any) -> None:
        self._has_reached_app = True
        raw_path = raw_path_of(scope["aws.event"], self._id_prefixes)
        # Mangum decodes every path, also one that the gateway has decoded.
        paths = {"path": unquote(raw_path), "raw_path": raw_path.encode()}
        await self._runtime.handle(scope | paths | {"state": self._state()}, receive, send)

    async def _post(self, body: bytes) -> AppResponse:
        """Send a POST request with `body` to the application."""
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self._runtime.handle(post_scope(self._path, body, state=self._state()), receive, send)
        return AppResponse(sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:]).decode())


def _seconds_left(context: Any) -> float | None:
    """Return the time for the response; None without a context, as in tests."""
    return None if context is None else context.get_remaining_time_in_millis() / 1000 - RESERVED_SECONDS
