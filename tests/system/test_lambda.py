"""The built functions, as they are deployed, under AWS's own runtime client."""

import asyncio
import hashlib
import json
import time
from datetime import UTC, datetime

import pytest

from infra.demo import demo_shop, load_demo_shop
from infra.settings import Settings
from infra.storage.opening import open_repository
from tests import postgres
from tests.invocations import A_DRAFT, A_RULE, AN_EXPERIMENT, CHANGES, STORED_ADDRESS
from tests.system.built import files_of
from tests.system.runtime_api import FunctionError, running
from tests.template import ROOT, all_functions, functions

pytestmark = pytest.mark.system

HANDLERS = {name: properties["Handler"] for name, properties in all_functions().items()}
API_KEYS = json.loads((ROOT / "events" / "env.json").read_text())["Parameters"]["API_KEYS"]
SUCCESS = {"GET": 200, "POST": 201}
GONE_AFTER_THE_FIRST = {"CustomerErase": 204, "CustomerRemoveAddress": 200, "RulesRemove": 200, "ExperimentsRemove": 200}
REFUSAL = {
    "CustomerAddAddress": (400, "malformed-json"),
    "CustomerAmendOrder": (400, "validation"),
    "CustomerRemoveAddress": (400, "validation"),
    "CustomerUpdate": (400, "validation"),
    "CustomerCreate": (400, "validation"),
    "CustomerErase": (400, "validation"),
    "CustomerExport": (404, "customer-not-found"),
    "CustomerGetProfile": (404, "customer-not-found"),
    "CustomerUpdateBehavior": (400, "malformed-json"),
    "ExperimentsList": (400, "validation"),
    "ExperimentsRemove": (400, "validation"),
    "ExperimentsReport": (400, "validation"),
    "ExperimentsSave": (400, "validation"),
    "ProductsBoughtTogether": (400, "validation"),
    "ProductsSimilar": (404, "product-not-found"),
    "ProductsNew": (400, "validation"),
    "ProductsPopular": (400, "validation"),
    "ProductsTrending": (400, "validation"),
    "BrowserRecommendJs": (405, "method-not-allowed"),
    "CustomerIssueToken": (400, "validation"),
    "CustomerMerge": (400, "validation"),
    "ProductsGetProduct": (400, "validation"),
    "ProductsUpdate": (400, "validation"),
    "RecommendationsBuyAgain": (404, "customer-not-found"),
    "RecommendationsForCustomer": (400, "validation"),
    "RecommendationsForPage": (400, "validation"),
    "RecommendationsProcessBrowsing": (404, "product-not-found"),
    "RecommendationsProcessPurchase": (400, "validation"),
    "RecommendationsRecentlyViewed": (404, "customer-not-found"),
    "RecommendationsRecordImpressions": (400, "validation"),
    "ReportsPlacements": (400, "validation"),
    "RecommendationsWhyNot": (404, "customer-not-found"),
    "ReportsHealthOfData": (400, "validation"),
    "RulesList": (400, "validation"),
    "RulesPreview": (400, "validation"),
    "RulesRemove": (400, "validation"),
    "RulesSave": (400, "validation"),
}


def event(name):
    return json.loads((ROOT / "events" / f"{name}.json").read_text())


def slug_of(answer):
    return answer["statusCode"], json.loads(answer["body"])["type"].removeprefix("urn:problem:")


async def fill(url):
    async with open_repository(Settings(database_url=url)) as repository:
        await load_demo_shop(repository, demo_shop(now=datetime.now(UTC)), now=datetime.now(UTC))
        await repository.add_addresses("demo-1", [STORED_ADDRESS])
        await repository.save_rule(A_RULE, now=datetime.now(UTC), actor="local")
        for experiment in (AN_EXPERIMENT, A_DRAFT):
            await repository.save_experiment(experiment, now=datetime.now(UTC), actor="local")


async def summary_of(url):
    async with open_repository(Settings(database_url=url)) as repository:
        return await repository.summary()


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Fill a PostgreSQL database with the demo shop for all tests of this module; return its URL."""
    server = postgres.OwnServer(tmp_path_factory.mktemp("shop") / "postgres")
    asyncio.run(fill(server.url))
    yield server.url
    server.stop_at_once()


def function(artefacts, name, url, **options):
    return running(artefacts / name, HANDLERS[name], DATABASE_URL=url, DATABASE_POOL_SIZE="1", API_KEYS=API_KEYS, **options)


@pytest.mark.parametrize("name", sorted(functions()))
def test_a_built_function_answers_valid_and_invalid_events_in_turn(artefacts, shop, name):
    valid = event(name)
    if name == "CustomerCreate":
        # Its e-mail address can be used only once.
        valid = valid | {"body": "{}"}

    with function(artefacts, name, shop) as running_function:
        answers = [running_function.invoke(sent) for sent in (valid, event(f"{name}.bad"), valid, {}, valid)]
        lines = running_function.lines()

    if name in GONE_AFTER_THE_FIRST:
        assert [answer["statusCode"] for answer in answers[::2]] == [GONE_AFTER_THE_FIRST[name], 404, 404]
        return
    expected = 200 if name in CHANGES else SUCCESS[valid["requestContext"]["http"]["method"]]
    assert [answer["statusCode"] for answer in answers[::2]] == [expected] * 3
    assert slug_of(answers[1]) == REFUSAL[name]
    assert slug_of(answers[3]) == (400, "malformed-json")
    metrics = [line for line in lines if "_aws" in line]
    assert [line["cold_start"] for line in metrics] == [True, False, False, False, False]
    assert [line["refused"] for line in metrics] == [0, 1, 0, 1, 0]
    assert len({line["request_id"] for line in metrics}) == 5


def test_no_log_of_a_function_names_a_customer(artefacts, shop):
    with function(artefacts, "CustomerCreate", shop, LOG_LEVEL="DEBUG") as create:
        create.invoke(event("CustomerCreate"))
        create.invoke(event("CustomerCreate.bad"))
        create.invoke(event("CustomerCreate") | {"body": "Ada", "isBase64Encoded": True})
        log = json.dumps(create.lines())

    assert not [value for value in ("ada@", "Ada", "Abel", "demo-1") if value in log]


def test_nothing_is_written_into_an_artefact(artefacts, shop):
    def fingerprint():
        return {
            file: hashlib.sha256((artefacts / "CustomerCreate" / file).read_bytes()).digest()
            for file in files_of(artefacts / "CustomerCreate")
        }

    before = fingerprint()
    with function(artefacts, "CustomerCreate", shop) as create:
        create.invoke(event("CustomerCreate") | {"body": "{}"})

    assert fingerprint() == before


def test_a_message_that_the_built_function_gets_twice_counts_once_and_a_bad_one_fails(artefacts, shop):
    message = event("CustomerUpdateBehavior.queue")["Records"][0]
    bad = message | {"body": message["body"].replace("p-010", "no-such-product"), "messageId": "bad"}
    before = asyncio.run(summary_of(shop)).n_events

    with function(artefacts, "CustomerUpdateBehavior", shop) as mailbox:
        answers = [mailbox.invoke({"Records": [sent]}) for sent in (message, bad, message)]
        after = mailbox.invoke(event("CustomerUpdateBehavior"))

    failed = {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert answers == [{"batchItemFailures": []}, failed, {"batchItemFailures": []}]
    assert after["statusCode"] == 200
    # The two events of the message, and those of the request unless another test has sent them before.
    assert asyncio.run(summary_of(shop)).n_events - before in {2, 4}


def test_the_built_training_trains_and_refuses_an_event_that_is_not_scheduled(artefacts, shop):
    with function(artefacts, "Training", shop, timeout_seconds=900) as training:
        result = training.invoke(event("Training"), seconds=120)
        with pytest.raises(FunctionError, match="A training starts with a scheduled event"):
            training.invoke(event("Training.bad"))
        metrics = [line for line in training.lines() if "_aws" in line]

    assert result["model_id"] == asyncio.run(summary_of(shop)).model_id
    assert [line["errors"] for line in metrics] == [0, 1]


def test_without_a_shared_database_a_function_logs_why_it_does_not_start(artefacts, tmp_path):
    with function(artefacts, "CustomerCreate", f"sqlite:///{tmp_path}/shop.db") as create:
        answers = [create.invoke(event("CustomerCreate")) for _ in range(2)]
        errors = [line["message"] for line in create.lines() if line.get("level") == "ERROR"]

    assert [slug_of(answer) for answer in answers] == [(503, "store-unavailable")] * 2
    assert [message.startswith("The application did not start: SQLite keeps nothing") for message in errors] == [True] * 2


@pytest.mark.parametrize(
    ("variable", "value"), [("CURRENCY", "euro"), ("REUSE_SECONDS", "-1"), ("DATABASE_URL", "mysql://a:secret@b/c")]
)
def test_an_invalid_setting_is_logged_once_without_its_password(artefacts, shop, variable, value):
    settings = {"DATABASE_URL": shop, variable: value}
    with running(artefacts / "CustomerGetProfile", HANDLERS["CustomerGetProfile"], **settings) as profile:
        answer = profile.invoke(event("CustomerGetProfile"))
        errors = [line["message"] for line in profile.lines() if line.get("level") == "ERROR"]

    assert slug_of(answer) == (503, "store-unavailable")
    assert [f" {variable} must be " in message for message in errors] == [True]
    assert "secret" not in errors[0]


def test_a_function_recovers_from_a_database_that_was_unreachable_at_the_start(artefacts, tmp_path):
    server = postgres.OwnServer(tmp_path / "postgres")
    asyncio.run(fill(server.url))
    server.stop_at_once()

    with function(artefacts, "RecommendationsForCustomer", server.url) as for_customer:
        started = time.monotonic()
        unreachable = for_customer.invoke(event("RecommendationsForCustomer"))
        seconds = time.monotonic() - started
        server.start()
        recovered = for_customer.invoke(event("RecommendationsForCustomer"))
        errors = [line for line in for_customer.lines() if line.get("level") == "ERROR"]
    server.stop_at_once()

    assert slug_of(unreachable) == (503, "store-unavailable")
    assert seconds < 10
    assert len(errors) == 1
    assert recovered["statusCode"] == 200


@pytest.mark.parametrize("fault", ["connection-terminated", "server-restarted"])
def test_a_connection_that_broke_while_the_function_was_frozen_is_replaced(artefacts, tmp_path, fault):
    server = postgres.OwnServer(tmp_path / "postgres")
    asyncio.run(fill(server.url))

    with function(artefacts, "RecommendationsProcessBrowsing", server.url) as browsing:
        first = browsing.invoke(event("RecommendationsProcessBrowsing"))
        browsing.freeze()
        if fault == "connection-terminated":
            terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'shop'"
            asyncio.run(postgres.run_on(server.url, terminate))
        else:
            server.stop_at_once()
            server.start()
        browsing.thaw()
        second = browsing.invoke(event("RecommendationsProcessBrowsing"))
    server.stop_at_once()

    assert [first["statusCode"], second["statusCode"]] == [201, 201]


def test_a_function_answers_before_its_timeout_when_the_database_hangs(artefacts, tmp_path):
    server = postgres.OwnServer(tmp_path / "postgres")
    asyncio.run(fill(server.url))

    with function(artefacts, "CustomerUpdateBehavior", server.url, timeout_seconds=3) as mailbox:
        mailbox.invoke(event("CustomerUpdateBehavior"))
        while_locked = asyncio.run(
            run_while_locked(server.url, lambda: mailbox.invoke(event("CustomerUpdateBehavior.queue")))
        )
        afterwards = mailbox.invoke(event("CustomerUpdateBehavior.queue"))
    server.stop_at_once()

    assert len(while_locked["batchItemFailures"]) == 1
    assert afterwards == {"batchItemFailures": []}


async def run_while_locked(url, work):
    """Lock every row of the customers while `work` runs; return its result."""
    connection = await postgres.asyncpg.connect(url)
    async with connection.transaction():
        await connection.execute("SELECT 1 FROM customer_profiles FOR UPDATE")
        result = await asyncio.to_thread(work)
    await connection.close()
    return result


def test_a_trial_answers_the_first_invocation_with_recommendations(trial_artefacts, tmp_path):
    settings = json.loads((ROOT / "events" / "env.json").read_text())["Parameters"]
    settings["DATABASE_URL"] = f"sqlite:///{tmp_path}/shop.db"

    with running(
        trial_artefacts / "RecommendationsForCustomer", HANDLERS["RecommendationsForCustomer"], **settings
    ) as trial:
        answers = [json.loads(trial.invoke(event("RecommendationsForCustomer"))["body"]) for _ in range(2)]

    assert [answer["strategy"] for answer in answers] == ["personalised"] * 2
    assert [len(answer["items"]) for answer in answers] == [5, 5]
    assert answers[1]["cached"] is True


def test_every_function_of_a_trial_uses_its_own_copy_of_the_demo_shop(trial_artefacts, tmp_path):
    for name in sorted(functions()):
        settings = {"DATABASE_URL": f"sqlite:///{tmp_path}/{name}.db", "ALLOW_EPHEMERAL_SQLITE": "1", "API_KEYS": API_KEYS}
        with running(trial_artefacts / name, HANDLERS[name], **settings) as trial:
            # The demo shop has neither addresses nor these rules and experiments.
            is_gone = name in {"CustomerRemoveAddress", "RulesRemove", "ExperimentsRemove", "ExperimentsReport"}
            expected = {404} if is_gone else {200, 201, 204}
            assert trial.invoke(event(name))["statusCode"] in expected
