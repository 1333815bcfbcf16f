"""Clients generated from the OpenAPI document call the running app: in Python all endpoints, in TypeScript the main ones."""

import enum
import importlib
import inspect
import json
import os
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import get_args

import httpx
import pytest

from infra.http.examples import EXAMPLES
from infra.keys import hash_of
from tests.infra.http.documented import document, operations, preparation
from tests.system.server import serving

pytestmark = pytest.mark.system

KEY = "b" * 43
PACKAGE = "generated_shop_client"
TYPESCRIPT = Path(__file__).parent / "typescript"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Run the app with a demo shop."""
    database = tmp_path_factory.mktemp("shop") / "shop.db"
    with serving(database, "--demo", API_KEYS=f"backend:{hash_of(KEY)}") as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with the document."""
    folder = tmp_path_factory.mktemp("generated")
    (folder / "openapi.json").write_text(json.dumps(document()))
    return folder


class PythonClient:
    """A client that openapi-python-client generated; `name` is an `operationId`."""

    def __init__(self, client):
        self.models = importlib.import_module(f"{PACKAGE}.models")
        self._client = client

    def function(self, name):
        [tag] = operations()[name].documented["tags"]
        return importlib.import_module(f"{PACKAGE}.api.{tag.lower()}.{name}").sync_detailed

    def call(self, name, **arguments):
        return self.function(name)(client=self._client, **arguments)

    def send_example(self, name, body):
        """Return the response to an example of the document, given as arguments of the generated function."""
        parameters = inspect.signature(self.function(name)).parameters
        # A name that Python reserves has an underscore at its end.
        by_name = {one.rstrip("_"): parameter for one, parameter in parameters.items()}
        arguments = {} if body is None else {"body": _model_of(parameters["body"]).from_dict(body)}
        for parameter, value in operations()[name].parameters().items():
            expected = by_name[parameter.replace(".", "_").replace("-", "_")]
            arguments[expected.name] = _argument(expected, value)
        return self.call(name, **arguments)


def _types_of(parameter):
    return get_args(parameter.annotation) or (parameter.annotation,)


def _model_of(parameter):
    [model] = [one for one in _types_of(parameter) if hasattr(one, "from_dict")]
    return model


def _argument(parameter, value):
    if datetime in _types_of(parameter):
        return datetime.fromisoformat(value)
    kinds = [one for one in _types_of(parameter) if isinstance(one, type) and issubclass(one, enum.Enum)]
    return kinds[0](value) if kinds else value


@pytest.fixture(scope="module")
def python_client(folder, server):
    (folder / "settings.yaml").write_text("post_hooks: []\n")
    command = [
        sys.executable, "-m", "openapi_python_client", "generate", "--path", "openapi.json", "--meta", "none",
        "--output-path", PACKAGE, "--config", "settings.yaml", "--fail-on-warning",
    ]  # fmt: skip
    run(command, folder)
    sys.path.insert(0, str(folder))
    with importlib.import_module(PACKAGE).AuthenticatedClient(base_url=server.url, token=KEY) as client:
        yield PythonClient(client)
    sys.path.remove(str(folder))


def run(command, folder, **environment):
    """Run a command in a folder and return its output."""
    done = subprocess.run(
        command, cwd=folder, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, f"{command[:3]}\n{done.stdout[-5000:]}\n{done.stderr[-5000:]}"
    return done.stdout


def test_the_python_client_has_a_function_for_every_endpoint(python_client, folder):
    generated = {path.stem for path in (folder / PACKAGE / "api").glob("*/*.py")} - {"__init__"}

    assert generated == operations().keys()


def test_every_function_of_the_python_client_gets_the_documented_answer(python_client, server):
    end_experiments(server)
    responses = {}

    def send(name):
        if name not in responses:
            responses[name] = [python_client.send_example(name, body) for body in operations()[name].bodies()]

    for name in operations():
        for before in preparation(name):
            send(before.name)
        send(name)

    assert responses.keys() == operations().keys()
    for name, answers in responses.items():
        for answer in answers:
            assert answer.status_code == operations()[name].success[0], (name, answer.content)
            assert as_sent(answer.parsed) == (json.loads(answer.content) if answer.content else None), name


def end_experiments(server):
    """End what the demo shop compares: the documented experiment is live too."""
    with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {KEY}"}) as client:
        for running in client.get("/experiments/list").json()["experiments"]:
            del running["saved_at"]
            client.post("/experiments/save", json=running | {"status": "ended"}).raise_for_status()


def as_sent(parsed):
    """Return the JSON of what the client parsed; it writes UTC as an offset."""
    if parsed is None:
        return None
    return json.loads(json.dumps(parsed.to_dict()).replace('+00:00"', 'Z"'))


def test_every_endpoint_has_examples_to_call_it_with():
    assert EXAMPLES.keys() >= operations().keys()


def test_a_shop_written_in_python(python_client):
    models = python_client.models
    customer = python_client.call("create_customer", body=models.NewCustomer(first_name="Canary")).parsed
    order = models.Purchase(customer_id=customer.customer_id, items=[models.OrderItem(product_id="p-001")])

    bought = python_client.call("process_purchase", body=order).parsed
    listed = python_client.call("get_recommendations", customer_id=customer.customer_id, limit=3, exclude=["p-002"]).parsed
    unknown = python_client.call("get_profile", customer_id="nobody")

    assert bought.strategy == models.RecommendationListStrategy.PERSONALISED
    assert [item.rank for item in listed.items] == [1, 2, 3]
    assert listed.generated_at.tzinfo is not None
    assert (unknown.status_code, unknown.parsed.type_) == (404, "urn:problem:customer-not-found")


def test_the_typescript_client_is_type_checked_and_makes_the_main_calls(folder, server):
    for program in ("node", "npm", "npx"):
        assert shutil.which(program), f"the test needs {program}: apt-get install nodejs npm (Node 20 or newer)"
    project = folder / "typescript"
    shutil.copytree(TYPESCRIPT, project, ignore=shutil.ignore_patterns("node_modules"))

    run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"], project)
    # A member with a default may be left out of a request.
    generate = ["openapi-typescript", "../openapi.json", "--default-non-nullable=false", "--output", "schema.d.ts"]
    run(["npx", "--no-install", *generate], project, OPENAPI_TELEMETRY="off", REDOCLY_TELEMETRY="off")
    run(["npx", "--no-install", "tsc"], project)
    output = run(["node", "compiled/calls.js", server.url, KEY], project)

    assert output.startswith("1. ")
    assert len(output.splitlines()) == 5
