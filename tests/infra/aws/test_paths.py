"""Paths of events: what each gateway hands on, and which id a function finds in it."""

import json
from itertools import count
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings

import main
from infra.aws.handler import LambdaHandler
from infra.aws.paths import id_prefixes, raw_path_of
from infra.http.app import create_app
from infra.settings import Settings
from tests.fuzz.shop import API_KEYS, KEYS
from tests.ids import CANARY_IDS, ids
from tests.invocations import http_v2

NUMBERS = count()
PROFILE = "/customer/get-profile/"


def http_api(path, method="GET", **members):
    """An event of an HTTP API, which decodes the path."""
    return http_v2(method, path, **members)


def http_api_v1(path):
    return rest_api(path) | {"version": "1.0"}


def rest_api(path):
    return {
        "resource": path, "path": path, "httpMethod": "GET", "headers": {}, "queryStringParameters": None,
        "requestContext": {"identity": {"sourceIp": "192.0.2.1"}}, "body": None, "isBase64Encoded": False,
    }  # fmt: skip


def function_url(path):
    event = http_v2(path=path)
    event["requestContext"]["domainName"] = "id.lambda-url.eu-central-1.on.aws"
    return event


def load_balancer(path):
    return {
        "requestContext": {"elb": {"targetGroupArn": "arn"}}, "path": path, "httpMethod": "GET", "headers": {},
        "queryStringParameters": {}, "body": "", "isBase64Encoded": False,
    }  # fmt: skip


DECODING = (http_api, http_api_v1)
PRESERVING = (rest_api, function_url, load_balancer)


@pytest.fixture(scope="module")
def functions(tmp_path_factory):
    """Open functions of one endpoint each, on one database."""
    settings = Settings(database_url=f"sqlite:///{tmp_path_factory.mktemp('shop')}/shop.db", api_keys=API_KEYS)
    opened = {
        endpoint: LambdaHandler(create_app(endpoint, settings=lambda: settings))
        for endpoint in (main.create, main.get_profile, main.erase)
    }
    yield opened
    for handler in opened.values():
        handler.close()


def call(handler, event):
    return handler(event | {"headers": event["headers"] | {"authorization": f"Bearer {KEYS['backend']}"}}, None)


def create(functions, customer_id):
    body = json.dumps({"customer_id": customer_id})
    event = http_api("/customer/create", "POST", body=body, headers={"content-type": "application/json"})
    return call(functions[main.create], event)


def customer_of(functions, event):
    response = call(functions[main.get_profile], event)
    return json.loads(response["body"]).get("customer", {}).get("customer_id"), response["statusCode"]


@pytest.mark.parametrize("customer_id", CANARY_IDS)
def test_a_function_finds_an_id_behind_every_gateway(functions, customer_id):
    assert create(functions, customer_id)["statusCode"] in {201, 409}

    for gateway in DECODING:
        assert customer_of(functions, gateway(PROFILE + customer_id)) == (customer_id, 200)
    for gateway in PRESERVING:
        assert customer_of(functions, gateway(PROFILE + quote(customer_id, safe=""))) == (customer_id, 200)


@given(text=ids())
@hypothesis_settings(max_examples=40)
def test_a_function_creates_finds_and_erases_a_customer_with_any_id(functions, text):
    # The id of an erased customer stays taken.
    text = f"{next(NUMBERS)} {text}"
    created = create(functions, text)
    location = created["headers"]["location"]

    assert created["statusCode"] == 201
    assert customer_of(functions, rest_api(location)) == (text, 200)
    assert call(functions[main.erase], http_api(f"/customer/erase/{text}", "DELETE"))["statusCode"] == 204
    assert customer_of(functions, http_api(PROFILE + text)) == (None, 404)


@pytest.mark.parametrize(
    ("sent", "decoded_path", "raw_path"),
    [
        ("plain", "/get/plain", "/get/plain"),
        ("space%20value", "/get/space value", "/get/space%20value"),
        ("hash%23value", "/get/hash#value", "/get/hash%23value"),
        ("slash%2Fvalue", "/get/slash/value", "/get/slash%2Fvalue"),
        ("%CE%BB-%E4%B8%96", "/get/λ-世", "/get/%CE%BB-%E4%B8%96"),
        ("literal%253Fvalue", "/get/literal?value", "/get/literal%3Fvalue"),
        ("literal%2525value", "/get/literal%value", "/get/literal%25value"),
        ("a+b", "/get/a+b", "/get/a%2Bb"),
    ],
)
def test_what_an_http_api_decodes_is_encoded_again_and_other_paths_stay(sent, decoded_path, raw_path):
    """`sent` and `decoded_path` are captured from AWS, except `+`; an HTTP API decodes twice."""
    prefixes = id_prefixes(["/get/{name:str}"])

    assert raw_path_of(http_api(decoded_path), prefixes) == raw_path
    assert raw_path_of(function_url(f"/get/{sent}"), prefixes) == f"/get/{sent}"


def test_the_longest_path_of_an_endpoint_precedes_the_id():
    prefixes = id_prefixes(["/lists/{id:str}", "/lists/of/{id:str}", "/lists", "/lists/of/{id:str}"])

    assert prefixes == ["/lists/of/", "/lists/"]
    assert raw_path_of(http_api("/lists/of/a/b"), prefixes) == "/lists/of/a%2Fb"
    assert raw_path_of(http_api("/lists/a/b"), prefixes) == "/lists/a%2Fb"
    assert raw_path_of(http_api("/other/a b"), prefixes) == "/other/a%20b"


@pytest.mark.parametrize(("path", "status"), [
    (PROFILE, 404), (f"{PROFILE}..", 404), (f"{PROFILE}a  b", 400), (f"{PROFILE}a\x00", 400), (f"{PROFILE}\ud800", 400),
    ("//customer/get-profile/a", 404), (f"{PROFILE}nobody/here", 404),
])  # fmt: skip
def test_a_path_without_an_id_is_refused(functions, path, status):
    assert customer_of(functions, http_api(path)) == (None, status)
