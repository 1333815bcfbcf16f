"""Each function alone answers its event, several times in a row, as AWS Lambda would send it."""

import asyncio
import importlib
import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from domain.records.customers import CustomerChange
from domain.records.products import ProductChange
from infra.http.auth import hash_of
from infra.storage import opening as storage
from infra.storage.sqlite import open_sqlite
from tests.template import ROOT, functions

EVENTS = {name: json.loads((ROOT / "events" / f"{name}.json").read_text()) for name in functions()}
KEY = "a-key-for-trials-on-your-own-machine-only"
STATUS = {"GET": 200, "POST": 201}


@pytest.fixture
async def shop(database, monkeypatch):
    """Make a shop with what the events name, and the environment of a function."""
    now = datetime.now(UTC)
    async with open_sqlite(database, currency="EUR") as repository:
        await repository.put_customers([CustomerChange(customer_id=name) for name in ("demo-1", "demo-5")], now=now)
        await repository.put_products(
            [ProductChange(product_id=f"p-{number:03}", price=10.0) for number in range(1, 30)], now=now
        )
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{database}")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "function")
    monkeypatch.setenv("API_KEYS", f"backend:{hash_of(KEY)}")
    monkeypatch.setenv("ALLOW_EPHEMERAL_SQLITE", "1")


def fresh_handler(name):
    """Import a function as a new execution environment does, sharing nothing with the tests before."""
    module = functions()[name]["Handler"].removesuffix(".handler")
    sys.modules.pop(module, None)
    return importlib.import_module(module).handler


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_a_function_answers_its_event_three_times(shop, name):
    handler = fresh_handler(name)
    event = EVENTS[name]
    if name == "CustomerCreate":
        # Its e-mail can be taken once.
        event = event | {"body": "{}"}

    answers = [handler(event, None) for _ in range(3)]
    handler.close()

    if name == "CustomerErase":
        assert [answer["statusCode"] for answer in answers] == [204, 404, 404]
        return
    expected = 200 if name == "CustomerUpdateBehavior" else STATUS[event["requestContext"]["http"]["method"]]
    assert [answer["statusCode"] for answer in answers] == [expected] * 3, answers
    assert json.loads(answers[0]["body"])


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_a_function_asks_for_a_key_and_does_not_start_without_any(shop, monkeypatch, name):
    stranger = EVENTS[name] | {"headers": {"content-type": "application/json"}}

    asked = fresh_handler(name)
    refused = asked(stranger, None)
    asked.close()
    monkeypatch.delenv("API_KEYS")
    keyless = fresh_handler(name)
    unstarted = keyless(EVENTS[name], None)
    keyless.close()

    assert (refused["statusCode"], refused["headers"]["www-authenticate"]) == (401, "Bearer")
    assert json.loads(unstarted["body"])["type"] == "urn:problem:store-unavailable"


def test_the_event_that_creates_a_customer_is_answered_with_their_place(shop):
    handler = fresh_handler("CustomerCreate")

    first, second = handler(EVENTS["CustomerCreate"], None), handler(EVENTS["CustomerCreate"], None)
    handler.close()

    made = json.loads(first["body"])
    assert first["headers"]["location"] == f"/customer/get-profile/{made['customer_id']}"
    assert (second["statusCode"], json.loads(second["body"])["type"]) == (409, "urn:problem:email-taken")


def test_messages_of_a_mailbox_need_no_key(shop):
    handler = fresh_handler("RecommendationsProcessBrowsing")
    body = json.dumps({"customer_id": "demo-1", "product_id": "p-001"})
    batch = {"Records": [{"eventSource": "aws:sqs", "messageId": "m-1", "body": body}]}

    answer = handler(batch, None)
    handler.close()

    assert answer == {"batchItemFailures": []}


def test_sqlite_is_refused_on_lambda_unless_it_is_a_trial(shop, monkeypatch):
    monkeypatch.delenv("ALLOW_EPHEMERAL_SQLITE")
    handler = fresh_handler("CustomerCreate")

    refused = handler(EVENTS["CustomerCreate"], None)
    handler.close()

    assert (refused["statusCode"], json.loads(refused["body"])["type"]) == (503, "urn:problem:store-unavailable")


@pytest.mark.parametrize("name", ["CustomerCreate", "CustomerAddAddress", "CustomerUpdateBehavior", "CustomerErase"])
def test_functions_that_do_not_score_start_without_numpy(name):
    module = functions()[name]["Handler"].removesuffix(".handler")
    code = f"import sys, {module}; print(sorted({{'numpy', 'scipy', 'rich', 'granian'}} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_a_trial_begins_with_the_demo_shop_that_its_artefact_has(database, monkeypatch, tmp_path):
    async def make_demo():
        async with open_sqlite(tmp_path / "demo.db", currency="EUR") as repository:
            await repository.put_customers([CustomerChange(customer_id="demo-1")], now=datetime.now(UTC))

    asyncio.run(make_demo())
    monkeypatch.setattr(storage, "DEMO_SHOP", tmp_path / "demo.db")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{database}")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "function")
    monkeypatch.setenv("API_KEYS", f"backend:{hash_of(KEY)}")
    monkeypatch.setenv("ALLOW_EPHEMERAL_SQLITE", "1")
    handler = fresh_handler("CustomerAddAddress")

    answer = handler(EVENTS["CustomerAddAddress"], None)
    handler.close()

    assert answer["statusCode"] == 201
    assert database.exists()
