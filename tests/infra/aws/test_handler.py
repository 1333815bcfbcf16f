"""What the adapter does between AWS Lambda and an application."""

import asyncio
import base64
import gc
import importlib
import json
from contextlib import asynccontextmanager

import pytest
from litestar import Litestar, Request, Response, get, post
from litestar.params import RawBody

import functions
import main
from domain.errors import ConfigurationError
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.settings import Settings
from tests.invocations import Context, http_v2


def rest_v1(path="/count"):
    return {
        "resource": path, "path": path, "httpMethod": "GET", "headers": {}, "queryStringParameters": None,
        "requestContext": {"identity": {"sourceIp": "192.0.2.1"}}, "body": None, "isBase64Encoded": False,
    }  # fmt: skip


def load_balancer(path="/count"):
    return {
        "requestContext": {"elb": {"targetGroupArn": "arn"}}, "path": path, "httpMethod": "GET", "headers": {},
        "queryStringParameters": {}, "body": "", "isBase64Encoded": False,
    }  # fmt: skip


@pytest.fixture
def starts():
    return []


@pytest.fixture
def application(starts):
    """Make an application that counts its starts; `starts` may hold a fault for the next one."""
    requests = []

    @asynccontextmanager
    async def lifespan(_):
        if starts and isinstance(starts[-1], BaseException):
            raise starts.pop()
        starts.append("started")
        yield

    @get("/count")
    async def count() -> dict[str, int]:
        requests.append(asyncio.get_running_loop())
        return {"requests": len(requests), "loops": len(set(requests)), "starts": len(starts)}

    @post("/echo")
    async def echo(body: RawBody) -> Response[bytes]:
        return Response(body, media_type="application/problem+json", status_code=400)

    @get("/path/{given:str}")
    async def path(request: Request) -> list[str]:
        return [request.scope["raw_path"].decode(), request.path_params["given"]]

    return Litestar([count, echo, path], lifespan=[lifespan], openapi_config=None, logging_config=None)


@pytest.fixture
def handler(application):
    made = LambdaHandler(application)
    yield made
    made.close()


@pytest.mark.parametrize("event", [http_v2(), rest_v1(), load_balancer()], ids=["http-v2", "rest-v1", "load-balancer"])
def test_events_of_every_gateway_are_answered(handler, event):
    answer = handler(event, None)

    assert (answer["statusCode"], json.loads(answer["body"])["requests"]) == (200, 1)


def test_one_loop_and_one_start_serve_all_events(handler):
    answers = [json.loads(handler(http_v2(), None)["body"]) for _ in range(3)]

    assert answers[-1] == {"requests": 3, "loops": 1, "starts": 1}


def test_it_works_after_something_else_took_the_event_loop_away(handler):
    async def nothing():
        pass

    first = handler(http_v2(), None)
    asyncio.run(nothing())
    second = handler(http_v2(), None)

    assert [first["statusCode"], second["statusCode"]] == [200, 200]


def test_making_a_handler_starts_nothing(handler, starts):
    assert starts == []


def test_a_start_up_fault_is_answered_and_tried_again(handler, starts, caplog):
    starts.append(OSError("disk"))

    failed = handler(http_v2(), None)
    answered = handler(http_v2(), None)

    assert (failed["statusCode"], failed["headers"]["retry-after"]) == (503, "1")
    assert json.loads(failed["body"])["type"] == "urn:problem:store-unavailable"
    assert "disk" not in failed["body"]
    assert [record.message for record in caplog.records if record.name == "infra.aws.event_loop"] == [
        "The application did not start."
    ]
    assert answered["statusCode"] == 200


def test_problem_details_are_text_and_not_base64(handler):
    answer = handler(http_v2("POST", "/echo", body='{"a": 1}'), None)

    assert (answer["statusCode"], answer["body"], answer["isBase64Encoded"]) == (400, '{"a": 1}', False)


NOT_REQUESTS = {
    "empty": {}, "none": None, "list": [], "string": "event", "no-context": {"version": "2.0"},
    "no-records": {"Records": []}, "queue": {"Records": [{"eventSource": "aws:sqs"}]},
    "empty-context": http_v2(requestContext={}), "null-context": http_v2(requestContext=None),
    "null-headers": http_v2(headers=None), "header-of-a-number": http_v2(headers={"a": 1}),
    "wrong-base64": http_v2(body="x", isBase64Encoded=True), "body-of-an-object": http_v2(body={"a": 1}),
    "body-not-text": http_v2(body="\ud800"), "load-balancer-null-headers": load_balancer() | {"headers": None},
}  # fmt: skip


@pytest.mark.parametrize("event", NOT_REQUESTS.values(), ids=NOT_REQUESTS)
def test_an_event_that_cannot_be_understood_is_a_bad_request(handler, event):
    answer = handler(event, None)

    assert answer["statusCode"] == 400
    assert json.loads(answer["body"])["type"] == "urn:problem:malformed-json"
    assert handler(http_v2(), None)["statusCode"] == 200


@pytest.mark.parametrize("event", [http_v2(), {}], ids=["no-start", "no-request"])
def test_answers_from_outside_the_application_are_protected_as_well(handler, starts, event):
    starts.append(OSError("disk"))

    answer = handler(event, None)

    assert answer["statusCode"] in {503, 400}
    assert answer["headers"]["cache-control"] == "no-store"
    assert answer["headers"]["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"


@pytest.fixture
def shop(settings):
    """Make a function of the shop itself, with keys."""
    keyed = Settings(database_url=settings.database_url, api_keys=f"backend:{'0' * 64}")
    made = LambdaHandler(create_app(main.create, settings=lambda: keyed))
    yield made
    made.close()


@pytest.mark.parametrize(
    ("event", "status"),
    [(http_v2(path="/customer/create"), 405), (http_v2("POST", "/customer/create"), 401), ({}, 400)],
)
def test_an_answer_has_the_id_of_its_invocation_and_what_is_logged_of_it_is_one_line(shop, event, status, capsys):
    answer = shop(event | ({"headers": {"x-request-id": "0" * 32}} if event else {}), Context())

    assert (answer["statusCode"], answer["headers"]["x-request-id"]) == (status, "request-1")
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["request_id"] for line in said if "status" in line] == ["request-1"]


def test_an_answer_without_a_start_has_the_id_as_well(handler, starts):
    starts.append(OSError("disk"))

    assert handler(http_v2(), Context())["headers"]["x-request-id"] == "request-1"


def test_an_application_that_does_not_answer_is_not_the_fault_of_the_event():
    class Silent(Litestar):
        async def __call__(self, scope, receive, send):
            pass

    handler = LambdaHandler(Silent(openapi_config=None, logging_config=None))
    answer = handler(http_v2(), None)
    handler.close()

    assert (answer["statusCode"], json.loads(answer["body"])["type"]) == (500, "urn:problem:internal")


@pytest.mark.parametrize(
    ("path", "raw", "given"),
    [
        ("/path/c-17", "/path/c-17", "c-17"),
        ("/path/a b", "/path/a%20b", "a b"),
        ("/path/a%20b", "/path/a%20b", "a b"),
        ("/path/a?b", "/path/a%3Fb", "a?b"),
        ("/path/a%3Fb", "/path/a%3Fb", "a?b"),
        ("/path/a%00", "/path/a%00", "a\x00"),
        ("/path/é", "/path/%C3%A9", "é"),
        ("/path/%ff", "/path/%ff", "\ufffd"),
    ],
)
@pytest.mark.parametrize("shaped", [http_v2, rest_v1, load_balancer])
def test_a_path_reaches_the_application_decoded_and_as_a_client_writes_it(handler, shaped, path, raw, given):
    assert json.loads(handler(shaped(path=path), None)["body"]) == [raw, given]


def test_a_body_in_base64_is_decoded(handler):
    encoded = base64.b64encode(b'{"a": 1}').decode()

    assert handler(http_v2("POST", "/echo", body=encoded, isBase64Encoded=True), None)["body"] == '{"a": 1}'


def test_a_start_that_is_cancelled_does_not_hang(handler, starts):
    starts.append(asyncio.CancelledError())

    with pytest.raises(asyncio.CancelledError):
        handler(http_v2(), None)

    assert handler(http_v2(), None)["statusCode"] == 200


def test_closing_ends_the_application_and_the_next_event_starts_it_again(handler, starts):
    handler(http_v2(), None)
    handler.close()
    handler.close()

    assert handler(http_v2(), None)["statusCode"] == 200
    assert starts == ["started", "started"]


def test_a_fault_at_the_end_is_not_hidden():
    @asynccontextmanager
    async def lifespan(_):
        yield
        raise OSError("at the end")

    handler = LambdaHandler(Litestar([], lifespan=[lifespan], openapi_config=None, logging_config=None))
    handler(http_v2(), None)

    with pytest.raises((OSError, ExceptionGroup)):
        handler.close()
    handler.close()


def test_a_request_that_outlasts_the_function_is_answered_before_its_end():
    @get("/slow")
    async def slow() -> None:
        await asyncio.sleep(60)

    handler = LambdaHandler(Litestar([slow], openapi_config=None, logging_config=None))
    answer = handler(http_v2(path="/slow"), Context(0.55))
    handler.close()

    assert (answer["statusCode"], answer["headers"]["retry-after"]) == (503, "1")
    assert json.loads(answer["body"])["type"] == "urn:problem:store-busy"


def test_a_start_that_fails_for_a_reason_says_it_in_one_line_without_what_lies_behind(handler, starts, caplog):
    starts.append(ConfigurationError("The database cannot be used."))

    handler(http_v2(), None)

    (record,) = [record for record in caplog.records if record.name == "infra.aws.event_loop"]
    assert record.getMessage() == "The application did not start: The database cannot be used."
    assert record.exc_info is None


def test_collections_are_put_off_until_a_function_is_imported(application, monkeypatch):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "function")
    try:
        importlib.reload(functions)
        assert not gc.isenabled()
        LambdaHandler(application)
        assert gc.isenabled()
    finally:
        gc.enable()
        gc.unfreeze()
