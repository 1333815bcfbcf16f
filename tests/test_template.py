"""template.yaml, the files of functions/ and the OpenAPI document name the same endpoints."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import main
from infra.edge.documentation import openapi_document
from tests.template import ROOT, functions, template

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
    assert {properties["Handler"].removesuffix(".handler") for properties in functions().values()} == files


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
    assert document["Globals"]["Function"]["Environment"]["Variables"]["API_KEYS"] == "ApiKeys"
    assert {properties["Events"]["Api"]["Properties"]["ApiId"] for properties in functions().values()} == {"ShopApi"}


def test_there_is_an_event_for_each_function():
    for name, properties in functions().items():
        event = json.loads((ROOT / "events" / f"{name}.json").read_text())
        route = properties["Events"]["Api"]["Properties"]
        assert event["routeKey"] == f"{route['Method']} {route['Path']}"


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
