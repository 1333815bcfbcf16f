"""`python main.py`: serve the local app."""

import argparse
import asyncio
import os
import socket
import sys
from datetime import UTC, datetime

from granian.constants import HTTPModes, Interfaces, Loops, RuntimeModes
from granian.log import LogLevels
from granian.server import Server

from domain.errors import ConfigurationError
from infra.demo import load_demo_shop
from infra.http.auth import NO_KEYS
from infra.logs import configuration
from infra.settings import Settings, is_loopback
from infra.storage.opening import open_repository
from infra.storage.sql.repository import SqlRepository
from infra.use_cases.train import TuningBudget, train

STOP_SECONDS = 5


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--demo", action="store_true", help="load a demo shop and train on it first, if the database is empty"
    )
    parser.set_defaults(run=serve)


def serve(parsed: argparse.Namespace, settings: Settings) -> int:
    """Serve until stopped; raise ConfigurationError where the database or the port cannot be used."""
    _check_keys(settings)
    _check_port(settings)
    asyncio.run(_prepare(settings, demo=parsed.demo))
    sys.stdout.write(_welcome(settings, demo=parsed.demo))
    sys.stdout.flush()
    Server(
        "main:app",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=settings.workers,
        runtime_mode=RuntimeModes.st,
        loop=Loops.auto,
        http=HTTPModes.http1,
        websockets=False,
        log_level=LogLevels(settings.log_level.lower()),
        log_dictconfig=configuration(settings.log_level, requests=bool(settings.log_requests)),
        workers_kill_timeout=STOP_SECONDS,
        # Without, one worker that the system kills, for its memory say, takes all others down with it.
        respawn_failed_workers=True,
    ).serve()
    return 0


async def load_demo(repository: SqlRepository) -> bool:
    """Load and train the demo shop if there are no products yet; tell whether it was loaded."""
    if (await repository.summary()).n_products:
        return False
    now = datetime.now(UTC)
    await load_demo_shop(repository, now=now)
    await train(repository, now=now, budget=TuningBudget(trials=0))
    return True


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
    async with open_repository(settings) as repository:
        if demo:
            await load_demo(repository)


def _welcome(settings: Settings, *, demo: bool) -> str:
    url = f"http://{settings.host}:{settings.port}"
    customer = "demo-1" if demo else "CUSTOMER_ID"
    key = "-H 'Authorization: Bearer KEY' " if settings.keys else ""
    return (
        f"Serving on {url} (documentation: {url}/schema). Try:\n"
        f'  curl {key}"{url}/recommendations/{customer}?limit=3"\n'
        f"  curl {key}{url}/customer/get-profile/{customer}\n"
    ) + ("" if settings.keys else "No API_KEYS are set: every program on this machine may ask for everything.\n")
