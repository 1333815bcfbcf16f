"""One adapter between AWS Lambda and an application; importing it makes nothing but a function."""

import logging
import time
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Litestar
from mangum import Mangum
from mangum.adapter import DEFAULT_TEXT_MIME_TYPES

from infra.aws.event_loop import LambdaRuntime
from infra.aws.logs import Invocation, log_as_json
from infra.aws.metrics import emit, served_list
from infra.aws.sqs import Answer, IdMember, Message, deliver, records_of, scope_of
from infra.background.gc import resume_collections
from infra.http.headers import STRICT
from infra.http.problems import MEDIA_TYPE, Problem, headers_for, problem
from infra.http.responses import HEADER, REQUEST_ID
from infra.logs import describe_error

logger = logging.getLogger(__name__)

Event = dict[str, Any]
LambdaResponse = dict[str, Any]

SPARE_SECONDS = 0.5
"""Of the time that an invocation has left, what is kept to answer that it is over."""

_PROTECTIVE = {name.decode(): value.decode() for name, value in STRICT}
_PLAIN_IN_PATHS = "/%:@!$&'()*+,;="


class LambdaHandler:
    """Serve an application in one execution environment: one event loop and one start, kept from event to event.

    Mangum would start and stop the application with every event, and needs a current event loop, which is gone after
    `asyncio.run`. With a `mailbox`, the member of a message that is its id, batches of SQS messages are taken as well.
    """

    def __init__(self, app: Litestar, *, mailbox: IdMember | None = None) -> None:
        self._path = app.routes[0].path if mailbox else ""
        self._mailbox: IdMember | None = mailbox
        self._runtime = LambdaRuntime(app)
        self._invocation = Invocation()
        self._mangum: Mangum | None = None
        self._asked = False
        resume_collections()

    def __call__(self, event: Event, context: Any) -> LambdaResponse:
        """Answer one event; a start-up fault is answered with 503 and tried again at the next event."""
        began = time.perf_counter()
        self._invocation.request_id = getattr(context, "aws_request_id", None)
        log_as_json(self._invocation)
        self._runtime.start(_seconds_left(context))
        records = records_of(event)
        if self._mailbox and records:
            status = None
            answer, answers = self._deliver(records, id_member=self._mailbox)
        else:
            answer = self._respond(event, context)
            status = answer["statusCode"]
            answers = [(status, answer["body"])]
        self._measure(answers, status=status, milliseconds=(time.perf_counter() - began) * 1000)
        self._invocation.cold_start = False
        return answer

    def close(self) -> None:
        """End the application; an environment is never told of its end, but a test is."""
        self._runtime.close()

    def _respond(self, event: Event, context: Any) -> LambdaResponse:
        if self._mangum is None:
            # Media types that it does not know as text it would encode in base64.
            self._mangum = Mangum(self._handle, lifespan="off", text_mime_types=[*DEFAULT_TEXT_MIME_TYPES, MEDIA_TYPE])
        self._asked = False
        try:
            return self._mangum(event, context)
        except Exception as error:  # noqa: BLE001 - told without its text, which may be a part of the event
            # The application answers its own errors. Before it is asked, Mangum fails on an event's shape or body.
            logger.error("The event cannot be answered: %s", describe_error(error))  # noqa: TRY400
            return self._answer(problem("internal" if self._asked else "malformed-json"))

    def _answer(self, said: Problem) -> LambdaResponse:
        """Answer from outside of the application."""
        headers = {"content-type": MEDIA_TYPE, **headers_for(said), **_PROTECTIVE}
        if self._invocation.request_id:
            headers[HEADER.decode()] = self._invocation.request_id
        return {
            "statusCode": said.status,
            "headers": headers,
            "body": msgspec.json.encode(said).decode(),
            "isBase64Encoded": False,
        }

    def _deliver(self, records: list[Message], *, id_member: IdMember) -> tuple[LambdaResponse, list[Answer]]:
        delivery = self._runtime.run(deliver(records, self._post, id_member=id_member))
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in delivery.failed]}, delivery.answers

    def _measure(self, answers: list[Answer], *, status: int | None, milliseconds: float) -> None:
        metrics = {
            "requests": len(answers),
            "errors": sum(status >= 500 for status, _ in answers),
            "refused": sum(400 <= status < 500 for status, _ in answers),
            "latency": round(milliseconds, 3),
        }
        emit(self._invocation, metrics, [served for _, body in answers if (served := served_list(body))], status=status)

    def _state(self) -> dict[str, Any]:
        """Return the id of a request: that of its invocation, which every line of the log has."""
        return {REQUEST_ID: self._invocation.request_id} if self._invocation.request_id else {}

    async def _handle(self, scope: Any, receive: Any, send: Any) -> None:
        self._asked = True
        await self._runtime.handle(scope | {"raw_path": _raw_path(scope), "state": self._state()}, receive, send)

    async def _post(self, body: bytes) -> Answer:
        """Ask the application with a message as the body of a request."""
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self._runtime.handle(scope_of(self._path, body, state=self._state()), receive, send)
        return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:]).decode()


def _seconds_left(context: Any) -> float | None:
    """Return how long an answer may take; a test gives no context."""
    return None if context is None else context.get_remaining_time_in_millis() / 1000 - SPARE_SECONDS


def _raw_path(scope: Any) -> bytes:
    """Return the path as a client writes it, which Mangum leaves out.

    HTTP APIs hand on the path decoded; REST APIs, function URLs and load balancers leave it encoded. What is plain in
    an encoded path therefore stays as it is, and the rest is encoded.
    """
    event = scope["aws.event"]
    request = event.get("requestContext", {}).get("http", event)
    path = request.get("path") or scope["path"]
    return quote(path, safe=_PLAIN_IN_PATHS, errors="surrogatepass").encode()
