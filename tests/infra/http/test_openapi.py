"""The OpenAPI document compared with that of the last release, from which clients were generated."""

import json
from pathlib import Path

import main
from infra.http.openapi import openapi_document

LAST_RELEASE = Path(__file__).parents[2] / "data" / "openapi-0.1.0.json"
PROSE = {"title", "description", "summary", "example", "examples"}


def contract_of(node):
    """Return a document without texts for people; a property with the name `description` stays."""
    if isinstance(node, list):
        return [contract_of(child) for child in node]
    if not isinstance(node, dict):
        return node
    return {
        name: {key: contract_of(child) for key, child in value.items()} if name == "properties" else contract_of(value)
        for name, value in node.items()
        if name not in PROSE
    }


def extends(current, released):
    """Return whether all of `released` is still there; members may have been added."""
    if isinstance(released, dict) and isinstance(current, dict):
        return all(name in current and extends(current[name], value) for name, value in released.items())
    return current == released


def test_everything_of_the_last_release_is_still_there():
    current = json.loads(json.dumps(openapi_document(*main.ENDPOINTS)))

    assert extends(contract_of(current), contract_of(json.loads(LAST_RELEASE.read_text())))
