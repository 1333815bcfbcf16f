"""Each function alone responds to its event, several times in a row, as on AWS Lambda."""

import asyncio
import importlib
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime

import pytest

from domain.records.customers import CustomerChange
from domain.records.interactions import OrderItem, Purchase
from domain.records.products import ProductChange
from infra.keys import hash_of
from infra.storage import opening
from infra.storage.sqlite import open_sqlite
from tests.invocations import A_DRAFT, A_RULE, AN_EXPERIMENT, CHANGES, STORED_ADDRESS, http_v2
from tests.template import ROOT, functions

EVENTS = {name: json.loads((ROOT / "events" / f"{name}.json").read_text()) for name in functions()}
KEY = "a-key-for-trials-on-your-own-machine-only"
STATUS = {"GET": 200, "POST": 201}


@pytest.fixture
async def shop(database, monkeypatch):
    """Create the customers and products of the events, and the environment of a function."""
    now = datetime.now(UTC)
    async with open_sqlite(database, currency="EUR") as repository:
        await repository.put_customers([CustomerChange(customer_id=name) for name in ("demo-1", "demo-5")], now=now)
        await repository.put_customers([CustomerChange(customer_id="guest-1", is_guest=True)], now=now)
        await repository.put_products(
            [ProductChange(product_id=f"p-{number:03}", price=10.0) for number in range(1, 30)], now=now
        )
        items = (OrderItem(product_id="p-004"), OrderItem(product_id="p-017"))
        order = Purchase(customer_id="demo-1", order_id="demo-o-03298", items=items)
        await repository.record([order], now=now)
        removed = json.loads(EVENTS["CustomerRemoveAddress"]["body"])["address_id"]
        (stored,) = await repository.add_addresses("demo-1", [STORED_ADDRESS])
        assert stored.address_id == removed
        await repository.save_rule(A_RULE, now=now, actor="local")
        for experiment in (AN_EXPERIMENT, A_DRAFT):
            await repository.save_experiment(experiment, now=now, actor="local")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{database}")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "function")
    monkeypatch.setenv("API_KEYS", f"backend:{hash_of(KEY)}")
    monkeypatch.setenv("ALLOW_EPHEMERAL_SQLITE", "1")


def fresh_handler(name):
    """Import a function anew, as a new execution environment does."""
    module = functions()[name]["Handler"].removesuffix(".handler")
    sys.modules.pop(module, None)
    return importlib.import_module(module).handler


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_a_function_responds_to_its_event_three_times(shop, name):
    handler = fresh_handler(name)
    event = EVENTS[name]
    if name == "CustomerCreate":
        # The e-mail address of the event can be used only once.
        event = event | {"body": "{}"}

    responses = [handler(event, None) for _ in range(3)]
    handler.close()

    if name == "CustomerErase":
        assert [response["statusCode"] for response in responses] == [204, 404, 404]
        return
    if name in {"CustomerRemoveAddress", "RulesRemove", "ExperimentsRemove"}:
        assert [response["statusCode"] for response in responses] == [200, 404, 404]
        return
    expected = 200 if name in CHANGES else STATUS[event["requestContext"]["http"]["method"]]
    assert [response["statusCode"] for response in responses] == [expected] * 3, responses
    assert responses[0]["body"] if name == "BrowserRecommendJs" else json.loads(responses[0]["body"])


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("CustomerGetProfile", "read-profile"),
        ("CustomerExport", "export"),
        ("CustomerErase", "erase"),
        ("RecommendationsWhyNot", "read-profile"),
    ],
)
def test_the_entry_of_the_audit_and_the_use_of_the_key_are_stored_before_a_function_answers(
    shop, monkeypatch, database, name, action
):
    monkeypatch.setenv("API_KEYS", f"backend:{hash_of(KEY)}:erp")
    handler = fresh_handler(name)

    response = handler(EVENTS[name], None)

    # The environment may be frozen for ever now.
    with closing(sqlite3.connect(database)) as file:
        entries = file.execute("SELECT actor, outcome FROM audit_log WHERE action = ?", (action,)).fetchall()
        names = file.execute("SELECT name FROM api_keys WHERE last_used_at IS NOT NULL").fetchall()
    handler.close()
    assert response["statusCode"] in (200, 204)
    assert (entries, names) == ([("erp", "done")], [("erp",)])


@pytest.mark.parametrize("name", sorted(EVENTS.keys() - {"BrowserRecommendJs"}))
def test_a_function_requires_a_key_and_does_not_start_without_api_keys(shop, monkeypatch, name):
    event_without_key = EVENTS[name] | {"headers": {"content-type": "application/json"}}

    handler = fresh_handler(name)
    unauthorized = handler(event_without_key, None)
    handler.close()
    monkeypatch.delenv("API_KEYS")
    handler_without_keys = fresh_handler(name)
    unavailable = handler_without_keys(EVENTS[name], None)
    handler_without_keys.close()

    assert (unauthorized["statusCode"], unauthorized["headers"]["www-authenticate"]) == (401, "Bearer")
    assert json.loads(unavailable["body"])["type"] == "urn:problem:store-unavailable"


def test_the_script_for_pages_needs_no_key_and_is_not_encoded(shop):
    handler = fresh_handler("BrowserRecommendJs")

    first = handler(EVENTS["BrowserRecommendJs"], None)
    again = handler(EVENTS["BrowserRecommendJs"] | {"headers": {"if-none-match": first["headers"]["etag"]}}, None)
    handler.close()

    assert (first["statusCode"], again["statusCode"], again["body"]) == (200, 304, "")
    assert (first["isBase64Encoded"], first["body"].startswith("(() =>")) == (False, True)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("RecommendationsForCustomer", "/recommendations/demo-1"), ("ProductsSimilar", "/products/similar/p-001"),
        ("ProductsBoughtTogether", "/products/bought-together"),
        ("RecommendationsProcessBrowsing", "/recommendations/process-browsing"),
        ("RecommendationsForPage", "/recommendations/for-page"),
    ],
)  # fmt: skip
def test_a_function_answers_preflight_requests_of_browsers(shop, monkeypatch, name, path):
    monkeypatch.setenv("CORS_ORIGINS", "https://shop.example")
    headers = {
        "host": "api.example", "origin": "https://shop.example", "access-control-request-method": "GET",
        "access-control-request-headers": "authorization",
    }  # fmt: skip
    handler = fresh_handler(name)

    answer = handler(http_v2("OPTIONS", path, headers=headers, rawPath=path), None)
    other = handler(http_v2("OPTIONS", path, headers=headers | {"origin": "https://evil.example"}, rawPath=path), None)
    handler.close()

    assert (answer["statusCode"], answer["body"]) == (204, "")
    assert answer["headers"]["access-control-allow-origin"] == "https://shop.example"
    assert "authorization" in answer["headers"]["access-control-allow-headers"]
    assert "access-control-allow-origin" not in other["headers"]


def test_a_created_customer_has_a_location_and_a_unique_email(shop):
    handler = fresh_handler("CustomerCreate")

    first, second = handler(EVENTS["CustomerCreate"], None), handler(EVENTS["CustomerCreate"], None)
    handler.close()

    customer = json.loads(first["body"])
    assert first["headers"]["location"] == f"/customer/get-profile/{customer['customer_id']}"
    assert (second["statusCode"], json.loads(second["body"])["type"]) == (409, "urn:problem:email-taken")


def test_queue_messages_need_no_key(shop):
    handler = fresh_handler("CustomerUpdateBehavior")
    batch = json.loads((ROOT / "events" / "CustomerUpdateBehavior.queue.json").read_text())

    response = handler(batch, None)
    handler.close()

    assert response == {"batchItemFailures": []}


def test_sqlite_is_rejected_on_lambda_except_for_a_trial(shop, monkeypatch):
    monkeypatch.delenv("ALLOW_EPHEMERAL_SQLITE")
    handler = fresh_handler("CustomerCreate")

    response = handler(EVENTS["CustomerCreate"], None)
    handler.close()

    assert (response["statusCode"], json.loads(response["body"])["type"]) == (503, "urn:problem:store-unavailable")


@pytest.mark.system
@pytest.mark.parametrize(
    "name",
    sorted(
        {
            *CHANGES,
            "BrowserRecommendJs",
            "CustomerCreate",
            "CustomerAddAddress",
            "CustomerRemoveAddress",
            "CustomerErase",
            "ExperimentsList",
            "ExperimentsReport",
            "ProductsGetProduct",
            "RulesList",
            "RulesRemove",
        }
        - {"RecommendationsForPage", "RulesPreview", "ExperimentsSave"}
    ),
)
def test_functions_without_scoring_start_without_numpy(name):
    module = functions()[name]["Handler"].removesuffix(".handler")
    code = f"import sys, {module}; print(sorted({{'numpy', 'scipy', 'rich', 'granian'}} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_a_trial_starts_with_the_demo_shop_of_its_artefact(new_database, monkeypatch, tmp_path):
    async def create_demo_shop():
        async with open_sqlite(tmp_path / "demo.db", currency="EUR") as repository:
            await repository.put_customers([CustomerChange(customer_id="demo-1")], now=datetime.now(UTC))

    asyncio.run(create_demo_shop())
    monkeypatch.setattr(opening, "DEMO_SHOP", tmp_path / "demo.db")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{new_database}")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "function")
    monkeypatch.setenv("API_KEYS", f"backend:{hash_of(KEY)}")
    monkeypatch.setenv("ALLOW_EPHEMERAL_SQLITE", "1")
    handler = fresh_handler("CustomerAddAddress")

    response = handler(EVENTS["CustomerAddAddress"], None)
    handler.close()

    assert response["statusCode"] == 201
    assert new_database.exists()


@pytest.mark.parametrize("name", ["ProductsGetProduct", "ProductsPopular"])
def test_a_function_alone_in_its_process_names_wrong_parameters(name, tmp_path):
    """What other endpoints of a process prepare, such as the signatures of what they share, is not there."""
    module = functions()[name]["Handler"].removesuffix(".handler")
    code = (
        f"import json, sys, types; from {module} import handler;"
        "context = types.SimpleNamespace(aws_request_id='x', function_name='f');"
        "context.get_remaining_time_in_millis = lambda: 10_000;"
        "sys.stdout.write('ANSWER' + json.dumps(handler(json.load(sys.stdin), context)))"
    )
    environment = os.environ | {
        "DATABASE_URL": f"sqlite:///{tmp_path}/shop.db",
        "ALLOW_EPHEMERAL_SQLITE": "1",
        "API_KEYS": json.loads((ROOT / "events" / "env.json").read_text())["Parameters"]["API_KEYS"],
    }

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, input=(ROOT / "events" / f"{name}.bad.json").read_text(),
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip

    answer = json.loads(done.stdout.rpartition("ANSWER")[2])
    assert answer["statusCode"] == 400
    assert json.loads(answer["body"])["errors"]
