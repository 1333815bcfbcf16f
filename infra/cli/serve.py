"""`python main.py`: serve all endpoints as one local app."""

import argparse
import asyncio
import os
import resource
import socket
import sys

from granian.constants import HTTPModes, Interfaces, Loops, RuntimeModes
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server

from domain.errors import ConfigurationError, StoreUnreachable
from infra.demo import prepare_demo_shop
from infra.keys import NO_KEYS
from infra.logs import configuration
from infra.settings import Settings, is_loopback
from infra.storage.opening import open_repository

STOP_SECONDS = 5
HEADER_SECONDS = 10
"""How long a connection may take to send the next complete head of a request; then it is closed."""
MAX_CONNECTIONS = 16_384
"""Connections of one worker. With 1,024, the default of the server, as many idle ones keep all other clients out."""
BACKLOG = 4096
"""Connections that wait to be accepted."""
SPARE_FILES = 256


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--demo", action="store_true", help="if the database is empty, first load a demo shop and train on it"
    )
    parser.set_defaults(run=run_serve)


def run_serve(parsed: argparse.Namespace, settings: Settings) -> int:
    """Serve until stopped; raise ConfigurationError if the database or the port cannot be used."""
    _check_keys(settings)
    _check_port(settings)
    asyncio.run(_prepare(settings, demo=parsed.demo))
    _write(_welcome(settings, demo=parsed.demo))
    Server(
        "main:demo_app" if parsed.demo else "main:app",
        factory=parsed.demo,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=settings.workers,
        runtime_mode=RuntimeModes.st,
        loop=Loops.auto,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_SECONDS * 1000),
        backlog=BACKLOG,
        backpressure=_raise_file_limit(),
        websockets=False,
        log_level=LogLevels(settings.log_level.lower()),
        log_dictconfig=configuration(settings.log_level, requests=bool(settings.log_requests)),
        workers_kill_timeout=STOP_SECONDS,
        # Without this, one killed worker (for example by the out-of-memory killer) stops all workers.
        respawn_failed_workers=True,
    ).serve()
    return 0


def _raise_file_limit() -> int:
    """Let this process and its workers open as many files as the system allows; return how many may be connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = MAX_CONNECTIONS + SPARE_FILES
    allowed = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    if soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return max(allowed - SPARE_FILES, 1)


def _check_keys(settings: Settings) -> None:
    if not settings.keys and not is_loopback(settings.host):
        raise ConfigurationError(NO_KEYS + f"the shop is served only on a loopback address, not on {settings.host}.")


def _check_port(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise ConfigurationError(
                f"Cannot listen on {settings.host}:{settings.port}: {os.strerror(error.errno or 0)}."
            ) from error


async def _prepare(settings: Settings, *, demo: bool) -> None:
    """Open the database once, before the workers do; they wait for one that does not answer."""
    try:
        async with open_repository(settings) as repository:
            if demo:
                await prepare_demo_shop(repository, write=_write)
    except StoreUnreachable:
        if demo:
            raise


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _welcome(settings: Settings, *, demo: bool) -> str:
    url = f"http://{settings.host}:{settings.port}"
    customer = "demo-1" if demo else "CUSTOMER_ID"
    key = "-H 'Authorization: Bearer KEY' " if settings.keys else ""
    return (
        f"Dashboard: {url}/dashboard\n"
        f"Serving on {url} (documentation: {url}/schema). Try:\n"
        f'  curl {key}"{url}/recommendations/{customer}?limit=3"\n'
        f"  curl {key}{url}/customer/get-profile/{customer}\n"
    ) + ("" if settings.keys else "No API_KEYS are set: every program on this machine can use every endpoint.\n")
