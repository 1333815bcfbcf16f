"""The stack that template.yaml creates in moto, a model of AWS in this process; nothing is sent to a network.

moto's CloudFormation does not know five of the types that SAM generates, and drops properties of two others. They are
created here by calls of their services, which check the names and types of all properties. It also does not give FIFO
queues their names, does not read secrets, and forgets SnapStart and LoggingConfig: `created` yields what functions were
created with.
"""

import io
import json
import os
import re
import zipfile
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import boto3
from moto import mock_aws
from moto.awslambda.models import LambdaFunction, LambdaVersion, lambda_backends
from moto.core.common_models import CloudFormationModel
from moto.iam.models import Role

from tests.expanded import BUCKET, COMPLETE, DATABASE_URL, REGION, expand

_ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_DEFAULT_REGION": REGION}
_SECRET = re.compile(r"\{\{resolve:secretsmanager:([^:]+):SecretString:(\w+)(?:::([\w-]+))?\}\}")


@contextmanager
def created(parameters: dict[str, str]):
    """Create the stack, and yield what each function was created with; until the context ends, boto3 reads from it."""
    expanded = expand(parameters)
    _created_with.clear()
    with patch.dict(os.environ, _ENVIRONMENT), mock_aws():
        _upload_artefacts(expanded)
        boto3.client("secretsmanager").create_secret(
            Name=COMPLETE["DatabaseSecret"],
            SecretString=json.dumps({"url": DATABASE_URL}),
            ClientRequestToken=COMPLETE["DatabaseSecretVersion"],
        )
        boto3.client("cloudformation").create_stack(
            StackName="shop",
            TemplateBody=json.dumps(_with_queue_names(expanded)),
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
            Capabilities=["CAPABILITY_IAM"],
        )
        yield dict(_created_with)


def _upload_artefacts(expanded: dict[str, Any]) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("empty.py", "")
    for resource in expanded["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            s3.put_object(Bucket=BUCKET, Key=resource["Properties"]["Code"]["S3Key"], Body=archive.getvalue())


def _with_queue_names(expanded: dict[str, Any]) -> dict[str, Any]:
    resources = {
        name: resource | {"Properties": resource["Properties"] | {"QueueName": f"{name}.fifo"}}
        if resource["Type"] == "AWS::SQS::Queue"
        else resource
        for name, resource in expanded["Resources"].items()
    }
    return expanded | {"Resources": resources}


class _Added:
    """A resource that a call of its service creates; a subclass also needs CloudFormationModel as a direct base."""

    def __init__(self, physical_resource_id: str) -> None:
        self.physical_resource_id = physical_resource_id

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **_):
        return cls(cls.create(resource_name, dict(cloudformation_json["Properties"])))

    def is_created(self) -> bool:
        return True


class Alias(_Added, CloudFormationModel):
    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::Lambda::Alias"

    @staticmethod
    def create(_, properties):
        return boto3.client("lambda").create_alias(**properties)["AliasArn"]


class EventInvokeConfig(_Added, CloudFormationModel):
    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::Lambda::EventInvokeConfig"

    @staticmethod
    def create(name, properties):
        del properties["Qualifier"]  # moto keeps these settings by function
        boto3.client("lambda").put_function_event_invoke_config(**properties)
        return name


class HttpApi(_Added, CloudFormationModel):
    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::ApiGatewayV2::Api"

    @staticmethod
    def create(_, properties):
        client, document = boto3.client("apigatewayv2"), properties["Body"]
        api_id = client.create_api(Name=document["info"]["title"], ProtocolType="HTTP")["ApiId"]
        client.reimport_api(ApiId=api_id, Body=json.dumps(document))
        return api_id


class Stage(_Added, CloudFormationModel):
    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::ApiGatewayV2::Stage"

    @staticmethod
    def create(_, properties):
        return boto3.client("apigatewayv2").create_stage(**properties)["StageName"]


class Alarm(_Added, CloudFormationModel):
    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::CloudWatch::Alarm"

    @staticmethod
    def create(name, properties):
        boto3.client("cloudwatch").put_metric_alarm(AlarmName=name, **properties)
        return name


_created_with: dict[str, dict[str, Any]] = {}


def _create_function(cls, resource_name, cloudformation_json, account_id, region_name, **_):
    properties = dict(cloudformation_json["Properties"])
    variables = {name: _resolved(str(value)) for name, value in properties["Environment"]["Variables"].items()}
    properties |= {"Environment": {"Variables": variables}, "Tags": {tag["Key"]: tag["Value"] for tag in properties["Tags"]}}
    _created_with[resource_name] = properties
    boto3.client("lambda").create_function(FunctionName=resource_name, **properties)
    return lambda_backends[account_id][region_name].get_function(resource_name)


def _resolved(value: str) -> str:
    """Return a value with its secret in place of the reference to it."""
    if not (match := _SECRET.fullmatch(value)):
        return value
    name, member, version = match.groups()
    options = {"VersionId": version} if version else {}
    return json.loads(boto3.client("secretsmanager").get_secret_value(SecretId=name, **options)["SecretString"])[member]


_create_role = Role.create_from_cloudformation_json.__func__


def _create_role_with_policies(cls, resource_name, cloudformation_json, account_id, region_name, **options):
    role = _create_role(cls, resource_name, cloudformation_json, account_id, region_name, **options)
    # moto leaves a None for AWS::NoValue.
    for arn in filter(None, cloudformation_json["Properties"]["ManagedPolicyArns"]):
        boto3.client("iam").attach_role_policy(RoleName=role.name, PolicyArn=arn)
    return role


LambdaFunction.create_from_cloudformation_json = classmethod(_create_function)
Role.create_from_cloudformation_json = classmethod(_create_role_with_policies)
LambdaVersion.get_cfn_attribute = lambda version, _: str(version.version)  # their only attribute is the number
