"""One adapter between AWS Lambda and an application; importing it makes nothing but a function."""

import asyncio
import logging
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Litestar
from mangum import Mangum
from mangum.adapter import DEFAULT_TEXT_MIME_TYPES

from infra.edge.problems import MEDIA_TYPE, Problem, headers_for, problem
from infra.logs import told

logger = logging.getLogger(__name__)
# At INFO it logs the path of every request, in which customers are named.
logging.getLogger("mangum.http").setLevel(logging.WARNING)

Event = dict[str, Any]
Answer = dict[str, Any]

_PLAIN_IN_PATHS = "/%:@!$&'()*+,;="


class LambdaHandler:
    """Serve an application in one execution environment: one event loop and one start, kept from event to event.

    Mangum would start and stop the application with every event, and needs a current event loop, which is gone after
    `asyncio.run`.
    """

    def __init__(self, app: Litestar) -> None:
        self._app = app
        self._loop: asyncio.AbstractEventLoop | None = None
        self._mangum: Mangum | None = None
        self._asked = False

    def __call__(self, event: Event, context: Any) -> Answer:
        """Answer one event; a start-up fault is answered with 503 and tried again at the next event."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)
        if self._mangum is None:
            try:
                self._mangum = self._start(self._loop)
            except Exception as error:  # noqa: BLE001 - told without its text, which may have a part of the password
                logger.error("The application did not start: %s", told(error))  # noqa: TRY400
                return _answer(problem("store-unavailable"))
        self._asked = False
        try:
            return self._mangum(event, context)
        except Exception as error:  # noqa: BLE001 - told without its text, which may be a part of the event
            # The application answers its own errors. Before it is asked, Mangum fails on an event's shape or body.
            logger.error("The event cannot be answered: %s", told(error))  # noqa: TRY400
            return _answer(problem("internal" if self._asked else "malformed-json"))

    def close(self) -> None:
        """End the application and its loop; an environment is never told of its end, but a test is."""
        if self._loop is None:
            return
        loop, mangum = self._loop, self._mangum
        self._loop = self._mangum = None
        try:
            if mangum is not None:
                self._ending.set()
                loop.run_until_complete(self._living)
        finally:
            loop.close()

    def _start(self, loop: asyncio.AbstractEventLoop) -> Mangum:
        started = loop.create_future()
        self._ending = asyncio.Event()
        self._living = loop.create_task(_live(self._app, started, self._ending))
        loop.run_until_complete(asyncio.wait({self._living, started}, return_when=asyncio.FIRST_COMPLETED))
        if self._living.done():
            self._living.result()
        # Media types that Mangum does not know as text it would encode in base64.
        return Mangum(self._ask, lifespan="off", text_mime_types=[*DEFAULT_TEXT_MIME_TYPES, MEDIA_TYPE])

    async def _ask(self, scope: Any, receive: Any, send: Any) -> None:
        self._asked = True
        await self._app(scope | {"raw_path": _raw_path(scope)}, receive, send)


async def _live(app: Litestar, started: "asyncio.Future[None]", ending: asyncio.Event) -> None:
    """Hold the lifespan open; it must be left in the task that entered it."""
    async with app.lifespan():
        started.set_result(None)
        await ending.wait()


def _raw_path(scope: Any) -> bytes:
    """Return the path as a client writes it, which Mangum leaves out.

    HTTP APIs hand on the path decoded; REST APIs, function URLs and load balancers leave it encoded. What is plain in
    an encoded path therefore stays as it is, and the rest is encoded.
    """
    event = scope["aws.event"]
    request = event.get("requestContext", {}).get("http", event)
    path = request.get("path") or scope["path"]
    return quote(path, safe=_PLAIN_IN_PATHS, errors="surrogatepass").encode()


def _answer(said: Problem) -> Answer:
    return {
        "statusCode": said.status,
        "headers": {"content-type": MEDIA_TYPE, **headers_for(said)},
        "body": msgspec.json.encode(said).decode(),
        "isBase64Encoded": False,
    }
