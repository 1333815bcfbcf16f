"""The OpenAPI document compared with that of the last release, from which clients were generated."""

import json
from pathlib import Path

import main
from domain.records.values import CUSTOMER_ID_PATTERN, EMAIL_PATTERN, ID_PATTERN, MAX_ID_LENGTH, PUBLISHED_PATTERNS
from infra.http.openapi import openapi_document
from tests.domain.ranking.own_sources import table_source, use_own_sources

LAST_RELEASE = Path(__file__).parents[2] / "data" / "openapi-0.1.0.json"
WIDENED_IDS = {
    r"^(?!\.\.?(?![\s\S]))[A-Za-z0-9._-]+(?![\s\S])": PUBLISHED_PATTERNS[ID_PATTERN],
    r"^(?!(?:\.\.?|process-browsing|process-purchase)(?![\s\S]))[A-Za-z0-9._-]+(?![\s\S])": PUBLISHED_PATTERNS[
        CUSTOMER_ID_PATTERN
    ],
}
"""The patterns of ids of the last release, which had at most 64 characters, and those of today."""
EMAIL_OF_THE_LAST_RELEASE = r"^[^@\s\u0000-\u001f]+@[^@\s\u0000-\u001f]+(?![\s\S])"
"""It let control characters from U+007F on through, which no e-mail address has."""
RENAMED_OPERATIONS = {
    "CustomerCreateCreate": "create_customer",
    "CustomerAddAddressAddAddress": "add_addresses",
    "CustomerGetProfileCustomerIdGetProfile": "get_profile",
    "CustomerUpdateBehaviorUpdateBehavior": "update_behavior",
    "CustomerExportCustomerIdExport": "export_customer",
    "CustomerEraseCustomerIdErase": "erase_customer",
    "RecommendationsCustomerIdForCustomer": "get_recommendations",
    "RecommendationsProcessBrowsingProcessBrowsing": "process_browsing",
    "RecommendationsProcessPurchaseProcessPurchase": "process_purchase",
    "HealthHealth": "get_health",
}
"""The only names of functions in generated clients that changed. No request contains them, so clients that were generated
before still work; one that is generated anew has the new names."""
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


def with_ids_of_this_release(node):
    """Return a document of the last release with the ids of this one, which may be any printable text."""
    if isinstance(node, list):
        return [with_ids_of_this_release(child) for child in node]
    if not isinstance(node, dict):
        return node
    members = {name: with_ids_of_this_release(child) for name, child in node.items()}
    if node.get("pattern") == EMAIL_OF_THE_LAST_RELEASE:
        members |= {"pattern": EMAIL_PATTERN}
    if node.get("pattern") in WIDENED_IDS:
        members |= {"pattern": WIDENED_IDS[node["pattern"]], "maxLength": MAX_ID_LENGTH}
    return members


def with_names_of_this_release(document):
    """Return a document of the last release whose operations have the names of this one."""
    for item in document["paths"].values():
        for operation in item.values():
            operation["operationId"] = RENAMED_OPERATIONS[operation["operationId"]]
    return document


def with_details_for_backend_keys_only(document):
    """Return a document of the last release whose `/health` gives a stranger only the status."""
    document["components"]["schemas"]["Health"]["required"] = ["status"]
    return document


def with_repeatable_category(document):
    """Return a document of the last release whose `category` may be repeated; one alone is written as before."""
    for operation in document["paths"]["/recommendations/{customer_id}"].values():
        (category,) = (one for one in operation["parameters"] if one["name"] == "category")
        category["schema"] = {"type": "array", "items": {key: category["schema"][key] for key in ("type", "pattern")}}
    return document


def extends(current, released):
    """Return whether all of `released` is still there; members, values and optional parameters may have been added."""
    if isinstance(released, dict) and isinstance(current, dict):
        compare = {"parameters": extends_parameters, "enum": extends_values}
        return all(name in current and compare.get(name, extends)(current[name], value) for name, value in released.items())
    if isinstance(released, list) and isinstance(current, list) and len(released) == len(current):
        return all(extends(*pair) for pair in zip(current, released, strict=True))
    return current == released


def extends_values(current, released):
    return set(current) >= set(released)


def extends_parameters(current, released):
    by_name = {parameter["name"]: parameter for parameter in current}
    added = by_name.keys() - {parameter["name"] for parameter in released}
    return not any(by_name[name]["required"] for name in added) and all(
        extends(by_name.get(parameter["name"]), parameter) for parameter in released
    )


def test_everything_of_the_last_release_is_still_there():
    current = json.loads(json.dumps(openapi_document(*main.ENDPOINTS)))

    released = with_repeatable_category(
        with_names_of_this_release(with_details_for_backend_keys_only(json.loads(LAST_RELEASE.read_text())))
    )

    assert extends(contract_of(current), with_ids_of_this_release(contract_of(released)))


def test_the_names_of_own_sources_are_documented_values(monkeypatch):
    use_own_sources(monkeypatch, table_source("in_season"))

    reason = openapi_document(*main.ENDPOINTS)["components"]["schemas"]["Reason"]

    assert reason["properties"]["source"]["enum"][-2:] == ["viewed_together", "in_season"]
