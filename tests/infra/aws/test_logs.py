"""Log lines and metrics of a function: JSON without anything about a customer."""

import io
import json
import logging
import sys

import pytest
from litestar import Litestar, Request, Response, get

from infra.aws.handler import LambdaHandler
from infra.aws.logs import Invocation, StandardOutput, log_as_json
from infra.aws.metrics import served_list
from tests.invocations import Context, http_v2

LIST = {"customer_id": "c-17", "strategy": "segment", "cached": True, "items": []}


@pytest.fixture
def handler():
    @get("/list")
    async def recommendations() -> dict[str, object]:
        return LIST

    @get("/profile")
    async def profile() -> dict[str, object]:
        return {"customer": {"first_name": '"strategy"'}, "recommendations": LIST | {"cached": False}}

    @get("/error")
    async def error() -> Response[str]:
        return Response("error", status_code=500)

    @get("/private/{name:str}")
    async def private(request: Request) -> str:
        logging.getLogger("shop").warning("Something %s", "happened")
        return request.path_params["name"]

    handler = LambdaHandler(Litestar([recommendations, profile, error, private], openapi_config=None, logging_config=None))
    yield handler
    handler.close()


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_line_has_the_request_id_and_whether_it_was_a_cold_start(handler, capsys):
    handler(http_v2(path="/private/a"), Context())
    handler(http_v2(path="/private/a"), Context())

    logged = [line for line in lines(capsys) if "message" in line]
    assert [(line["message"], line["level"], line["logger"]) for line in logged] == [
        ("Something happened", "WARNING", "shop")
    ] * 2
    assert [(line["request_id"], line["cold_start"]) for line in logged] == [("request-1", True), ("request-1", False)]


def test_no_line_contains_a_customer(handler, capsys):
    logging.getLogger().setLevel("DEBUG")
    for path in ("/private/canary", "/no-such/canary", "/list"):
        handler(http_v2(path=path), Context())

    output = capsys.readouterr().out
    assert "canary" not in output
    assert "c-17" not in output


def test_the_metrics_of_a_request_have_its_status_and_latency(handler, capsys):
    handler(http_v2(path="/private/a"), Context())
    handler(http_v2(path="/no-such"), Context())
    handler(http_v2(path="/error"), Context())

    metrics = [line for line in lines(capsys) if "_aws" in line]
    assert [(line["requests"], line["refused"], line["errors"]) for line in metrics] == [(1, 0, 0), (1, 1, 0), (1, 0, 1)]
    assert [(line["status"], line["request_id"]) for line in metrics] == [(n, "request-1") for n in (200, 404, 500)]
    assert all(line["latency"] > 0 for line in metrics)
    declared = metrics[0]["_aws"]["CloudWatchMetrics"]
    assert [group["Dimensions"] for group in declared] == [[["function"]]]
    assert {metric["Name"]: metric["Unit"] for metric in declared[0]["Metrics"]} == {
        "requests": "Count", "errors": "Count", "refused": "Count", "latency": "Milliseconds",
    }  # fmt: skip


@pytest.mark.parametrize(("path", "list_type"), [("/list", "stored"), ("/profile", "fresh")])
def test_a_list_is_counted_by_strategy_and_as_stored_or_fresh(handler, capsys, path, list_type):
    handler(http_v2(path=path), Context())

    (line,) = [line for line in lines(capsys) if "_aws" in line]
    assert (line["lists"], line["strategy"], line["list"]) == (1, "segment", list_type)
    assert line["_aws"]["CloudWatchMetrics"][1]["Dimensions"] == [["function", "strategy", "list"]]


def test_a_response_without_a_list_counts_none():
    assert served_list('{"customer": {"first_name": "\\"strategy\\""}}') is None
    assert served_list('{"strategy": null}') is None
    assert served_list(json.dumps(LIST)).strategy == "segment"


def test_a_line_of_metrics_contains_all_declared_metrics_and_dimensions(handler, capsys):
    handler(http_v2(path="/list"), Context())

    (line,) = [line for line in lines(capsys) if "_aws" in line]
    for group in line["_aws"]["CloudWatchMetrics"]:
        (dimensions,) = group["Dimensions"]
        assert all(isinstance(line[name], str) for name in dimensions)
        assert all(isinstance(line[metric["Name"]], (int, float)) for metric in group["Metrics"])


def test_an_exception_is_logged_as_one_line_without_its_text(monkeypatch):
    output = io.StringIO()
    handler = StandardOutput(Invocation(request_id="r"))
    monkeypatch.setattr(sys, "stdout", output)
    error = ValueError("x")
    handler.handle(logging.LogRecord("shop", logging.ERROR, "f", 1, "It failed.", (), (ValueError, error, None)))

    (line,) = output.getvalue().splitlines()
    assert json.loads(line)["error"] == "ValueError"


def test_the_objects_in_an_asyncio_message_are_not_logged(monkeypatch):
    output = io.StringIO()
    monkeypatch.setattr(sys, "stdout", output)
    message = "Task exception was never retrieved\nfuture: <Task exception=CustomerNotFound('canary')>"

    StandardOutput(Invocation()).handle(logging.LogRecord("asyncio", logging.ERROR, "f", 1, message, (), None))

    (line,) = output.getvalue().splitlines()
    assert json.loads(line)["message"] == "Task exception was never retrieved"


def test_the_log_handler_of_the_runtime_client_is_replaced_and_others_stay(root_logger):
    runtime_handler = type("LambdaLoggerHandler", (logging.Handler,), {"__module__": "awslambdaric.bootstrap"})()
    other = logging.NullHandler()
    root_logger.handlers = [runtime_handler, other]
    first, second = Invocation(), Invocation()

    for invocation in (first, first, second):
        log_as_json(invocation)

    assert root_logger.handlers[0] is other
    assert [handler.invocation for handler in root_logger.handlers[1:]] == [second]


@pytest.mark.parametrize(("setting", "level"), [("ERROR", logging.ERROR), ("LOUD", logging.INFO)])
def test_the_log_level_is_a_setting_and_an_invalid_one_means_info(monkeypatch, root_logger, setting, level):
    monkeypatch.setenv("LOG_LEVEL", setting)

    log_as_json(Invocation())

    assert root_logger.level == level
