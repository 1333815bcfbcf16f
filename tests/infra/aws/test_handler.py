"""The adapter between AWS Lambda events and an application."""

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
    """Create an application that counts its starts; an exception at the end of `starts` makes the next start fail."""
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

    @get("/large/{length:int}")
    async def large(request: Request) -> Response[bytes]:
        return Response(b'"' * int(request.path_params["length"]), media_type="application/json")

    @get("/path/{name:str}")
    async def path(request: Request) -> list[str]:
        return [request.scope["raw_path"].decode(), request.path_params["name"]]

    return Litestar([count, echo, large, path], lifespan=[lifespan], openapi_config=None, logging_config=None)


@pytest.fixture
def handler(application):
    handler = LambdaHandler(application)
    yield handler
    handler.close()


@pytest.mark.parametrize(("n_quotes", "status"), [(1_100_000, 200), (3_145_000, 200), (3_145_728, 500), (7_000_000, 500)])
def test_an_answer_that_aws_lambda_cannot_send_is_a_problem(handler, n_quotes, status):
    # Each quote has two bytes in the JSON of the response.
    response = handler(rest_v1(f"/large/{n_quotes}"), None)

    assert response["statusCode"] == status
    assert len(json.dumps(response)) < 6 * 1024 * 1024
    assert ('"urn:problem:answer-too-large"' in response["body"]) is (status == 500)


@pytest.mark.parametrize("event", [http_v2(), rest_v1(), load_balancer()], ids=["http-v2", "rest-v1", "load-balancer"])
def test_events_of_every_gateway_are_answered(handler, event):
    response = handler(event, None)

    assert (response["statusCode"], json.loads(response["body"])["requests"]) == (200, 1)


def test_all_events_share_one_loop_and_one_start(handler):
    responses = [json.loads(handler(http_v2(), None)["body"]) for _ in range(3)]

    assert responses[-1] == {"requests": 3, "loops": 1, "starts": 1}


def test_a_handler_works_after_asyncio_run_removed_the_event_loop(handler):
    async def nothing():
        pass

    first = handler(http_v2(), None)
    asyncio.run(nothing())
    second = handler(http_v2(), None)

    assert [first["statusCode"], second["statusCode"]] == [200, 200]


def test_a_new_handler_starts_no_application(handler, starts):
    assert starts == []


def test_a_failed_start_is_503_and_the_next_event_retries_it(handler, starts, caplog):
    starts.append(OSError("disk"))

    failed = handler(http_v2(), None)
    retried = handler(http_v2(), None)

    assert (failed["statusCode"], failed["headers"]["retry-after"]) == (503, "1")
    assert json.loads(failed["body"])["type"] == "urn:problem:store-unavailable"
    assert "disk" not in failed["body"]
    assert [record.message for record in caplog.records if record.name == "infra.aws.event_loop"] == [
        "The application did not start."
    ]
    assert retried["statusCode"] == 200


def test_problem_details_are_not_encoded_in_base64(handler):
    response = handler(http_v2("POST", "/echo", body='{"a": 1}'), None)

    assert (response["statusCode"], response["body"], response["isBase64Encoded"]) == (400, '{"a": 1}', False)


INVALID_EVENTS = {
    "empty": {}, "none": None, "list": [], "string": "event", "no-context": {"version": "2.0"},
    "no-records": {"Records": []}, "queue": {"Records": [{"eventSource": "aws:sqs"}]},
    "empty-context": http_v2(requestContext={}), "null-context": http_v2(requestContext=None),
    "null-headers": http_v2(headers=None), "header-of-a-number": http_v2(headers={"a": 1}),
    "wrong-base64": http_v2(body="x", isBase64Encoded=True), "body-of-an-object": http_v2(body={"a": 1}),
    "body-not-text": http_v2(body="\ud800"), "load-balancer-null-headers": load_balancer() | {"headers": None},
}  # fmt: skip


@pytest.mark.parametrize("event", INVALID_EVENTS.values(), ids=INVALID_EVENTS)
def test_an_invalid_event_is_a_bad_request(handler, event):
    response = handler(event, None)

    assert response["statusCode"] == 400
    assert json.loads(response["body"])["type"] == "urn:problem:malformed-json"
    assert handler(http_v2(), None)["statusCode"] == 200


@pytest.mark.parametrize("event", [http_v2(), {}], ids=["failed-start", "invalid-event"])
def test_responses_without_the_application_have_security_headers(handler, starts, event):
    starts.append(OSError("disk"))

    response = handler(event, None)

    assert response["statusCode"] in {503, 400}
    assert response["headers"]["cache-control"] == "no-store"
    assert response["headers"]["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"


@pytest.fixture
def shop(settings):
    """Open a handler of an endpoint that requires a key."""
    keyed = Settings(database_url=settings.database_url, api_keys=f"backend:{'0' * 64}")
    handler = LambdaHandler(create_app(main.create, settings=lambda: keyed))
    yield handler
    handler.close()


@pytest.mark.parametrize(
    ("event", "status"),
    [(http_v2(path="/customer/create"), 405), (http_v2("POST", "/customer/create"), 401), ({}, 400)],
)
def test_a_response_has_the_id_of_its_invocation_and_one_log_line(shop, event, status, capsys):
    response = shop(event | ({"headers": {"x-request-id": "0" * 32}} if event else {}), Context())

    assert (response["statusCode"], response["headers"]["x-request-id"]) == (status, "request-1")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["request_id"] for line in lines if "status" in line] == ["request-1"]


def test_the_response_to_a_failed_start_has_the_id_of_its_invocation(handler, starts):
    starts.append(OSError("disk"))

    assert handler(http_v2(), Context())["headers"]["x-request-id"] == "request-1"


def test_an_application_without_a_response_is_an_internal_error():
    class Silent(Litestar):
        async def __call__(self, scope, receive, send):
            pass

    handler = LambdaHandler(Silent(openapi_config=None, logging_config=None))
    response = handler(http_v2(), None)
    handler.close()

    assert (response["statusCode"], json.loads(response["body"])["type"]) == (500, "urn:problem:internal")


@pytest.mark.parametrize(
    ("path", "raw", "name"),
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
@pytest.mark.parametrize("event", [rest_v1, load_balancer])
def test_the_application_gets_the_path_encoded_and_decoded(handler, event, path, raw, name):
    assert json.loads(handler(event(path=path), None)["body"]) == [raw, name]


@pytest.mark.parametrize(
    ("path", "raw", "name"),
    [
        ("/path/a b", "/path/a%20b", "a b"),
        ("/path/a%20b", "/path/a%2520b", "a%20b"),
        ("/path/a?b", "/path/a%3Fb", "a?b"),
        ("/path/é", "/path/%C3%A9", "é"),
    ],
)
def test_a_path_that_an_http_api_has_decoded_is_not_decoded_again(handler, path, raw, name):
    assert json.loads(handler(http_v2(path=path), None)["body"]) == [raw, name]


def test_a_body_in_base64_is_decoded(handler):
    encoded = base64.b64encode(b'{"a": 1}').decode()

    assert handler(http_v2("POST", "/echo", body=encoded, isBase64Encoded=True), None)["body"] == '{"a": 1}'


def test_a_cancelled_start_does_not_block_the_next_event(handler, starts):
    starts.append(asyncio.CancelledError())

    with pytest.raises(asyncio.CancelledError):
        handler(http_v2(), None)

    assert handler(http_v2(), None)["statusCode"] == 200


def test_an_event_after_close_starts_the_application_again(handler, starts):
    handler(http_v2(), None)
    handler.close()
    handler.close()

    assert handler(http_v2(), None)["statusCode"] == 200
    assert starts == ["started", "started"]


def test_close_raises_errors_of_the_shutdown():
    @asynccontextmanager
    async def lifespan(_):
        yield
        raise OSError("at the end")

    handler = LambdaHandler(Litestar([], lifespan=[lifespan], openapi_config=None, logging_config=None))
    handler(http_v2(), None)

    with pytest.raises((OSError, ExceptionGroup)):
        handler.close()
    handler.close()


def test_a_request_is_cancelled_before_the_function_times_out():
    @get("/slow")
    async def slow() -> None:
        await asyncio.sleep(60)

    handler = LambdaHandler(Litestar([slow], openapi_config=None, logging_config=None))
    response = handler(http_v2(path="/slow"), Context(0.55))
    handler.close()

    assert (response["statusCode"], response["headers"]["retry-after"]) == (503, "1")
    assert json.loads(response["body"])["type"] == "urn:problem:store-busy"


def test_a_configuration_error_at_the_start_is_logged_as_one_line_without_its_cause(handler, starts, caplog):
    starts.append(ConfigurationError("The database cannot be used."))

    handler(http_v2(), None)

    (record,) = [record for record in caplog.records if record.name == "infra.aws.event_loop"]
    assert record.getMessage() == "The application did not start: The database cannot be used."
    assert record.exc_info is None


def test_garbage_collection_is_disabled_until_a_handler_exists(application, monkeypatch):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "function")
    try:
        importlib.reload(functions)
        assert not gc.isenabled()
        LambdaHandler(application)
        assert gc.isenabled()
    finally:
        gc.enable()
        gc.unfreeze()
