"""Of the URL of a database, nothing but host and database is ever shown; passwords here consist of URL syntax."""

import asyncio
import importlib
import io
import json
import logging
import socket
import ssl
import sys
import traceback
from contextlib import suppress
from urllib.parse import quote

import asyncpg
import httpx
import pytest

import main
from domain.errors import ConfigurationError, ShopError, StoreUnreachable
from functions.training import train
from infra.cli import run
from infra.http.app import create_app
from infra.logs import describe_error
from infra.settings import Settings, is_database_url, read_settings
from infra.storage.opening import open_repository
from infra.storage.postgres.unusable import why_unusable
from tests.invocations import Context, http_v2
from tests.template import functions

USER, SECRET = "hunterqx", "hunterqy"
PASSWORDS = {
    name: f"{SECRET}1{syntax}{SECRET}2"
    for name, syntax in {
        "at": "@", "at-slash": "@c/", "colon": ":", "port": ":1/", "slash": "/", "query": "?", "option": "?a=",
        "digits": "?1=2&", "fragment": "#", "bracket": "[", "address": "[::1]", "closing": "]", "percent": "%",
        "encoded-at": "%40", "space": " ", "tab": "\t", "newline": "\n", "scheme": "://", "backslash": "\\",
        "quote": "'", "double-quote": '"', "comma": ",", "plus": "+&=;", "umlaut": "ä", "normalised": "\u2100",
        "full-width-at": "\uff20", "emoji": "\U0001f512", "null": "%00", "number": "@1/", "all": "@:/?#[]% ",
    }.items()
}  # fmt: skip


def raw(password):
    return f"postgresql://{USER}:{password}@127.0.0.1:1/shop"


def encoded(password):
    return raw(quote(password, safe=""))


URLS = {
    **{f"raw-{name}": raw(password) for name, password in PASSWORDS.items()},
    **{f"encoded-{name}": encoded(password) for name, password in PASSWORDS.items()},
    "password-as-option": f"postgresql://127.0.0.1:1/shop?user={USER}&password={SECRET}",
    "unknown-option": f"postgresql://127.0.0.1:1/shop?{SECRET}={SECRET}",
    "option-of-tls": f"postgresql://127.0.0.1:1/shop?sslmode={SECRET}",
    "no-option": f"postgresql://127.0.0.1:1/shop?{SECRET}",
    "two-hosts": f"postgresql://{USER}:{SECRET}@127.0.0.1:1,127.0.0.1:2/shop",
    "other-scheme": f"mysql://{USER}:{SECRET}@127.0.0.1/shop",
    "one-slash": f"postgresql:/{USER}:{SECRET}@127.0.0.1/shop",
}


def assert_hidden(*shown):
    for text in shown:
        assert USER not in text
        assert SECRET not in text


@pytest.fixture(params=URLS)
def url(request, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", URLS[request.param])
    return URLS[request.param]


def opening_error(url):
    async def open_and_close():
        async with open_repository(read_settings({"DATABASE_URL": url})):
            pass

    with pytest.raises((ConfigurationError, StoreUnreachable)) as caught:
        asyncio.run(open_and_close())
    return caught.value


def test_neither_the_error_of_a_url_nor_its_traceback_shows_it(url):
    error = opening_error(url)

    assert str(error).startswith(
        ("The database postgresql://127.0.0.1/shop cannot", "The database URL has", "DATABASE_URL must")
    )
    assert_hidden(str(error), describe_error(error), *traceback.format_exception(error))


def test_settings_with_a_url_show_no_value(url):
    with suppress(ValueError):
        assert_hidden(repr(Settings(database_url=url)))
    with pytest.raises(ConfigurationError) as caught:
        read_settings({"PORT": url})
    assert_hidden(str(caught.value))


@pytest.mark.parametrize("password", PASSWORDS.values(), ids=PASSWORDS)
def test_a_password_of_url_syntax_is_accepted_encoded_and_is_never_a_part_of_the_host(password):
    assert is_database_url(encoded(password))
    if is_database_url(raw(password)):
        # What asyncpg reads: the text before the first @ belongs to the user.
        assert raw(password).partition("@")[2] == "127.0.0.1:1/shop"


COMMANDS = {
    "migrate": ["migrate"],
    "train": ["train"],
    "recommend": ["recommend", "demo-1"],
    "copy-from": ["copy", "--from", "URL", "--to", "sqlite:///other.db"],
    "copy-to": ["copy", "--from", "sqlite:///shop.db", "--to", "URL"],
    "copy-same": ["copy", "--from", "URL", "--to", "URL"],
    "command": ["URL"],
    "option": ["copy", "--form", "URL"],
    "joined-option": ["copy", "--form=URL"],
    "extra": ["migrate", "URL"],
    "number": ["train", "--trials", "URL"],
    "choice": ["import", "URL", "file.csv"],
    "file": ["import", "products", "URL"],
    "backup": ["backup", "URL/x"],
    "model": ["models", "use", "URL"],
}


@pytest.mark.system
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_no_command_shows_a_url(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for url in URLS.values():
        # Some commands reach their argument only with a database.
        monkeypatch.setenv("DATABASE_URL", "sqlite:///shop.db" if command[0] in {"import", "backup", "models"} else url)
        try:
            exit_code = run([argument.replace("URL", url) for argument in command])
        except SystemExit as stopped:
            exit_code = stopped.code

        output = capsys.readouterr()
        assert exit_code in {1, 2}
        assert_hidden(output.out, output.err)


def fresh_handler(name):
    module = functions()[name]["Handler"].removesuffix(".handler")
    sys.modules.pop(module, None)
    return importlib.import_module(module).handler


def test_no_function_shows_the_url_of_its_secret(url, monkeypatch, capsys):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "function")
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    handler = fresh_handler("CustomerCreate")

    response = handler(http_v2("POST", "/customer/create"), Context())
    handler.close()
    with pytest.raises(ShopError) as caught:
        train.handler({}, Context())

    output = capsys.readouterr()
    assert response["statusCode"] == 503
    assert "did not start" in output.out
    assert_hidden(json.dumps(response), output.out, output.err, *traceback.format_exception(caught.value))


async def test_no_server_shows_the_url_that_its_application_cannot_open(url):
    app = create_app(main.health, main.for_customer)
    lines = io.StringIO()
    log = logging.StreamHandler(lines)
    logging.getLogger().addHandler(log)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        responses = [await client.get(path) for path in ("/health", "/recommendations/demo-1")]
    with pytest.raises((ConfigurationError, StoreUnreachable, ExceptionGroup)) as caught:
        async with app.lifespan():
            pass

    logging.getLogger().removeHandler(log)
    assert_hidden(lines.getvalue(), *(response.text for response in responses), *traceback.format_exception(caught.value))


def server_error(sqlstate):
    return asyncpg.PostgresError.new({"C": sqlstate, "M": f'role "{USER}" has the password {SECRET}'})


REASONS = {
    "28P01": "the user or the password is wrong", "28000": "the server does not admit this user",
    "3D000": "the database does not exist", "42501": "the user lacks a privilege",
    "53300": "the server has too many connections", "57P03": "the server is starting or stopping",
    "42704": "UndefinedObjectError, SQLSTATE 42704",
}  # fmt: skip
ERRORS = [
    *((server_error(sqlstate), reason) for sqlstate, reason in REASONS.items()),
    (TimeoutError(SECRET), "no answer in time"),
    (socket.gaierror(-2, SECRET), "the host is unknown"),
    (ssl.SSLCertVerificationError(1, SECRET), "the TLS connection failed"),
    (ConnectionRefusedError(111, f"Connect call failed {SECRET}"), "Connection refused"),
    (OSError(f"Multiple exceptions: {SECRET}"), "OSError"),
    (asyncpg.InterfaceError(SECRET), "InterfaceError"),
]


@pytest.mark.parametrize(("error", "reason"), ERRORS, ids=[reason for _, reason in ERRORS])
def test_the_reason_of_an_unusable_database_has_no_text_of_others(error, reason):
    url = encoded(PASSWORDS["all"])

    assert why_unusable(url, error) == f"The database postgresql://127.0.0.1/shop cannot be used: {reason}."


async def test_a_real_server_that_refuses_a_user_shows_no_part_of_the_url(postgres_server):
    host = postgres_server.partition("@")[2]
    user = quote(f"{USER}@:/?#[]%", safe="")
    settings = Settings(database_url=f"postgresql://{user}:{quote(PASSWORDS['all'], safe='')}@{host}")

    with pytest.raises(ConfigurationError, match="cannot be used: the server does not admit this user") as caught:
        async with open_repository(settings):
            pass
    assert_hidden(str(caught.value), *traceback.format_exception(caught.value))
