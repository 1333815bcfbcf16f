"""template.yaml as CloudFormation gets it from SAM, which needs no network for it."""

import json
import os
from functools import cache
from itertools import product
from typing import Any
from unittest.mock import patch

from tests.template import ROOT

REGION = "eu-central-1"
BUCKET = "artefacts"
RELEASE = "0123456789abcdef" * 4
DATABASE_URL = "postgresql://shop:password@db.example:5432/shop"
"""What the secret of the complete deployment has."""
KEY = "backend:" + "0" * 64

TRIAL = {"Release": RELEASE, "ApiKeys": KEY, "AllowEphemeralSqlite": "1"}
"""The fewest parameters: no database, no network, no alarm topic."""
OPTIONS = [
    {"SnapStart": snap_start, "Tracing": tracing, "Architecture": architecture}
    for snap_start, tracing, architecture in product(("off", "on"), ("off", "on"), ("x86_64", "arm64"))
]
COMPLETE = {
    "Release": RELEASE,
    "ApiKeys": f"{KEY},storefront:{'1' * 64}:web-shop:2027-01-31",
    "DatabaseSecret": "shop-database",
    "DatabaseSecretVersion": "11111111-2222-3333-4444-555555555555",
    "RateLimitPerSecond": "50",
    "CorsOrigins": "https://shop.example",
    "EventRetentionDays": "365",
    "GuestRetentionDays": "60",
    "AuditRetentionDays": "730",
    "StatementCacheSize": "0",
    "SubnetIds": "subnet-0a1b2c3d,subnet-1a2b3c4d",
    "SecurityGroupIds": "sg-0a1b2c3d",
    "Currency": "USD",
    "CurrencyRates": "EUR=1.09",
    "ReuseSeconds": "60",
    "AttributionDays": "14",
    "LogLevel": "WARNING",
    "LogRetentionDays": "7",
    "ThrottlingRate": "10",
    "ThrottlingBurst": "20",
    "MailboxConcurrency": "4",
    "TrainingSchedule": "cron(0 3 * * ? *)",
    "AlarmTopicArn": f"arn:aws:sns:{REGION}:123456789012:alarms",
}
"""Another value than the default for every parameter that a deployment with a database may have, but for the options."""


class _NoPolicies:
    """The managed policies of AWS by name; the template names none."""

    def load(self) -> dict[str, str]:
        return {}


def expand(parameters: dict[str, str]) -> dict[str, Any]:
    """Return the expanded template of a deployment with these parameters."""
    return json.loads(_expand(frozenset(parameters.items())))


@cache
def _expand(parameters: frozenset[tuple[str, str]]) -> str:
    # Only system tests need SAM.
    from samtranslator.translator.transform import transform  # noqa: PLC0415
    from samtranslator.yaml_helper import yaml_parse  # noqa: PLC0415

    document = yaml_parse((ROOT / "template.yaml").read_text())
    for name, resource in document["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = f"s3://{BUCKET}/{name}"
    with patch.dict(os.environ, AWS_DEFAULT_REGION=REGION):
        expanded = transform(document, dict(parameters), _NoPolicies())
    return json.dumps(expanded)


def of_type(expanded: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Return the properties of all resources of a type, by logical id."""
    resources = expanded["Resources"].items()
    return {name: resource["Properties"] for name, resource in resources if resource["Type"] == kind}
