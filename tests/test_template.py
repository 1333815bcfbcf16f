"""template.yaml has the same endpoints as functions/ and the OpenAPI document, and grants only what they need."""

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
from tests.template import ROOT, all_functions, functions, resources, statements, template

NAMES = {
    "CustomerCreate",
    "CustomerUpdate",
    "CustomerAddAddress",
    "CustomerRemoveAddress",
    "CustomerAmendOrder",
    "CustomerGetProfile",
    "CustomerUpdateBehavior",
    "CustomerExport",
    "CustomerErase",
    "ExperimentsList",
    "ExperimentsRemove",
    "ExperimentsReport",
    "ExperimentsSave",
    "ProductsBoughtTogether",
    "ProductsSimilar",
    "ProductsPopular",
    "ProductsTrending",
    "ProductsNew",
    "BrowserRecommendJs",
    "CustomerIssueToken",
    "CustomerMerge",
    "ProductsGetProduct",
    "ProductsUpdate",
    "RecommendationsBuyAgain",
    "RecommendationsForCustomer",
    "RecommendationsForPage",
    "RecommendationsProcessBrowsing",
    "RecommendationsProcessPurchase",
    "RecommendationsRecentlyViewed",
    "RecommendationsRecordImpressions",
    "ReportsPlacements",
    "RecommendationsWhyNot",
    "ReportsHealthOfData",
    "RulesList",
    "RulesPreview",
    "RulesRemove",
    "RulesSave",
}


_ID_IN_PATH = {
    "customer": "{customer_id}", "products": "{product_id}", "recommendations": "{customer_id}", "rules": "{rule_id}",
    "experiments": "{experiment_id}",
}  # fmt: skip


def routes_of_template(*, event="Api"):
    routes = [one["Events"][event]["Properties"] for one in functions().values() if event in one["Events"]]
    return {
        (route["Method"], route["Path"].replace("{proxy+}", _ID_IN_PATH.get(route["Path"].split("/")[1], "")))
        for route in routes
    }


def test_each_file_of_functions_is_one_function_of_the_template():
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
        assert "{" not in path.removesuffix("/{proxy+}")
        _, *folders, file, _ = properties["Handler"].split(".")
        expected = "/" + "/".join([*folders, file]).replace("_", "-")
        if path != "/recommend.js":
            assert path.replace("/{proxy+}", "/for-customer" if file == "for_customer" else "") == expected


def test_the_template_and_the_openapi_document_name_the_same_routes():
    document = openapi_document(*main.ENDPOINTS)
    documented = {(method.upper(), path) for path, item in document["paths"].items() for method in item}

    of_the_local_app = {("GET", path) for path in ("/health", "/live", "/ready")}
    assert routes_of_template() - {("GET", "/recommend.js")} == documented - of_the_local_app


def test_preflight_requests_reach_every_endpoint_that_takes_tokens_of_browsers():
    paths = {path.replace(":str", "") for one in main.ENDPOINTS if one.opt["access"] == "browser" for path in one.paths}

    assert routes_of_template(event="Preflight") == {("OPTIONS", path) for path in paths}
    for properties in functions().values():
        api, preflight = (properties["Events"].get(event) for event in ("Api", "Preflight"))
        assert preflight is None or preflight["Properties"]["Path"] == api["Properties"]["Path"]


def test_every_function_belongs_to_the_api_and_has_the_keys():
    document = template()
    keys = document["Parameters"]["ApiKeys"]

    assert keys["NoEcho"]
    assert "Default" not in keys
    assert {properties["Environment"]["API_KEYS"] for properties in functions().values()} == {"ApiKeys"}
    assert {properties["Events"]["Api"]["Properties"]["ApiId"] for properties in functions().values()} == {"ShopApi"}


def test_no_function_and_no_parameter_changes_the_authorisation_of_the_api():
    assert not [name for name, properties in functions().items() if "Auth" in properties["Events"]["Api"]["Properties"]]
    assert not [name for name in template()["Parameters"] if "auth" in name.lower()]


def test_each_function_has_an_event_for_its_route():
    for name, properties in functions().items():
        event = json.loads((ROOT / "events" / f"{name}.json").read_text())
        route = properties["Events"]["Api"]["Properties"]
        assert event["routeKey"] == f"{route['Method']} {route['Path']}"


def test_each_function_has_a_valid_and_an_invalid_event_and_each_queue_a_batch():
    expected = {f"{name}{kind}.json" for name in all_functions() for kind in ("", ".bad")}
    queues = {f"{name}.queue.json" for name, properties in all_functions().items() if "Mailbox" in properties["Events"]}

    assert {path.name for path in (ROOT / "events").iterdir()} == expected | queues | {"env.json"}


def test_the_environment_of_sam_local_has_only_variables_of_the_functions():
    variables = json.loads((ROOT / "events" / "env.json").read_text())["Parameters"]

    assert all(variables.keys() <= properties["Environment"].keys() for properties in functions().values())


def variables_read_by(name):
    """Return the environment variables that the code of a function reads."""
    source = "\n".join(file.read_text() for file in sources_of(ROOT / entry_of(name), root=ROOT) if file.stem != "settings")
    attributes = set(re.findall(r"\bsettings(?:\(\))?\.(\w+)", source))
    of_keys = {"api_keys"} if "keys" in attributes else set()
    of_origins = {"cors_origins"} if "origins" in attributes else set()
    of_rates = {"currency_rates"} if "rates" in attributes else set()
    of_url = {"database_url"} if attributes & {"is_postgres", "database_path"} else set()
    variables = set(re.findall(r"os\.environ(?:\.get\(|\[)\"(\w+)\"", source)) - {"AWS_LAMBDA_FUNCTION_NAME"}
    return {
        field.upper() for field in (attributes | of_url | of_keys | of_origins | of_rates) & set(Settings.__struct_fields__)
    } | variables


def variables_of_numpy(name):
    """Return the variable that limits OpenBLAS to one thread: a small function has at most one processor."""
    uses_numpy = "numpy" in packages_of(ROOT / entry_of(name), root=ROOT)
    return {"OPENBLAS_NUM_THREADS"} if uses_numpy and name != "Training" else set()


@pytest.mark.parametrize("name", sorted(all_functions()))
def test_a_function_has_exactly_the_variables_that_it_reads(name):
    assert set(all_functions()[name]["Environment"]) == variables_read_by(name) | variables_of_numpy(name)


def test_only_functions_that_reuse_lists_have_reuse_seconds():
    names = {name for name, properties in all_functions().items() if "REUSE_SECONDS" in properties["Environment"]}

    assert names == {"CustomerGetProfile", "RecommendationsForCustomer", "RecommendationsForPage"}


def test_no_parameter_contains_the_password_of_the_database():
    url = all_functions()["CustomerCreate"]["Environment"]["DATABASE_URL"]

    assert [choice.startswith("{{resolve:secretsmanager:${DatabaseSecret}:") for choice in url[1][1:]] == [True, True]
    assert url[2] == "sqlite:////tmp/shop.db"


def test_each_function_has_its_own_role_and_log():
    for name, properties in all_functions().items():
        (statement,) = statements(f"{name}Role")["own-logs"]
        assert (properties["Role"], properties["LoggingConfig"]["LogGroup"]) == (f"{name}Role.Arn", f"{name}Logs")
        assert statement["Resource"] == f"{name}Logs.Arn"
        assert resources("AWS::Logs::LogGroup")[f"{name}Logs"] == {"RetentionInDays": "LogRetentionDays"}


WILDCARDS = {
    "NetworkPolicy": "the actions that attach a function to a VPC accept no resource",
    "TracingPolicy": "the Put actions of X-Ray accept no resource",
}


def test_wildcards_exist_only_where_aws_requires_them():
    granted = {}
    for name, properties in resources("AWS::IAM::ManagedPolicy").items():
        granted[name] = properties["PolicyDocument"]["Statement"]
    for role in resources("AWS::IAM::Role"):
        granted[role] = [statement for policy in statements(role).values() for statement in policy]

    assert {name for name, rules in granted.items() if any("*" in rule["Resource"] for rule in rules)} == set(WILDCARDS)
    assert not [rule for rules in granted.values() for rule in rules if "*" in "".join(rule["Action"])]
    assert (ROOT / "template.yaml").read_text().count("*") == len(WILDCARDS)


def test_the_queue_is_fifo_and_has_a_dead_letter_queue():
    queues = resources("AWS::SQS::Queue")
    source = all_functions()["CustomerUpdateBehavior"]["Events"]["Mailbox"]["Properties"]
    mailbox, dead_letters = queues["Mailbox"], queues["DeadLetters"]

    assert set(queues) == {"Mailbox", "DeadLetters"}
    assert source["Queue"] == "Mailbox.Arn"
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mailbox["FifoQueue"] is dead_letters["FifoQueue"] is True
    # Two identical views within five minutes are two events.
    assert "ContentBasedDeduplication" not in mailbox
    assert mailbox["RedrivePolicy"]["deadLetterTargetArn"] == "DeadLetters.Arn"
    # AWS recommends six times the time-out of the function.
    assert mailbox["VisibilityTimeout"] >= 6 * all_functions()["CustomerUpdateBehavior"]["Timeout"]
    assert dead_letters["MessageRetentionPeriod"] > mailbox["MessageRetentionPeriod"]


def test_only_the_function_that_takes_messages_may_receive_them():
    (statement,) = statements("CustomerUpdateBehaviorRole")["own-mailbox"]

    assert statement["Resource"] == "Mailbox.Arn"
    assert [name for name in resources("AWS::IAM::Role") if "own-mailbox" in statements(name)] == [
        "CustomerUpdateBehaviorRole"
    ]


def test_options_that_restrict_storage_or_cost_money_are_off_by_default():
    parameters = template()["Parameters"]

    assert [parameters[name]["Default"] for name in ("SnapStart", "Tracing", "AllowEphemeralSqlite")] == ["off", "off", "0"]


def test_the_training_is_scheduled_and_has_no_retries():
    training = all_functions()["Training"]

    assert training["Events"]["Timer"]["Properties"] == {"Schedule": "TrainingSchedule"}
    assert training["EventInvokeConfig"] == {"MaximumRetryAttempts": 0}
    assert training["Timeout"] == 900


def test_make_builds_every_function():
    for name in all_functions():
        assert template()["Resources"][name]["Metadata"] == {"BuildMethod": "makefile"}
        assert (ROOT / entry_of(name)).with_suffix("") == ROOT.joinpath(*all_functions()[name]["Handler"].split(".")[:-1])


def test_the_api_is_throttled_and_its_log_has_no_paths():
    (api,) = resources("AWS::Serverless::HttpApi").values()

    assert api["DefaultRouteSettings"] == {
        "ThrottlingRateLimit": "ThrottlingRate", "ThrottlingBurstLimit": "ThrottlingBurst",
    }  # fmt: skip
    assert set(re.findall(r"\$context\.(\w+)", api["AccessLogSettings"]["Format"])) == {
        "requestId", "routeKey", "status", "responseLatency", "integrationErrorMessage",
    }  # fmt: skip


def test_the_outputs_have_the_url_of_the_api_and_an_example_request():
    outputs = template()["Outputs"]

    assert outputs["Url"]["Value"].startswith("https://${ShopApi}.execute-api.")
    assert "Authorization: Bearer KEY" in outputs["Curl"]["Value"]
    assert outputs["MailboxUrl"]["Value"] == "Mailbox"


@pytest.mark.system
def test_sam_validates_the_template(tmp_path):
    sam = shutil.which("sam", path=str(Path(sys.executable).parent))
    environment = os.environ | {
        "SAM_CLI_TELEMETRY": "0",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "HOME": str(tmp_path),
        "PYTHONWARNINGS": "ignore",
    }

    process = subprocess.run(
        [sam, "validate", "--lint"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert process.returncode == 0, process.stdout + process.stderr
