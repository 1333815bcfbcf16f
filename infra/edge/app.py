"""From handlers to an application: one of them alone, or all of them together, under the same guard."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import msgspec
from litestar import Litestar
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.types import Send

from infra.edge.guard import BodyGuard, check_target
from infra.edge.host import check_host
from infra.edge.problems import MEDIA_TYPE, Problem, RequestRefused, answer, headers_for
from infra.edge.storage import Storage
from infra.settings import Settings, read_settings


class ShopApplication(Litestar):
    """A Litestar application that looks at the host and the target of a request before it routes it.

    `storage` is for who mounts it without its lifespan and wants to close it.
    """

    storage: Storage

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            try:
                check_host(scope)
                check_target(scope)
            except RequestRefused as refused:
                await send_problem(send, refused.problem)
                return
        await super().__call__(scope, receive, send)


@asynccontextmanager
async def _nothing(_: Storage) -> AsyncGenerator[None]:
    yield


def create_app(
    *handlers: HTTPRouteHandler,
    settings: Callable[[], Settings] = read_settings,
    background: Callable[[Storage], AbstractAsyncContextManager[None]] = _nothing,
    openapi: OpenAPIConfig | None = None,
) -> ShopApplication:
    """Make an application of `handlers`; nothing is read or opened before it starts or serves.

    `background` is entered when the application has started, and left before it ends.
    """
    storage = Storage(settings)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncGenerator[None]:
        await storage.repository()
        try:
            async with background(storage):
                yield
        finally:
            await storage.close()

    application = ShopApplication(
        route_handlers=handlers,
        lifespan=[lifespan],
        middleware=[BodyGuard()],
        dependencies={"shop": Provide(storage.shop)},
        exception_handlers={Exception: answer},
        openapi_config=openapi,
        logging_config=None,
        debug=False,
    )
    application.storage = storage
    return application


async def send_problem(send: Send, problem: Problem) -> None:
    """Answer with a problem from outside of Litestar."""
    body = msgspec.json.encode(problem)
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    headers += [(name.encode(), value.encode()) for name, value in headers_for(problem).items()]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
