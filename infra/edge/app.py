"""From handlers to an application: one of them alone, or all of them together, under the same guard."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

import msgspec
from litestar import Litestar
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.types import Send

from domain.errors import ShopError
from infra.edge.access import DECLARATIONS
from infra.edge.guard import check_target, guarded_by
from infra.edge.headers import Headers, preflight, protected, shared_with
from infra.edge.problems import MEDIA_TYPE, answer, reported
from infra.edge.storage import Storage
from infra.settings import Settings, read_settings

Background = Callable[[Storage], AbstractAsyncContextManager[None]]


class ShopApplication(Litestar):
    """A Litestar application that looks at the target of a request before it routes it, and protects every answer.

    `storage` is for who mounts it without its lifespan and wants to close it.
    """

    storage: Storage

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        try:
            origins = self.storage.gate().origins
            send = protected(send, shared_with(scope, origins))
            if (told := preflight(scope, origins)) is not None:
                await _send(send, 204, told)
                return
            check_target(scope)
        except ShopError as error:
            await _send_problem(send, error)
            return
        await super().__call__(scope, receive, send)


def create_app(
    *handlers: HTTPRouteHandler,
    settings: Callable[[], Settings] = read_settings,
    background: Sequence[Background] = (),
    openapi: OpenAPIConfig | None = None,
) -> ShopApplication:
    """Make an application of `handlers`; nothing is read or opened before it starts or serves.

    Each of `background` is entered when the application has started, and left before it ends. Raise ValueError for a
    handler that does not declare who may ask for it.
    """
    for handler in handlers:
        if handler.opt.get("access") not in DECLARATIONS:
            raise ValueError(f"{handler.paths} does not declare its access: opt=BACKEND, STOREFRONT or OPEN")
    storage = Storage(settings)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncGenerator[None]:
        storage.gate()
        await storage.repository()
        try:
            async with AsyncExitStack() as running:
                for job in background:
                    await running.enter_async_context(job(storage))
                yield
        finally:
            await storage.close()

    application = ShopApplication(
        route_handlers=handlers,
        lifespan=[lifespan],
        middleware=[guarded_by(storage.gate)],
        dependencies={"shop": Provide(storage.shop)},
        exception_handlers={Exception: answer},
        openapi_config=openapi,
        logging_config=None,
        debug=False,
    )
    application.storage = storage
    return application


async def _send_problem(send: Send, error: Exception) -> None:
    said, headers = reported(error)
    named = [(name.encode(), value.encode()) for name, value in headers.items()]
    await _send(send, said.status, [(b"content-type", MEDIA_TYPE.encode()), *named], msgspec.json.encode(said))


async def _send(send: Send, status: int, headers: Headers, body: bytes = b"") -> None:
    lengthened = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": lengthened})
    await send({"type": "http.response.body", "body": body, "more_body": False})
