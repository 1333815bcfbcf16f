"""The built functions under AWS's own runtime client: what is deployed is what answers here."""

import asyncio
import hashlib
import json
import time
from datetime import UTC, datetime

import pytest

from infra.demo import load_demo_shop
from infra.settings import Settings
from infra.storage.opening import open_repository
from tests import postgres
from tests.system.built import files_of
from tests.system.runtime_api import FunctionError, running
from tests.template import ROOT, all_functions, functions

pytestmark = pytest.mark.system

HANDLERS = {name: properties["Handler"] for name, properties in all_functions().items()}
MAILBOXES = sorted(name for name, properties in functions().items() if "Mailbox" in properties["Events"])
API_KEYS = json.loads((ROOT / "events" / "env.json").read_text())["Parameters"]["API_KEYS"]
GOOD = {"GET": 200, "POST": 201}
BAD = {
    "CustomerAddAddress": (400, "malformed-json"),
    "CustomerCreate": (400, "validation"),
    "CustomerErase": (400, "validation"),
    "CustomerExport": (400, "validation"),
    "CustomerGetProfile": (400, "validation"),
    "CustomerUpdateBehavior": (400, "malformed-json"),
    "RecommendationsForCustomer": (400, "validation"),
    "RecommendationsProcessBrowsing": (404, "product-not-found"),
    "RecommendationsProcessPurchase": (400, "validation"),
}


def event(name):
    return json.loads((ROOT / "events" / f"{name}.json").read_text())


def slug_of(answer):
    return answer["statusCode"], json.loads(answer["body"])["type"].removeprefix("urn:problem:")


async def fill(url):
    async with open_repository(Settings(database_url=url)) as repository:
        await load_demo_shop(repository, now=datetime.now(UTC))


async def summary_of(url):
    async with open_repository(Settings(database_url=url)) as repository:
        return await repository.summary()


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """The URL of a demo shop in PostgreSQL that the tests of this module share."""
    server = postgres.OwnServer(tmp_path_factory.mktemp("shop") / "postgres")
    asyncio.run(fill(server.url))
    yield server.url
    server.stop_at_once()


def function(artefacts, name, url, **options):
    return running(artefacts / name, HANDLERS[name], DATABASE_URL=url, DATABASE_POOL_SIZE="1", API_KEYS=API_KEYS, **options)


@pytest.mark.parametrize("name", sorted(functions()))
def test_a_built_function_answers_good_and_bad_events_in_turn(artefacts, shop, name):
    good = event(name)
    if name == "CustomerCreate":
        # Its e-mail can be taken once.
        good = good | {"body": "{}"}

    with function(artefacts, name, shop) as running_function:
        answers = [running_function.invoke(given) for given in (good, event(f"{name}.bad"), good, {}, good)]
        lines = running_function.lines()

    if name == "CustomerErase":
        # The second time nobody is there.
        assert [answer["statusCode"] for answer in answers[::2]] == [204, 404, 404]
        return
    expected = 200 if name == "CustomerUpdateBehavior" else GOOD[good["requestContext"]["http"]["method"]]
    assert [answer["statusCode"] for answer in answers[::2]] == [expected] * 3
    assert slug_of(answers[1]) == BAD[name]
    assert slug_of(answers[3]) == (400, "malformed-json")
    counted = [line for line in lines if "_aws" in line]
    assert [line["cold_start"] for line in counted] == [True, False, False, False, False]
    assert [line["refused"] for line in counted] == [0, 1, 0, 1, 0]
    assert len({line["request_id"] for line in counted}) == 5


def test_no_log_of_a_function_names_a_customer(artefacts, shop):
    with function(artefacts, "CustomerCreate", shop, LOG_LEVEL="DEBUG") as create:
        create.invoke(event("CustomerCreate"))
        create.invoke(event("CustomerCreate.bad"))
        create.invoke(event("CustomerCreate") | {"body": "Ada", "isBase64Encoded": True})
        logged = json.dumps(create.lines())

    assert not [private for private in ("ada@", "Ada", "Abel", "demo-1") if private in logged]


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


@pytest.mark.parametrize("name", MAILBOXES)
def test_a_built_mailbox_takes_its_batch_twice_and_counts_once(artefacts, shop, name):
    batch = event(f"{name}.queue")
    poisoned = [record["messageId"] for record in batch["Records"] if record["attributes"]["MessageGroupId"] == "demo-2"]
    before = asyncio.run(summary_of(shop)).n_events

    with function(artefacts, name, shop) as mailbox:
        answers = [mailbox.invoke(batch) for _ in range(2)]
        after = mailbox.invoke(event(name))

    assert answers == [{"batchItemFailures": [{"itemIdentifier": message_id} for message_id in poisoned]}] * 2
    assert after["statusCode"] == 201
    once = asyncio.run(summary_of(shop)).n_events - before
    assert once in {2, 3}  # those of the batch, and that of the request where no other test sent it before


def test_the_built_training_trains_and_refuses_what_is_no_schedule(artefacts, shop):
    with function(artefacts, "Training", shop, timeout_seconds=900) as training:
        told = training.invoke(event("Training"), seconds=120)
        with pytest.raises(FunctionError, match="A training starts with a scheduled event"):
            training.invoke(event("Training.bad"))
        counted = [line for line in training.lines() if "_aws" in line]

    assert told["model_id"] == asyncio.run(summary_of(shop)).model_id
    assert [line["errors"] for line in counted] == [0, 1]


def test_without_a_shared_database_a_function_says_why_it_does_not_start(artefacts, tmp_path):
    with function(artefacts, "CustomerCreate", f"sqlite:///{tmp_path}/shop.db") as create:
        refused = [create.invoke(event("CustomerCreate")) for _ in range(2)]
        errors = [line["message"] for line in create.lines() if line.get("level") == "ERROR"]

    assert [slug_of(answer) for answer in refused] == [(503, "store-unavailable")] * 2
    assert [message.startswith("The application did not start: SQLite keeps nothing") for message in errors] == [True] * 2


@pytest.mark.parametrize(
    ("variable", "value"), [("CURRENCY", "euro"), ("REUSE_SECONDS", "-1"), ("DATABASE_URL", "mysql://a:secret@b/c")]
)
def test_a_wrong_setting_is_named_once_and_no_password_with_it(artefacts, shop, variable, value):
    settings = {"DATABASE_URL": shop, variable: value}
    with running(artefacts / "CustomerGetProfile", HANDLERS["CustomerGetProfile"], **settings) as profile:
        refused = profile.invoke(event("CustomerGetProfile"))
        errors = [line["message"] for line in profile.lines() if line.get("level") == "ERROR"]

    assert slug_of(refused) == (503, "store-unavailable")
    assert [f" {variable} must be " in message for message in errors] == [True]
    assert "secret" not in errors[0]


def test_a_database_that_is_away_at_the_start_and_comes_back_is_found(artefacts, tmp_path):
    server = postgres.OwnServer(tmp_path / "postgres")
    asyncio.run(fill(server.url))
    server.stop_at_once()

    with function(artefacts, "RecommendationsForCustomer", server.url) as for_customer:
        began = time.monotonic()
        away = for_customer.invoke(event("RecommendationsForCustomer"))
        took = time.monotonic() - began
        server.start()
        back = for_customer.invoke(event("RecommendationsForCustomer"))
        errors = [line for line in for_customer.lines() if line.get("level") == "ERROR"]
    server.stop_at_once()

    assert slug_of(away) == (503, "store-unavailable")
    assert took < 10
    assert len(errors) == 1
    assert back["statusCode"] == 200


@pytest.mark.parametrize("cut", ["terminated", "restarted"])
def test_a_connection_that_was_cut_while_frozen_is_replaced(artefacts, tmp_path, cut):
    server = postgres.OwnServer(tmp_path / "postgres")
    asyncio.run(fill(server.url))

    with function(artefacts, "RecommendationsProcessBrowsing", server.url) as browsing:
        first = browsing.invoke(event("RecommendationsProcessBrowsing"))
        browsing.freeze()
        if cut == "terminated":
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'shop'"
            asyncio.run(postgres.run_on(server.url, others))
        else:
            server.stop_at_once()
            server.start()
        browsing.thaw()
        second = browsing.invoke(event("RecommendationsProcessBrowsing"))
    server.stop_at_once()

    assert [first["statusCode"], second["statusCode"]] == [201, 201]


def test_a_database_that_hangs_is_answered_before_the_functions_time_out(artefacts, tmp_path):
    server = postgres.OwnServer(tmp_path / "postgres")
    asyncio.run(fill(server.url))

    with function(artefacts, "RecommendationsProcessBrowsing", server.url, timeout_seconds=3) as browsing:
        browsing.invoke(event("RecommendationsProcessBrowsing"))
        locked = asyncio.run(locking(server.url, lambda: browsing.invoke(event("RecommendationsProcessBrowsing.queue"))))
        again = browsing.invoke(event("RecommendationsProcessBrowsing"))
    server.stop_at_once()

    assert len(locked["batchItemFailures"]) == 4
    assert again["statusCode"] == 201


async def locking(url, work):
    """Hold every row of the customers while `work` runs."""
    connection = await postgres.asyncpg.connect(url)
    async with connection.transaction():
        await connection.execute("SELECT 1 FROM customer_profiles FOR UPDATE")
        done = await asyncio.to_thread(work)
    await connection.close()
    return done


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


def test_every_function_of_a_trial_works_on_its_own_copy(trial_artefacts, tmp_path):
    for name in sorted(functions()):
        settings = {"DATABASE_URL": f"sqlite:///{tmp_path}/{name}.db", "ALLOW_EPHEMERAL_SQLITE": "1", "API_KEYS": API_KEYS}
        with running(trial_artefacts / name, HANDLERS[name], **settings) as trial:
            assert trial.invoke(event(name))["statusCode"] in {200, 201, 204}
