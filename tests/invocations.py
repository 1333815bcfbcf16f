"""Events and contexts of AWS Lambda."""

from datetime import UTC, datetime

from msgspec.structs import replace

from domain.records.customers import Address
from domain.records.experiments import Arm, Experiment
from domain.records.rules import Rule, RuleTarget

CHANGES = {
    "CustomerUpdateBehavior", "CustomerMerge", "CustomerUpdate", "CustomerAmendOrder", "CustomerIssueToken",
    "ProductsUpdate", "RecommendationsForPage", "RecommendationsRecordImpressions", "RulesSave", "RulesPreview",
    "ExperimentsSave",
}  # fmt: skip
"""Functions that answer 200 to a POST, as they create nothing."""

STORED_ADDRESS = Address(kind="shipping", line1="Canary Road 1", city="Canaryville", postal_code="CANARY-3000", country="CH")
"""The address of demo-1 that `events/CustomerRemoveAddress.json` names by its id."""


A_RULE = Rule(rule_id="no-mats", name="No mats", action="hide", target=RuleTarget(product_ids=("p-014",)))
"""The rule that `events/RulesRemove.json` removes."""

AN_EXPERIMENT = Experiment(
    experiment_id="old-trial", name="Over", arms=(Arm(name="personal"), Arm(name="popular", popular=True)), status="ended",
    starts_at=datetime(2026, 1, 1, tzinfo=UTC), until=datetime(2026, 2, 1, tzinfo=UTC),
)  # fmt: skip
"""The experiment that `events/ExperimentsReport.json` reports."""
A_DRAFT = replace(AN_EXPERIMENT, experiment_id="old-draft", status="draft")
"""The experiment that `events/ExperimentsRemove.json` removes."""


def http_v2(method="GET", path="/count", **members):
    request = {"http": {"method": method, "path": path, "sourceIp": "192.0.2.1"}, "stage": "$default"}
    return {"version": "2.0", "rawPath": path, "rawQueryString": "", "headers": {}, "requestContext": request} | members


class Context:
    aws_request_id = "request-1"

    def __init__(self, seconds=10):
        self._seconds = seconds

    def get_remaining_time_in_millis(self):
        return self._seconds * 1000
