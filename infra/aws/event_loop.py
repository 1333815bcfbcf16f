"""The event loop and the running application of one AWS Lambda execution environment."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

from litestar import Litestar

from domain.errors import ShopError
from infra.http.app import send_problem
from infra.http.problems import make_problem
from infra.http.responses import ResponseSender

logger = logging.getLogger(__name__)

T = TypeVar("T")


class LambdaRuntime:
    """Run an application on one event loop that persists between events; both start with the first event."""

    def __init__(self, app: Litestar) -> None:
        self._app = app
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lifespan: asyncio.Task[None] | None = None
        self._deadline: float | None = None

    def start(self, seconds_left: float | None) -> None:
        """Prepare for an event that must be answered within `seconds_left`; retry a failed application start."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)
        # Process what happened while the environment was frozen: closed connections, expired time-outs.
        self.run(asyncio.sleep(0))
        self._deadline = None if seconds_left is None else self._loop.time() + seconds_left
        if self._lifespan is None:
            self._lifespan = self._start_application(self._loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.get_event_loop().run_until_complete(work)

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request to the application; answer 503 if it did not start or exceeds the deadline."""
        if self._lifespan is None:
            await send_problem(ResponseSender(send, scope), make_problem("store-unavailable"))
            return
        try:
            async with asyncio.timeout_at(self._deadline):
                await self._app(scope, receive, send)
        except TimeoutError:
            logger.error("The request was cancelled before the time-out of the function.")  # noqa: TRY400 - any place is possible
            await send_problem(ResponseSender(send, scope), make_problem("store-busy", "The function ran out of time."))

    def close(self) -> None:
        """Shut down the application and close the loop; the next `start` creates both again."""
        if self._loop is None:
            return
        loop, lifespan = self._loop, self._lifespan
        self._loop = self._lifespan = None
        try:
            if lifespan is not None:
                self._shutdown.set()
                loop.run_until_complete(lifespan)
        finally:
            loop.close()

    def _start_application(self, loop: asyncio.AbstractEventLoop) -> asyncio.Task[None] | None:
        """Return the task that holds the lifespan open; None after a failed start, which is logged."""
        started = loop.create_future()
        self._shutdown = asyncio.Event()
        lifespan = loop.create_task(_hold_lifespan(self._app, started, self._shutdown))
        loop.run_until_complete(asyncio.wait({lifespan, started}, return_when=asyncio.FIRST_COMPLETED))
        if not lifespan.done():
            return lifespan
        try:
            lifespan.result()
        except Exception as error:  # noqa: BLE001 - any start error is logged, and the next event retries
            _log_start_error(error)
        return None


def _log_start_error(error: Exception) -> None:
    """Log a ShopError as one line: its message is complete, and its causes may contain a password."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if isinstance(error, ShopError):
        logger.error("The application did not start: %s", error)
    else:
        logger.error("The application did not start.", exc_info=error)


async def _hold_lifespan(app: Litestar, started: "asyncio.Future[None]", shutdown: asyncio.Event) -> None:
    """Enter the lifespan and leave it at `shutdown`, in one task: anyio requires the task that entered it."""
    async with app.lifespan():
        started.set_result(None)
        await shutdown.wait()
