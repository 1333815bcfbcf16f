"""Every endpoint is documented with what a person would send, and the demo shop answers it as documented."""

import asyncio
import inspect
import json
import re
import shutil
from contextlib import asynccontextmanager
from datetime import datetime
from typing import get_args, get_type_hints

import jsonschema
import msgspec
import pytest
from msgspec import Struct

import main
from infra.demo import demo_shop, load_demo_shop
from infra.http.app import create_app
from infra.http.examples import EXAMPLES
from infra.http.examples.customers import EMAIL_OF_ANOTHER
from infra.http.examples.experiments import UNKNOWN_EXPERIMENT
from infra.http.examples.problems import UNKNOWN_CUSTOMER, UNKNOWN_PRODUCT
from infra.http.examples.rules import UNKNOWN_RULE
from infra.http.openapi import openapi_document
from infra.http.problems import make_problem, problem_headers
from infra.keys import hash_of
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.storage.sql import models
from infra.use_cases.train import TuningBudget, train
from tests.conftest import NOW, client_of
from tests.infra.http.documented import differences, document, operations, preparation, replaced

KEYS = {"backend": "b" * 43, "storefront": "s" * 43}
BACKEND = {"authorization": f"Bearer {KEYS['backend']}"}
STOREFRONT = {"authorization": f"Bearer {KEYS['storefront']}"}
JSON = {"content-type": "application/json"}
OPERATIONS = pytest.mark.parametrize("name", operations())


@pytest.fixture(scope="module")
def demo_database(tmp_path_factory):
    """Create the demo shop as it is on one day."""
    database = tmp_path_factory.mktemp("demo") / "shop.db"

    async def load():
        async with open_repository(Settings(database_url=f"sqlite:///{database}")) as repository:
            # The key of the example of an id.
            await repository.engine.write(models.write_signing_key, b"k" * 32)
            await load_demo_shop(repository, demo_shop(now=NOW), now=NOW)
            await train(repository, now=NOW, budget=TuningBudget(trials=0))

    asyncio.run(load())
    return database


@pytest.fixture
def shop(demo_database, database, written_at_once):
    """Return a context manager: a client of an application on a copy of the demo shop.

    The application has the endpoint of that name, those of its preparation, and without a name all.
    """
    shutil.copy(demo_database, database)

    @asynccontextmanager
    async def opened(name=None, **settings):
        settings = Settings(database_url=f"sqlite:///{database}", **settings)
        needed = {name, *(operation.name for operation in preparation(name))} if name else operations().keys()
        endpoints = [endpoint for endpoint in main.ENDPOINTS if endpoint.operation_id in needed]
        async with client_of(create_app(*endpoints, settings=lambda: settings, clock=lambda: NOW)) as client:
            yield client

    return opened


def with_keys():
    api_keys = ",".join(f"{scope}:{hash_of(key)}" for scope, key in KEYS.items())
    return {"api_keys": api_keys, "address_limit_per_second": 0, "event_retention_days": 730}


async def sent(client, operation, body=None, headers=BACKEND, **parameters):
    method, target, members = operation.request(body, **parameters)
    return await client.request(method, target, headers=headers, **members)


async def prepare(client, name):
    for operation in preparation(name):
        for body in operation.bodies():
            assert (await sent(client, operation, body)).is_success


def is_valid(value, schema):
    return jsonschema.Draft202012Validator(
        schema | {"components": document()["components"]}, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    ).is_valid(value)


@OPERATIONS
def test_an_endpoint_says_in_a_line_what_it_does_and_when_to_use_it(name):
    documented = operations()[name].documented

    [tag] = documented["tags"]
    assert tag in {one["name"] for one in document()["tags"]}
    assert re.fullmatch(r"[A-Z][^\n]{5,60}[^.\n]", documented["summary"])
    assert re.search(r"\b(Use|Send) it\b", documented["description"]), "the description says when to use it: Use it when ..."


@OPERATIONS
def test_an_endpoint_has_a_name_for_generated_clients(name):
    assert re.fullmatch(r"[a-z]+(_[a-z]+)+", name), "set operation_id: a verb and what it is about"


def test_no_two_endpoints_have_the_same_name_in_generated_clients():
    assert len(operations()) == sum(len(item) for item in document()["paths"].values())


@OPERATIONS
def test_an_endpoint_has_examples_of_requests_answers_and_all_problems(name):
    operation = operations()[name]

    required = {one["name"] for one in operation.documented.get("parameters", []) if one["required"]}
    assert required <= operation.parameters().keys()
    assert EXAMPLES[name].examples, "infra/http/examples has no example"
    assert len(operation.bodies()) >= 1
    assert len(operation.answers()) == len(EXAMPLES[name].examples)
    assert (operation.answers() == [None]) == ("content" not in operation.success[1])
    assert operation.problems.keys() == operation.slugs()


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_belong_to_an_endpoint(name):
    assert name in operations()


@OPERATIONS
def test_examples_are_valid_by_the_schemas_of_their_endpoint(name):
    operation = operations()[name]
    parts = [*operation.documented["responses"].values(), operation.documented.get("requestBody", {})]
    contents = [content for part in parts for content in part.get("content", {}).values()]

    examples = [(one["value"], content["schema"]) for content in contents for one in content["examples"].values()]
    parameters = [(one["example"], one["schema"]) for one in operation.documented.get("parameters", []) if "example" in one]

    assert [value for value, schema in examples + parameters if not is_valid(value, schema)] == []


@OPERATIONS
async def test_the_demo_shop_answers_the_examples_as_documented(shop, name):
    operation = operations()[name]
    status, response = operation.success

    async with shop(name) as client:
        await prepare(client, name)
        answers = [await sent(client, operation, body) for body in operation.bodies()]

    for example, answer, documented in zip(EXAMPLES[name].examples, answers, operation.answers(), strict=True):
        assert answer.status_code == status, answer.text
        assert differences(documented, answer.json() if answer.content else None) == []
        assert headers_missing(answer, response) == []
        assert {header: answer.headers[header] for header in example.headers} == example.headers


def headers_missing(answer, response):
    """Return the documented headers that an answer lacks or that have another form."""
    missing = []
    for name, header in response["headers"].items():
        definition = document()["components"]["headers"][name] if "$ref" in header else header
        value = answer.headers.get(name)
        if value is None or not is_valid(int(value) if value.isdigit() else value, definition["schema"]):
            missing.append(name)
    return missing


async def provoke(client, operation, slug):
    """Return the answer to a request that has one problem, None where the problem cannot be provoked like this."""
    body, too_old = operation.bodies()[0], "2020-01-01T00:00:00Z"
    [handler] = [one for one in main.ENDPOINTS if one.operation_id == operation.name]
    large = handler.opt.get("max_body_bytes", 64 * 1024)
    refused = dict(EXAMPLES[operation.name].refused)
    raw = {
        "empty-body": b"",
        "malformed-json": b'{"customer_id": ',
        "json-too-deep": b"[" * 17 + b"]" * 17,
        "duplicate-key": b'{"customer_id": "demo-1", "customer_id": "demo-2"}',
        "body-too-large": b" " * (large + 1),
    }
    headers = {
        "unauthorized": {"authorization": "Bearer wrong"},
        "forbidden": STOREFRONT,
        "unsupported-media-type": BACKEND | {"content-type": "text/plain"},
        "unsupported-encoding": BACKEND | JSON | {"content-encoding": "gzip"},
    }
    changed = {
        "validation": lambda: body | refused,
        "customer-not-found": lambda: replaced(
            replaced(body, "customer_id", UNKNOWN_CUSTOMER), "customer_ids", [UNKNOWN_CUSTOMER]
        ),
        "rule-not-found": lambda: replaced(body, "rule_id", UNKNOWN_RULE),
        "product-not-found": lambda: replaced(body, "product_id", UNKNOWN_PRODUCT),
        "event-too-old": lambda: with_instant(body, too_old),
        "event-id-reused": lambda: with_instant(body, "2026-11-19T12:00:00Z"),
        "customer-exists": lambda: body,
        "token-refused": lambda: body | {"guest": True},
        "email-taken": lambda: (
            body | {"customer_id": "demo-2", "email": EMAIL_OF_ANOTHER}
            if operation.name == "update_customer"
            else {key: value for key, value in body.items() if key != "customer_id"}
        ),
        "experiment-refused": lambda: body | {"arms": [{"name": "other"}, *body["arms"]]},
        "too-many-items": lambda: with_too_many(body, operation),
    }
    in_path = {
        "customer-not-found": {"customer_id": UNKNOWN_CUSTOMER},
        "product-not-found": {"product_id": UNKNOWN_PRODUCT},
        "rule-not-found": {"rule_id": UNKNOWN_RULE},
        "experiment-not-found": {"experiment_id": UNKNOWN_EXPERIMENT},
        "experiment-refused": {"experiment_id": "weights" if "report" in operation.name else "popular"},
    }
    method, target, _ = operation.request(body)
    match slug:
        case "method-not-allowed":
            return await client.request("PATCH", target, headers=BACKEND)
        case "not-found":
            return await client.request(method, target + "/", headers=BACKEND)
        case "forbidden" if handler.opt["access"] in {"storefront", "browser"}:
            # Only the bounds of a storefront key are left to exceed, and lists about products have none.
            is_bounded = operation.name == "get_recommendations"
            return await sent(client, operation, headers=STOREFRONT, limit=100) if is_bounded else None
        case "too-many-items" if operation.name == "save_rule":
            # Only a shop with 200 rules refuses one more.
            return None
        case slug if slug in headers:
            return await sent(client, operation, body, headers=headers[slug])
        case slug if slug in raw:
            return await client.request(method, target, headers=BACKEND | JSON, content=raw[slug])
        case slug if body is not None and slug in changed:
            return await sent(client, operation, changed[slug]())
        case "validation":
            return await sent(client, operation, **refused)
        case slug if slug in in_path:
            return await sent(client, operation, **in_path[slug])
    return None


def with_instant(body, instant):
    """Return a body whose first events occurred at an instant."""
    first = [name for name in ("browsing", "purchases") if name in body][:1]
    if first:
        return body | {first[0]: [body[first[0]][0] | {"occurred_at": instant}]}
    return body | {"occurred_at": instant}


def with_too_many(body, operation):
    """Return a body whose list, which the example of the problem names, has one element more than its schema allows."""
    name = operation.problems["too-many-items"]["errors"][0]["pointer"].removeprefix("#/")
    assert name in body, "a body without a list has OBJECT_PROBLEMS; other lists need Details of too-many-items"
    limit = operation.body_schema(document())["properties"][name]["maxItems"]
    return body | {name: (body[name] * (limit + 1))[: limit + 1]}


@OPERATIONS
async def test_the_demo_shop_answers_wrong_requests_as_documented(shop, name):
    operation = operations()[name]
    wrong, tried = {}, set()

    async with shop(name, **with_keys()) as client:
        await prepare(client, name)
        for body in [] if operation.method == "DELETE" else operation.bodies():
            assert (await sent(client, operation, body)).is_success
        for slug, documented in operation.problems.items():
            if (answer := await provoke(client, operation, slug)) is not None:
                tried.add(slug)
                response = operation.documented["responses"][str(documented["status"])]
                if answer.json() != documented or headers_missing(answer, response):
                    wrong[slug] = (documented, answer.json(), dict(answer.headers))

    assert wrong == {}
    assert "method-not-allowed" in tried


async def test_every_endpoint_with_a_key_refuses_foreign_hosts_as_documented(shop):
    wrong = []
    async with shop() as client:
        for operation in operations().values():
            if documented := operation.problems.get("foreign-host"):
                answer = await sent(client, operation, operation.bodies()[0], headers={"host": "shop.example"})
                if answer.json() != documented:
                    wrong.append((operation.name, answer.json()))

    assert wrong == []


@OPERATIONS
def test_the_documented_headers_of_problems_are_those_of_the_answers(name):
    for problem in operations()[name].problems.values():
        slug = problem["type"].removeprefix("urn:problem:")
        sent_headers = {
            "x-request-id",
            *problem_headers(make_problem(slug)),
            *(["allow"] if problem["status"] == 405 else []),
        }
        response = operations()[name].documented["responses"][str(problem["status"])]
        assert {header.lower() for header in response["headers"]} == sent_headers


def test_every_instant_has_its_format():
    structs = {one for handler in main.ENDPOINTS for one in structs_in(inspect.signature(handler.fn).return_annotation)}
    schemas = document()["components"]["schemas"]

    instants = [
        (struct.__name__, schemas[struct.__name__]["properties"][field.encode_name])
        for struct in structs
        for field in msgspec.structs.fields(struct)
        if datetime in {field.type, *get_args(field.type)}
    ]

    assert instants
    for name, schema in instants:
        assert "date-time" in {one.get("format") for one in schema.get("anyOf", [schema])}, name


def structs_in(annotation):
    """Yield all structs of an annotation, at any depth."""
    if isinstance(annotation, type) and issubclass(annotation, Struct):
        yield annotation
        for hint in get_type_hints(annotation).values():
            yield from structs_in(hint)
    for argument in get_args(annotation):
        yield from structs_in(argument)


def test_the_document_of_some_endpoints_needs_no_examples():
    [health] = [handler for handler in main.ENDPOINTS if handler.operation_id == "get_health"]

    assert json.dumps(openapi_document(health))


@pytest.mark.parametrize(
    ("documented", "real", "expected"),
    [
        ({"a": 1}, {"a": 2.5}, []),
        ({"a": 1}, {"a": "1"}, ["#/a"]),
        ({"a": 1, "b": None}, {"b": "x", "c": 3}, ["#/a", "#/c"]),
        ({"a": [{"b": 1}, {"c": 1}]}, {"a": [{"b": 1, "c": 1}]}, []),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": 1}]}, ["#/a/0/c"]),
        ({"a": [{"b": [{"c": 1}]}]}, {"a": [{"b": []}, {"b": [{"d": 1}]}]}, ["#/a/0/b/0/c", "#/a/0/b/0/d"]),
        ({"a": [1]}, {"a": []}, ["#/a"]),
        ({"a": []}, {"a": []}, []),
    ],
)
def test_answers_are_compared_by_their_shape(documented, real, expected):
    assert differences(documented, real) == expected
