"""An application that lives in one execution environment, from its first event to the end of the environment."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

from litestar import Litestar

from domain.errors import ShopError
from infra.http.app import send_problem
from infra.http.problems import problem
from infra.http.responses import Answering

logger = logging.getLogger(__name__)

T = TypeVar("T")


class LambdaRuntime:
    """One event loop and one start, kept from event to event; nothing is made before the first."""

    def __init__(self, app: Litestar) -> None:
        self._app = app
        self._loop: asyncio.AbstractEventLoop | None = None
        self._living: asyncio.Task[None] | None = None
        self._until: float | None = None

    def start(self, seconds: float | None) -> None:
        """Get ready to answer within `seconds`; an application that did not start is started anew."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)
        # What happened while the environment was frozen is noticed first: connections cut, time-outs over.
        self.run(asyncio.sleep(0))
        self._until = None if seconds is None else self._loop.time() + seconds
        if self._living is None:
            self._living = self._start(self._loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.get_event_loop().run_until_complete(work)

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        """Hand a request to the application; answer 503 where that has not started, and where no time is left."""
        if self._living is None:
            await send_problem(Answering(send, scope), problem("store-unavailable"))
            return
        try:
            async with asyncio.timeout_at(self._until):
                await self._app(scope, receive, send)
        except TimeoutError:
            logger.error("The request was given up before the function's time-out.")  # noqa: TRY400 - where is no news
            await send_problem(Answering(send, scope), problem("store-busy", "No time is left."))

    def close(self) -> None:
        """End the application and its loop; an environment is never told of its end, but a test is."""
        if self._loop is None:
            return
        loop, living = self._loop, self._living
        self._loop = self._living = None
        try:
            if living is not None:
                self._ending.set()
                loop.run_until_complete(living)
        finally:
            loop.close()

    def _start(self, loop: asyncio.AbstractEventLoop) -> asyncio.Task[None] | None:
        started = loop.create_future()
        self._ending = asyncio.Event()
        living = loop.create_task(_live(self._app, started, self._ending))
        loop.run_until_complete(asyncio.wait({living, started}, return_when=asyncio.FIRST_COMPLETED))
        if not living.done():
            return living
        try:
            living.result()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is logged, and tried again at the next event
            _log(error)
        return None


def _log(error: Exception) -> None:
    """Log why there was no start; one line says all of what is raised on purpose, and causes may hold a password."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if isinstance(error, ShopError):
        logger.error("The application did not start: %s", error)
    else:
        logger.error("The application did not start.", exc_info=error)


async def _live(app: Litestar, started: "asyncio.Future[None]", ending: asyncio.Event) -> None:
    """Hold the lifespan open; it must be left in the task that entered it."""
    async with app.lifespan():
        started.set_result(None)
        await ending.wait()
