"""The parsed template.yaml."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]


class _Loader(yaml.SafeLoader):
    """Parse short forms of CloudFormation functions as their arguments."""


def _arguments(loader: yaml.SafeLoader, _: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


_Loader.add_multi_constructor("!", _arguments)


@cache
def template() -> dict[str, Any]:
    return yaml.load((ROOT / "template.yaml").read_text(), _Loader)  # a SafeLoader, except for the short forms


def resources(kind: str) -> dict[str, dict[str, Any]]:
    """Return the properties of all resources of a type, by name."""
    all_resources = template()["Resources"].items()
    return {name: resource.get("Properties", {}) for name, resource in all_resources if resource["Type"] == kind}


def all_functions() -> dict[str, dict[str, Any]]:
    """Return the properties of every function, including the global ones."""
    defaults = template()["Globals"]["Function"]
    variables = defaults["Environment"]["Variables"]
    return {
        name: defaults | properties | {"Environment": variables | properties.get("Environment", {}).get("Variables", {})}
        for name, properties in resources("AWS::Serverless::Function").items()
    }


def functions() -> dict[str, dict[str, Any]]:
    """Return the functions behind the API."""
    return {name: properties for name, properties in all_functions().items() if "Api" in properties["Events"]}


def statements(role: str) -> dict[str, list[dict[str, Any]]]:
    """Return the statements of each policy of a role."""
    policies = resources("AWS::IAM::Role")[role]["Policies"]
    return {policy["PolicyName"]: policy["PolicyDocument"]["Statement"] for policy in policies}
