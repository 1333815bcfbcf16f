"""The application factory: one application of one handler, or of all handlers together, with the same validation."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from functools import cache
from typing import Any

import msgspec
from litestar import Litestar
from litestar.di import Provide
from litestar.exceptions import ValidationException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.types import Send

from domain.errors import ConfigurationError, StoreUnreachable
from domain.records.browser_tokens import BrowserToken
from domain.records.sessions import DashboardSession, hash_of_secret
from infra.http.auth import ACCESS_LEVELS, OF_DASHBOARD, Authenticator
from infra.http.headers import Headers, cors_headers, preflight_headers
from infra.http.host import check_host
from infra.http.key_use import KeyUses
from infra.http.problems import (
    MEDIA_TYPE,
    Problem,
    RequestRefused,
    handle_exception,
    problem_headers,
    refuses_stranger,
    reported,
)
from infra.http.query import refused_parameters
from infra.http.responses import ResponseSender, get_request_id
from infra.http.validation import check_target, request_validation_hook
from infra.settings import Settings, read_settings
from infra.storage.opening import Clock, Storage, system_clock
from infra.tasks import background_task
from infra.use_cases.browser_tokens import accepted_token

logger = logging.getLogger(__name__)

RawResponse = tuple[int, Headers, bytes]
Background = Callable[[Storage], AbstractAsyncContextManager[None]]

UNSAFE_ROUTE_OPTIONS = ("before_request", "cache", "middleware", "guards")
"""Route options that run before or replace the validation of a request; a cached response, for example, needs no key."""


class ShopApplication(Litestar):
    """A Litestar application that validates host and target before routing, and adds security headers to each response.

    Close `storage` after use if the application runs without its lifespan, for example mounted in another application.
    """

    storage: Storage
    authenticator: Callable[[], Authenticator]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        sender = ResponseSender(send, scope)
        try:
            if (response := self._respond_early(scope, sender)) is None:
                await super().__call__(scope, receive, sender)
            else:
                await _send(sender, *response)
        finally:
            sender.log_request()

    def _respond_early(self, scope: Any, sender: ResponseSender) -> RawResponse | None:
        """Return the response to a CORS preflight or an invalid request; None if the request can be routed."""
        try:
            if origins := self.authenticator().origins:
                sender.headers += cors_headers(scope, origins)
                if (headers := preflight_headers(scope, origins)) is not None:
                    return 204, headers, b""
            check_host(scope)
            check_target(scope)
        except Exception as error:  # noqa: BLE001 - Litestar's exception handlers do not cover this code
            return _encode(*reported(self.counted(error, scope), get_request_id(scope)))
        return None

    def counted(self, error: Exception, scope: Any) -> Exception:
        """Return an error with all wrong parameters, or that an address sent too many requests refused like it."""
        if isinstance(error, ValidationException):
            return refused_parameters(scope)
        if refuses_stranger(error, scope):
            try:
                self.authenticator().count_stranger(scope)
            except RequestRefused as too_many:
                return too_many
        return error


def create_app(
    *handlers: HTTPRouteHandler,
    settings: Callable[[], Settings] = read_settings,
    clock: Clock = system_clock,
    background: Sequence[Background] = (),
    openapi: OpenAPIConfig | None = None,
    waits: bool = False,
) -> ShopApplication:
    """Return an application of `handlers`; it reads settings and opens storage only at its start or first request.

    The `background` context managers are entered after the storage is open and left before it closes. With `waits`, the
    application also starts while its database does not answer, and opens the storage as soon as it does. Raise ValueError
    for a handler that does not declare its access, or that has one of `UNSAFE_ROUTE_OPTIONS`.
    """
    for handler in handlers:
        _check_route(handler)
    storage = Storage(settings, clock=clock)

    async def read_token(text: bytes) -> BrowserToken | None:
        shop = await storage.shop()
        return await accepted_token(shop.repository, text, now=shop.now())

    async def read_session(secret: bytes) -> DashboardSession | None:
        shop = await storage.shop()
        return await shop.repository.session(hash_of_secret(secret), now=shop.now())

    @cache
    def authenticator() -> Authenticator:
        return Authenticator(storage.settings(), read_token=read_token, read_session=read_session, clock=clock)

    key_uses = KeyUses(storage, clock=clock)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncGenerator[None]:
        authenticator()
        try:
            async with AsyncExitStack() as stack:
                try:
                    await storage.shop()
                except StoreUnreachable:
                    if not waits:
                        raise
                    await stack.enter_async_context(background_task(_open_later(storage, background)))
                else:
                    await key_uses.begin()
                    await _begin(background, storage, stack)
                yield
        finally:
            await key_uses.close()
            await storage.close()

    application = ShopApplication(
        route_handlers=handlers,
        lifespan=[lifespan],
        before_request=request_validation_hook(authenticator, key_uses),
        dependencies={"shop": Provide(storage.shop)},
        exception_handlers={Exception: handle_exception},
        openapi_config=openapi,
        logging_config=None,
        debug=False,
    )
    application.storage = storage
    application.authenticator = authenticator
    return application


async def _begin(background: Sequence[Background], storage: Storage, stack: AsyncExitStack) -> None:
    for job in background:
        await stack.enter_async_context(job(storage))


async def _open_later(storage: Storage, background: Sequence[Background]) -> None:
    """Wait for the database, then run the background jobs until cancelled."""
    try:
        await storage.wait()
    except ConfigurationError as error:
        logger.error("%s Requests are refused until it can.", error)  # noqa: TRY400 - the text is complete
        return
    async with AsyncExitStack() as stack:
        await _begin(background, storage, stack)
        # The jobs end as they do at the end of a lifespan, without an exception.
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()


def _check_route(handler: HTTPRouteHandler) -> None:
    for option in UNSAFE_ROUTE_OPTIONS:
        if getattr(handler, option):
            raise ValueError(f"{handler.paths} sets the option {option}, which could bypass the validation of requests")
    if (access := handler.opt.get("access")) not in ACCESS_LEVELS:
        raise ValueError(f"{handler.paths} does not declare its access: opt=BACKEND, REPORT, BROWSER, OPTIONAL or OPEN")
    if handler.opt.get("takes_form") and access not in OF_DASHBOARD:
        raise ValueError(f"{handler.paths} takes forms: only the dashboard checks that its own pages sent them")


async def send_problem(send: Send, problem: Problem) -> None:
    """Send an error response without Litestar."""
    await _send(send, *_encode(problem, problem_headers(problem)))


def _encode(problem: Problem, headers: Mapping[str, str]) -> RawResponse:
    raw_headers = [(name.encode(), value.encode()) for name, value in headers.items()]
    return problem.status, [(b"content-type", MEDIA_TYPE.encode()), *raw_headers], msgspec.json.encode(problem)


async def _send(send: Send, status: int, headers: Headers, body: bytes) -> None:
    headers = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
