"""Log lines, and texts that they must not contain."""

import asyncio
import gc
import io
import json
import logging
import logging.config
import sqlite3

import pytest

from domain.errors import ConfigurationError, CustomerNotFound, StoreUnavailable
from infra.logs import REQUESTS, JsonLines, configuration, describe_error


@pytest.fixture
def log():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("infra.test")
    logger.setLevel("INFO")
    logger.addHandler(handler)
    yield logger, lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


def test_a_record_is_one_json_object_on_one_line(log):
    logger, lines = log

    logger.warning("two\nlines of %s", "é", extra={"members": {"request_id": "r-1"}})
    logger.info("plain")

    first, second = lines()
    assert (first["level"], first["logger"], first["message"], first["request_id"]) == (
        "WARNING", "infra.test", "two\nlines of é", "r-1",
    )  # fmt: skip
    assert first["time"].endswith("Z")
    assert "request_id" not in second


def test_an_exception_is_logged_as_type_and_place_without_its_text(log):
    logger, lines = log

    def fails():
        try:
            int("canary@example.com")
        except ValueError as error:
            raise StoreUnavailable("Canary") from error

    try:
        fails()
    except StoreUnavailable:
        logger.exception("It failed.")

    [line] = lines()
    assert line["error"].startswith("StoreUnavailable at ")
    assert "; from ValueError at " in line["error"]
    assert "test_logs.py:" in line["error"]
    assert "canary" not in json.dumps(line).lower()


async def test_the_objects_in_an_asyncio_message_are_not_logged(capsys):
    logging.config.dictConfig(configuration("DEBUG"))

    async def fails():
        raise CustomerNotFound("canary")

    task = asyncio.create_task(fails())
    await asyncio.sleep(0)
    del task
    gc.collect()

    [line] = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert line["message"] == "Task exception was never retrieved"
    assert line["error"].startswith("CustomerNotFound at ")
    assert "canary" not in json.dumps(line)


def disk_full():
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    return error


@pytest.mark.parametrize(
    ("error", "description"),
    [
        (ConfigurationError("PORT must be a number."), "ConfigurationError: PORT must be a number."),
        (disk_full(), "OperationalError: database or disk is full"),
        (sqlite3.OperationalError("Could not decode to UTF-8 column 'a' with text 'canary'"), "OperationalError"),
        (PermissionError(13, "Permission denied", "ada.csv"), "PermissionError: Permission denied"),
        (sqlite3.IntegrityError("UNIQUE constraint failed"), "IntegrityError"),
        (
            ExceptionGroup("two", [ConfigurationError("one"), KeyError("canary")]),
            "ExceptionGroup; from ConfigurationError: one; from KeyError",
        ),
    ],
)
def test_a_description_has_only_texts_that_never_contain_stored_values(error, description):
    assert describe_error(error) == description


def test_the_configuration_covers_the_server_and_all_other_loggers(capsys):
    logging.config.dictConfig(configuration("INFO"))

    logging.getLogger("_granian").info("server")
    logging.getLogger("infra.anything").info("code")
    logging.getLogger("infra.anything").debug("detail")

    assert [json.loads(line)["message"] for line in capsys.readouterr().err.splitlines()] == ["server", "code"]


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING", "ERROR"])
@pytest.mark.parametrize("requests", [False, True])
def test_request_lines_depend_on_their_own_setting_at_every_level(capsys, level, requests):
    logging.config.dictConfig(configuration(level, requests=requests))

    logging.getLogger(REQUESTS).info("one")

    assert capsys.readouterr().err.count("\n") == requests


def test_an_error_that_is_among_its_own_causes_is_described_once():
    error = StoreUnavailable("The disk is full.")
    error.__cause__ = ExceptionGroup("together", [error])

    assert describe_error(error) == "StoreUnavailable; from ExceptionGroup"
