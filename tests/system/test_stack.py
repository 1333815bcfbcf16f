"""The template is correct for cfn-lint, and the stack that it creates has exactly what the code declares."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import main
from infra.http.openapi import openapi_document
from tests.expanded import BUCKET, COMPLETE, DATABASE_URL, OPTIONS, REGION, RELEASE, TRIAL, expand
from tests.template import all_functions, functions, statements

pytestmark = pytest.mark.system

DEPLOYMENTS = {
    " ".join([kind, *options.values()]): parameters | options
    for kind, parameters in (("trial", TRIAL), ("complete", COMPLETE))
    for options in OPTIONS
}
EXCEPTIONS = {
    "W2001:Parameter Release not used.": "SAM writes its value into names and descriptions when it expands the template",
}
IGNORED_RULE = "I4010"
"""Asks for a block of metadata in which a template describes itself to language models."""


@pytest.mark.parametrize("parameters", [{}, TRIAL, COMPLETE], ids=["any", "trial", "complete"])
def test_cfn_lint_finds_nothing_in_the_expanded_template(tmp_path, parameters):
    file = tmp_path / "expanded.json"
    file.write_text(json.dumps(expand(COMPLETE | parameters)))
    command = [
        str(Path(sys.executable).parent / "cfn-lint"),
        "--regions",
        REGION,
        "--format",
        "parseable",
        "--non-zero-exit-code",
    ]
    command += ["error", "--include-checks", "I", "--include-experimental", "--ignore-checks", IGNORED_RULE]
    # The command line of cfn-lint takes no lists; without values, it tries both sides of their condition.
    lists = {"SubnetIds", "SecurityGroupIds"}
    values = [f"{name}={value}" for name, value in parameters.items() if name not in lists]

    process = subprocess.run(
        [*command, *(["--parameters", *values] if values else []), "--template", str(file)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    findings = [line.removeprefix(f"{file}:").split(":", 4)[-1] for line in process.stdout.splitlines()]
    assert [finding for finding in findings if finding not in EXCEPTIONS] == []
    assert (process.returncode, process.stderr) == (0, "")


@pytest.fixture(scope="module", params=DEPLOYMENTS)
def parameters(request):
    return DEPLOYMENTS[request.param]


@pytest.fixture(scope="module")
def stack(parameters):
    """Create the stack; return what each function was created with, by its name in the template."""
    # moto takes more than a second to import, also for a run that selects none of these tests.
    from tests.stack import created  # noqa: PLC0415

    with created(parameters) as created_with:
        yield {name.split("-")[1]: properties for name, properties in created_with.items()}


def aws(service):
    import boto3  # noqa: PLC0415 - as above

    return boto3.client(service)


def deployed():
    """Return the configuration of each function by its name in the template."""
    found = aws("lambda").list_functions()["Functions"]
    return {function["FunctionName"].split("-")[1]: function for function in found}


def test_everything_of_the_template_exists(stack, parameters):
    client = aws("cloudformation")
    [description] = client.describe_stacks(StackName="shop")["Stacks"]
    listed = client.list_stack_resources(StackName="shop")["StackResourceSummaries"]
    found = {resource["LogicalResourceId"] for resource in listed} - {""}  # moto's name for what a condition leaves out
    conditional = {"NetworkPolicy": "SubnetIds" in parameters, "TracingPolicy": parameters["Tracing"] == "on"}

    assert description["StackStatus"] == "CREATE_COMPLETE"
    assert found == set(expand(parameters)["Resources"]) - {name for name, exists in conditional.items() if not exists}


def test_the_routes_are_those_of_the_code_and_lead_to_the_alias_of_their_function(stack):
    client = aws("apigatewayv2")
    [api] = client.get_apis()["Items"]
    uris = {item["IntegrationId"]: item["IntegrationUri"] for item in client.get_integrations(ApiId=api["ApiId"])["Items"]}
    routes = {
        route["RouteKey"]: uris[route["Target"].removeprefix("integrations/")]
        for route in client.get_routes(ApiId=api["ApiId"])["Items"]
    }
    paths = openapi_document(*main.ENDPOINTS)["paths"].items()
    arns = {name: function["FunctionArn"] for name, function in deployed().items()}

    # An id in a path may contain a slash. The checks belong to the local app.
    documented = {f"{method.upper()} {re.sub('{[a-z_]+}', '{proxy+}', path)}" for path, item in paths for method in item}
    preflights = {route for route in routes if route.startswith("OPTIONS ")}
    assert set(routes) - preflights == documented - {"GET /health", "GET /live", "GET /ready"} | {"GET /recommend.js"}
    for name, properties in functions().items():
        for event in properties["Events"].keys() & {"Api", "Preflight"}:
            route = properties["Events"][event]["Properties"]
            assert routes[f"{route['Method']} {route['Path']}"].endswith(f"/functions/{arns[name]}:live/invocations")


def test_the_api_has_a_throttled_stage_with_a_log(stack, parameters):
    client = aws("apigatewayv2")
    [api] = client.get_apis()["Items"]
    [stage] = client.get_stages(ApiId=api["ApiId"])["Items"]
    throttling = (
        stage["DefaultRouteSettings"]["ThrottlingRateLimit"],
        stage["DefaultRouteSettings"]["ThrottlingBurstLimit"],
    )

    assert (stage["StageName"], stage["AutoDeploy"]) == ("$default", True)
    assert throttling == ((10, 20) if "ThrottlingRate" in parameters else (100, 200))
    assert ":log-group:shop-ApiLogs-" in stage["AccessLogSettings"]["DestinationArn"]


def test_each_function_is_created_as_the_parameters_say(stack, parameters):
    is_complete = "DatabaseSecret" in parameters
    for name, function in deployed().items():
        assert function["Handler"] == all_functions()[name]["Handler"]
        assert stack[name]["Code"] == {"S3Bucket": BUCKET, "S3Key": name}
        assert function["Architectures"] == [parameters["Architecture"]]
        assert stack[name]["SnapStart"]["ApplyOn"] == ("PublishedVersions" if parameters["SnapStart"] == "on" else "None")
        assert function["TracingConfig"]["Mode"] == ("Active" if parameters["Tracing"] == "on" else "PassThrough")
        assert function.get("VpcConfig", {}).get("SubnetIds", []) == (
            COMPLETE["SubnetIds"].split(",") if is_complete else []
        )
        assert stack[name]["LoggingConfig"]["LogGroup"].startswith(f"shop-{name}Logs-")


def test_each_function_has_exactly_its_variables_and_the_database_from_the_secret(stack, parameters):
    is_complete = "DatabaseSecret" in parameters
    for name, function in deployed().items():
        variables = function["Environment"]["Variables"]
        assert set(variables) == set(all_functions()[name]["Environment"])
        assert variables["DATABASE_URL"] == (DATABASE_URL if is_complete else "sqlite:////tmp/shop.db")
        assert variables.get("API_KEYS", parameters["ApiKeys"]) == parameters["ApiKeys"]


def test_each_function_has_one_version_of_this_release_and_an_alias_to_it(stack):
    client = aws("lambda")
    for function in deployed().values():
        name = function["FunctionName"]
        versions = client.list_versions_by_function(FunctionName=name)["Versions"]
        aliases = client.list_aliases(FunctionName=name)["Aliases"]
        assert [(version["Version"], version["Description"]) for version in versions] == [
            ("$LATEST", RELEASE),
            ("1", RELEASE),
        ]
        assert [(alias["Name"], alias["FunctionVersion"]) for alias in aliases] == [("live", "1")]


def test_each_function_has_a_role_with_exactly_the_declared_policies(stack, parameters):
    client = aws("iam")
    shared = {"NetworkPolicy"} if "SubnetIds" in parameters else set()
    shared |= {"TracingPolicy"} if parameters["Tracing"] == "on" else set()
    for name, function in deployed().items():
        role = function["Role"].rpartition("/")[-1]
        attached = client.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        assert role.startswith(f"shop-{name}Role-")
        assert {policy["PolicyName"].split("-")[1] for policy in attached} == shared
        assert set(client.list_role_policies(RoleName=role)["PolicyNames"]) == set(statements(f"{name}Role"))


def test_the_mailbox_gives_one_message_at_a_time_to_the_function_that_takes_them(stack, parameters):
    [mapping] = aws("lambda").list_event_source_mappings()["EventSourceMappings"]
    mailbox, dead_letters = queues()

    assert mapping["EventSourceArn"] == mailbox["QueueArn"]
    assert mapping["FunctionArn"].startswith(deployed()["CustomerUpdateBehavior"]["FunctionArn"] + ":")
    assert (mapping["BatchSize"], mapping["FunctionResponseTypes"]) == (1, ["ReportBatchItemFailures"])
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": int(parameters.get("MailboxConcurrency", 10))}
    assert json.loads(mailbox["RedrivePolicy"]) == {"deadLetterTargetArn": dead_letters["QueueArn"], "maxReceiveCount": 5}
    assert (mailbox["DeduplicationScope"], mailbox["FifoThroughputLimit"]) == ("messageGroup", "perMessageGroupId")


def queues():
    """Return the attributes of both queues: the mailbox, and the dead letters."""
    client = aws("sqs")
    found = [
        client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        for url in client.list_queues()["QueueUrls"]
    ]
    dead_letters, mailbox = sorted(found, key=lambda queue: queue["QueueArn"])
    assert [queue["FifoQueue"] for queue in found] == ["true", "true"]
    return mailbox, dead_letters


def test_a_dead_letter_raises_an_alarm(stack, parameters):
    [alarm] = aws("cloudwatch").describe_alarms()["MetricAlarms"]

    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": "DeadLetters.fifo"}]
    assert alarm["AlarmActions"] == ([COMPLETE["AlarmTopicArn"]] if "AlarmTopicArn" in parameters else [])


def test_the_schedule_starts_the_alias_of_the_training(stack, parameters):
    client = aws("events")
    [rule] = client.list_rules()["Rules"]
    [target] = client.list_targets_by_rule(Rule=rule["Name"])["Targets"]

    assert rule["ScheduleExpression"] == parameters.get("TrainingSchedule", "rate(1 day)")
    assert target["Arn"] == deployed()["Training"]["FunctionArn"] + ":live"


def test_each_log_is_kept_as_long_as_the_parameter_says(stack, parameters):
    groups = aws("logs").describe_log_groups()["logGroups"]

    assert {group["logGroupName"].split("-")[1] for group in groups} == {
        "ApiLogs",
        *(f"{name}Logs" for name in all_functions()),
    }
    assert {group["retentionInDays"] for group in groups} == {int(parameters.get("LogRetentionDays", 30))}
