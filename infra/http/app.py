"""From handlers to an application: one of them alone, or all of them together, under the same guard."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import cache
from typing import Any

import msgspec
from litestar import Litestar
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.types import Send

from infra.http.auth import DECLARATIONS, Authenticator
from infra.http.headers import Headers, preflight, shared_with
from infra.http.host import check_host
from infra.http.problems import MEDIA_TYPE, Problem, answer, headers_for, reported
from infra.http.responses import Answering, identified
from infra.http.validation import check_target, validate_requests_with
from infra.settings import Settings, read_settings
from infra.storage.opening import Storage

RawResponse = tuple[int, Headers, bytes]
Background = Callable[[Storage], AbstractAsyncContextManager[None]]

BEFORE_THE_GUARD = ("before_request", "cache", "middleware", "guards")
"""Options of a route that could answer a request before the guard has seen it; a cached answer would need no key."""


class ShopApplication(Litestar):
    """A Litestar application that looks at host and target of a request before it routes it, and protects every answer.

    `storage` is for who mounts it without its lifespan and wants to close it.
    """

    storage: Storage
    authenticator: Callable[[], Authenticator]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        answering = Answering(send, scope)
        try:
            if (refusal := self._refusal(scope, answering)) is None:
                await super().__call__(scope, receive, answering)
            else:
                await _send(answering, *refusal)
        finally:
            answering.log()

    def _refusal(self, scope: Any, answering: Answering) -> RawResponse | None:
        """Return what to answer where a request is not to be routed."""
        try:
            if origins := self.authenticator().origins:
                answering.headers += shared_with(scope, origins)
                if (preflight_headers := preflight(scope, origins)) is not None:
                    return 204, preflight_headers, b""
            check_host(scope)
            check_target(scope)
        except Exception as error:  # noqa: BLE001 - it is before Litestar, which answers those of the handlers
            return _encoded(*reported(error, identified(scope)))
        return None


def create_app(
    *handlers: HTTPRouteHandler,
    settings: Callable[[], Settings] = read_settings,
    background: Sequence[Background] = (),
    openapi: OpenAPIConfig | None = None,
) -> ShopApplication:
    """Make an application of `handlers`; nothing is read or opened before it starts or serves.

    Each of `background` is entered when the application has started, and left before it ends. Raise ValueError for a
    handler that does not declare who may ask for it, or that would not be guarded.
    """
    for handler in handlers:
        for option in BEFORE_THE_GUARD:
            if getattr(handler, option):
                raise ValueError(f"{handler.paths} has {option} of its own, which would come before the guard")
        if handler.opt.get("access") not in DECLARATIONS:
            raise ValueError(f"{handler.paths} does not declare its access: opt=BACKEND, STOREFRONT or OPEN")
    storage = Storage(settings)

    @cache
    def authenticator() -> Authenticator:
        return Authenticator(storage.settings())

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncGenerator[None]:
        authenticator()
        await storage.shop()
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
        before_request=validate_requests_with(authenticator),
        dependencies={"shop": Provide(storage.shop)},
        exception_handlers={Exception: answer},
        openapi_config=openapi,
        logging_config=None,
        debug=False,
    )
    application.storage = storage
    application.authenticator = authenticator
    return application


async def send_problem(send: Send, said: Problem) -> None:
    """Answer with a problem from outside of Litestar."""
    await _send(send, *_encoded(said, headers_for(said)))


def _encoded(said: Problem, headers: Mapping[str, str]) -> RawResponse:
    named = [(name.encode(), value.encode()) for name, value in headers.items()]
    return said.status, [(b"content-type", MEDIA_TYPE.encode()), *named], msgspec.json.encode(said)


async def _send(send: Send, status: int, headers: Headers, body: bytes) -> None:
    lengthened = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": lengthened})
    await send({"type": "http.response.body", "body": body, "more_body": False})
