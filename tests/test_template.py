"""template.yaml, the files of functions/ and the OpenAPI document name the same endpoints."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import main
from infra.http.openapi import openapi_document
from infra.packaging.__main__ import entry_of
from infra.packaging.imports import packages_of, sources_of
from infra.settings import Settings
from tests.template import ROOT, all_functions, functions, resources, template

NAMES = {
    "CustomerCreate",
    "CustomerAddAddress",
    "CustomerGetProfile",
    "CustomerUpdateBehavior",
    "CustomerExport",
    "CustomerErase",
    "RecommendationsForCustomer",
    "RecommendationsProcessBrowsing",
    "RecommendationsProcessPurchase",
}


def routes_of_template():
    events = [properties["Events"]["Api"]["Properties"] for properties in functions().values()]
    return {(event["Method"], event["Path"]) for event in events}


def test_the_template_has_one_function_for_each_file_of_functions():
    files = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in (ROOT / "functions").rglob("*.py")
        if path.name != "__init__.py"
    }

    assert set(functions()) == NAMES
    assert {properties["Handler"].removesuffix(".handler") for properties in all_functions().values()} == files


def test_the_path_of_a_file_is_the_path_of_its_url():
    for properties in functions().values():
        path = properties["Events"]["Api"]["Properties"]["Path"]
        _, *folders, file, _ = properties["Handler"].split(".")
        shown = "/" + "/".join([*folders, file]).replace("_", "-")
        assert path.replace("/{customer_id}", "/for-customer" if file == "for_customer" else "") == shown


def test_the_template_and_the_openapi_document_name_the_same_routes():
    document = openapi_document(*main.ENDPOINTS)
    described = {(method.upper(), path) for path, item in document["paths"].items() for method in item}

    assert routes_of_template() == described - {("GET", "/health")}


def test_every_function_is_behind_the_one_api_and_knows_the_keys():
    document = template()
    keys = document["Parameters"]["ApiKeys"]

    assert keys["NoEcho"]
    assert "Default" not in keys
    assert {properties["Environment"]["API_KEYS"] for properties in functions().values()} == {"ApiKeys"}
    assert {properties["Events"]["Api"]["Properties"]["ApiId"] for properties in functions().values()} == {"ShopApi"}


def test_no_function_opens_its_route_and_no_parameter_the_api():
    assert [properties["Events"]["Api"]["Properties"].get("Auth") for properties in functions().values()] == [None] * 9
    assert not [name for name in template()["Parameters"] if "auth" in name.lower()]


def test_there_is_an_event_for_each_function():
    for name, properties in functions().items():
        event = json.loads((ROOT / "events" / f"{name}.json").read_text())
        route = properties["Events"]["Api"]["Properties"]
        assert event["routeKey"] == f"{route['Method']} {route['Path']}"


def test_each_function_has_a_good_and_a_bad_event_and_each_event_a_function():
    expected = {f"{name}{kind}.json" for name in all_functions() for kind in ("", ".bad")}
    queues = {f"{name}.queue.json" for name, given in all_functions().items() if "Mailbox" in given["Events"]}

    assert {path.name for path in (ROOT / "events").iterdir()} == expected | queues | {"env.json"}


def test_the_environment_of_sam_local_names_variables_of_every_function_behind_the_api():
    given = json.loads((ROOT / "events" / "env.json").read_text())["Parameters"]

    assert all(given.keys() <= properties["Environment"].keys() for properties in functions().values())


def variables_read_by(name):
    """Find the settings and variables that the code of a function names."""
    source = "\n".join(file.read_text() for file in sources_of(ROOT / entry_of(name), root=ROOT) if file.stem != "settings")
    attributes = set(re.findall(r"\bsettings(?:\(\))?\.(\w+)", source))
    of_keys = {"api_keys"} if "keys" in attributes else set()
    of_origins = {"cors_origins"} if "origins" in attributes else set()
    of_url = {"database_url"} if attributes & {"is_postgres", "database_path"} else set()
    variables = set(re.findall(r"os\.environ(?:\.get\(|\[)\"(\w+)\"", source)) - {"AWS_LAMBDA_FUNCTION_NAME"}
    return {
        field.upper() for field in (attributes | of_url | of_keys | of_origins) & set(Settings.__struct_fields__)
    } | variables


def read_by_numpy(name):
    """Name what numpy's library reads: threads cost a cold start, and a small function has one processor or less."""
    scores = "numpy" in packages_of(ROOT / entry_of(name), root=ROOT)
    return {"OPENBLAS_NUM_THREADS"} if scores and name != "Training" else set()


@pytest.mark.parametrize("name", sorted(all_functions()))
def test_every_variable_that_a_function_reads_is_set_and_no_other(name):
    assert set(all_functions()[name]["Environment"]) == variables_read_by(name) | read_by_numpy(name)


def test_only_functions_that_reuse_lists_are_told_for_how_long():
    told = {name for name, properties in all_functions().items() if "REUSE_SECONDS" in properties["Environment"]}

    assert told == {"CustomerGetProfile", "RecommendationsForCustomer"}


def test_the_password_of_the_database_is_in_no_parameter():
    url = all_functions()["CustomerCreate"]["Environment"]["DATABASE_URL"]

    assert [choice.startswith("{{resolve:secretsmanager:${DatabaseSecret}:") for choice in url[1][1:]] == [True, True]
    assert url[2] == "sqlite:////tmp/shop.db"


def test_each_function_has_a_role_and_a_log_of_its_own():
    for name, properties in all_functions().items():
        (allowed,) = statements(f"{name}Role")["own-logs"]
        assert (properties["Role"], properties["LoggingConfig"]["LogGroup"]) == (f"{name}Role.Arn", f"{name}Logs")
        assert allowed["Resource"] == f"{name}Logs.Arn"
        assert resources("AWS::Logs::LogGroup")[f"{name}Logs"] == {"RetentionInDays": "LogRetentionDays"}


def statements(role):
    policies = resources("AWS::IAM::Role")[role]["Policies"]
    return {policy["PolicyName"]: policy["PolicyDocument"]["Statement"] for policy in policies}


WILDCARDS = {
    "NetworkPolicy": "the actions that attach a function to a VPC know no resources when they are asked for",
    "TracingPolicy": "X-Ray's Put actions have no resources",
}


def test_wildcards_are_only_where_aws_itself_demands_them():
    granted = {}
    for name, properties in resources("AWS::IAM::ManagedPolicy").items():
        granted[name] = properties["PolicyDocument"]["Statement"]
    for role in resources("AWS::IAM::Role"):
        granted[role] = [statement for policy in statements(role).values() for statement in policy]

    assert {name for name, given in granted.items() if any("*" in one["Resource"] for one in given)} == set(WILDCARDS)
    assert not [one for given in granted.values() for one in given if "*" in "".join(one["Action"])]
    assert (ROOT / "template.yaml").read_text().count("*") == len(WILDCARDS)


def test_a_mailbox_is_first_in_first_out_and_gives_messages_up_to_dead_letters():
    queues = resources("AWS::SQS::Queue")
    for name, mailbox in (("RecommendationsProcessBrowsing", "Browsing"), ("RecommendationsProcessPurchase", "Purchase")):
        source = all_functions()[name]["Events"]["Mailbox"]["Properties"]
        queue, dead = queues[f"{mailbox}Mailbox"], queues[f"{mailbox}DeadLetters"]
        assert source["Queue"] == f"{mailbox}Mailbox.Arn"
        assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert queue["FifoQueue"] is dead["FifoQueue"] is True
        # Two equal views within five minutes are two events.
        assert "ContentBasedDeduplication" not in queue
        assert queue["RedrivePolicy"]["deadLetterTargetArn"] == f"{mailbox}DeadLetters.Arn"
        assert queue["VisibilityTimeout"] == 6 * all_functions()[name]["Timeout"]
        assert dead["MessageRetentionPeriod"] > queue["MessageRetentionPeriod"]


def test_a_function_takes_from_its_own_mailbox_alone():
    (allowed,) = statements("RecommendationsProcessBrowsingRole")["own-mailbox"]

    assert allowed["Resource"] == "BrowsingMailbox.Arn"
    assert {name for name in resources("AWS::IAM::Role") if "own-mailbox" in statements(name)} == {
        "RecommendationsProcessBrowsingRole", "RecommendationsProcessPurchaseRole",
    }  # fmt: skip


def test_what_excludes_storage_or_costs_money_is_off_until_it_is_asked_for():
    parameters = template()["Parameters"]

    assert [parameters[name]["Default"] for name in ("SnapStart", "Tracing", "AllowEphemeralSqlite")] == ["off", "off", "0"]


def test_training_is_scheduled_and_not_repeated_when_it_fails():
    training = all_functions()["Training"]

    assert training["Events"]["Schedule"]["Properties"] == {"Schedule": "TrainingSchedule"}
    assert training["EventInvokeConfig"] == {"MaximumRetryAttempts": 0}
    assert training["Timeout"] == 900


def test_make_builds_every_function():
    for name in all_functions():
        assert template()["Resources"][name]["Metadata"] == {"BuildMethod": "makefile"}
        assert (ROOT / entry_of(name)).with_suffix("") == ROOT.joinpath(*all_functions()[name]["Handler"].split(".")[:-1])


def test_the_api_is_throttled_and_its_log_names_no_customer():
    (api,) = resources("AWS::Serverless::HttpApi").values()

    assert api["DefaultRouteSettings"] == {
        "ThrottlingRateLimit": "ThrottlingRate", "ThrottlingBurstLimit": "ThrottlingBurst",
    }  # fmt: skip
    assert set(re.findall(r"\$context\.(\w+)", api["AccessLogSettings"]["Format"])) == {
        "requestId", "routeKey", "status", "responseLatency", "integrationErrorMessage",
    }  # fmt: skip


def test_the_outputs_tell_where_the_api_is_and_how_to_ask_it():
    outputs = template()["Outputs"]

    assert outputs["Url"]["Value"].startswith("https://${ShopApi}.execute-api.")
    assert "Authorization: Bearer KEY" in outputs["Curl"]["Value"]
    assert {"BrowsingMailboxUrl", "PurchaseMailboxUrl"} <= set(outputs)


@pytest.mark.system
def test_sam_validates_the_template(tmp_path):
    sam = shutil.which("sam", path=str(Path(sys.executable).parent))
    environment = os.environ | {
        "SAM_CLI_TELEMETRY": "0",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "HOME": str(tmp_path),
        "PYTHONWARNINGS": "ignore",
    }

    done = subprocess.run(
        [sam, "validate", "--lint"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
