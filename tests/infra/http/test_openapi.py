"""The OpenAPI document against that of the last release: clients were generated from it."""

import json
from pathlib import Path

import main
from infra.http.openapi import openapi_document

LAST_RELEASE = Path(__file__).parents[2] / "data" / "openapi-0.1.0.json"
PROSE = {"title", "description", "summary", "example", "examples"}


def contract_of(node):
    """Leave out what is written for people; a member called `description` of a schema's properties stays."""
    if isinstance(node, list):
        return [contract_of(child) for child in node]
    if not isinstance(node, dict):
        return node
    return {
        name: {key: contract_of(child) for key, child in value.items()} if name == "properties" else contract_of(value)
        for name, value in node.items()
        if name not in PROSE
    }


def test_nothing_but_prose_differs_from_the_last_release():
    now = json.loads(json.dumps(openapi_document(*main.ENDPOINTS)))

    assert contract_of(now) == contract_of(json.loads(LAST_RELEASE.read_text()))
