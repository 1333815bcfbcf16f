"""What a function logs and counts: JSON by lines, and nothing of a customer."""

import io
import json
import logging
import sys

import pytest
from litestar import Litestar, Request, Response, get

from infra.aws.handler import LambdaHandler
from infra.aws.logs import Invocation, StandardOutput, log_as_json
from infra.aws.metrics import ServedList, emit, served_list
from tests.invocations import Context, http_v2

LIST = {"customer_id": "c-17", "strategy": "segment", "cached": True, "items": []}


@pytest.fixture
def handler():
    @get("/list")
    async def one_list() -> dict[str, object]:
        return LIST

    @get("/profile")
    async def profile() -> dict[str, object]:
        return {"customer": {"first_name": '"strategy"'}, "recommendations": LIST | {"cached": False}}

    @get("/fault")
    async def fault() -> Response[str]:
        return Response("fault", status_code=500)

    @get("/private/{name:str}")
    async def private(request: Request) -> str:
        logging.getLogger("shop").warning("Something %s", "happened")
        return request.path_params["name"]

    made = LambdaHandler(Litestar([one_list, profile, fault, private], openapi_config=None, logging_config=None))
    yield made
    made.close()


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_line_has_the_request_and_tells_the_first_from_later_ones(handler, capsys):
    handler(http_v2(path="/private/a"), Context())
    handler(http_v2(path="/private/a"), Context())

    logged = [line for line in lines(capsys) if "message" in line]
    assert [(line["message"], line["level"], line["logger"]) for line in logged] == [
        ("Something happened", "WARNING", "shop")
    ] * 2
    assert [(line["request_id"], line["cold_start"]) for line in logged] == [("request-1", True), ("request-1", False)]


def test_no_line_names_a_customer(handler, capsys):
    logging.getLogger().setLevel("DEBUG")
    for path in ("/private/canary", "/no-such/canary", "/list"):
        handler(http_v2(path=path), Context())

    printed = capsys.readouterr().out
    assert "canary" not in printed
    assert "c-17" not in printed


def test_each_request_is_counted_with_its_latency(handler, capsys):
    handler(http_v2(path="/private/a"), Context())
    handler(http_v2(path="/no-such"), Context())
    handler(http_v2(path="/fault"), Context())

    counted = [line for line in lines(capsys) if "_aws" in line]
    assert [(line["requests"], line["refused"], line["errors"]) for line in counted] == [(1, 0, 0), (1, 1, 0), (1, 0, 1)]
    assert [(line["status"], line["request_id"]) for line in counted] == [(n, "request-1") for n in (200, 404, 500)]
    assert all(line["latency"] > 0 for line in counted)
    declared = counted[0]["_aws"]["CloudWatchMetrics"]
    assert [one["Dimensions"] for one in declared] == [[["function"]]]
    assert {one["Name"]: one["Unit"] for one in declared[0]["Metrics"]} == {
        "requests": "Count", "errors": "Count", "refused": "Count", "latency": "Milliseconds",
    }  # fmt: skip


@pytest.mark.parametrize(("path", "kind"), [("/list", "stored"), ("/profile", "fresh")])
def test_each_list_is_counted_by_its_strategy_and_where_it_came_from(handler, capsys, path, kind):
    handler(http_v2(path=path), Context())

    (counted,) = [line for line in lines(capsys) if "_aws" in line]
    assert (counted["lists"], counted["strategy"], counted["list"]) == (1, "segment", kind)
    assert counted["_aws"]["CloudWatchMetrics"][1]["Dimensions"] == [["function", "strategy", "list"]]


def test_an_answer_without_list_counts_none():
    assert served_list('{"customer": {"first_name": "\\"strategy\\""}}') is None
    assert served_list('{"strategy": null}') is None
    assert served_list(json.dumps(LIST)).strategy == "segment"


def test_every_line_of_the_metrics_names_what_it_declares(handler, capsys):
    handler(http_v2(path="/list"), Context())

    (counted,) = [line for line in lines(capsys) if "_aws" in line]
    for group in counted["_aws"]["CloudWatchMetrics"]:
        (dimensions,) = group["Dimensions"]
        assert all(isinstance(counted[name], str) for name in dimensions)
        assert all(isinstance(counted[metric["Name"]], (int, float)) for metric in group["Metrics"])


def test_lists_of_a_batch_are_counted_one_by_one(capsys):
    emit(Invocation(), {"requests": 2}, [ServedList(strategy="popular"), ServedList(strategy="segment", cached=True)])

    first, second = lines(capsys)
    assert (first["requests"], first["strategy"], first["list"]) == (2, "popular", "fresh")
    assert (second.get("requests"), second["strategy"], second["list"]) == (None, "segment", "stored")


def test_an_exception_is_one_line_without_its_text(monkeypatch):
    printed = io.StringIO()
    output = StandardOutput(Invocation(request_id="r"))
    monkeypatch.setattr(sys, "stdout", printed)
    error = ValueError("x")
    output.handle(logging.LogRecord("shop", logging.ERROR, "f", 1, "It failed.", (), (ValueError, error, None)))

    (line,) = printed.getvalue().splitlines()
    assert json.loads(line)["error"] == "ValueError"


def test_what_asyncio_shows_of_a_lost_task_is_left_out(monkeypatch):
    printed = io.StringIO()
    monkeypatch.setattr(sys, "stdout", printed)
    said = "Task exception was never retrieved\nfuture: <Task exception=CustomerNotFound('canary')>"

    StandardOutput(Invocation()).handle(logging.LogRecord("asyncio", logging.ERROR, "f", 1, said, (), None))

    (line,) = printed.getvalue().splitlines()
    assert json.loads(line)["message"] == "Task exception was never retrieved"


def test_the_runtime_clients_handler_is_replaced_and_others_stay(root_logger):
    theirs = type("LambdaLoggerHandler", (logging.Handler,), {"__module__": "awslambdaric.bootstrap"})()
    another = logging.NullHandler()
    root_logger.handlers = [theirs, another]
    first, second = Invocation(), Invocation()

    for invocation in (first, first, second):
        log_as_json(invocation)

    assert root_logger.handlers[0] is another
    assert [handler.invocation for handler in root_logger.handlers[1:]] == [second]


@pytest.mark.parametrize(("given", "level"), [("ERROR", logging.ERROR), ("LOUD", logging.INFO)])
def test_the_level_is_a_setting_and_a_wrong_one_is_told_by_the_start(monkeypatch, root_logger, given, level):
    monkeypatch.setenv("LOG_LEVEL", given)

    log_as_json(Invocation())

    assert root_logger.level == level
