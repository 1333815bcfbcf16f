"""The server conforms to its OpenAPI document: schemathesis generates valid and invalid requests from it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

import main
from infra.http.health import health
from infra.http.openapi import openapi_document
from tests.fuzz.shop import API_KEYS, KEYS, browser_token, fuzzed_shop
from tests.system.server import ROOT, serving

pytestmark = pytest.mark.system

IDENTITIES = {scope: (f"Authorization: Bearer {key}",) for scope, key in KEYS.items()} | {"none": ()}
"""The header of each scope, and of a request without a key."""


@pytest.mark.parametrize("identity", [*IDENTITIES, "browser"])
async def test_every_answer_conforms_to_the_document(database, identity, tmp_path):
    async with fuzzed_shop(database) as app:
        of_browser = (f"Authorization: Bearer {await browser_token(app)}",)
    with serving(database, API_KEYS=API_KEYS, ADDRESS_LIMIT_PER_SECOND="0", BROWSER_LIMIT_PER_SECOND="0") as server:
        check = run_schemathesis(server.url, IDENTITIES.get(identity, of_browser), folder=tmp_path)

    assert check.returncode == 0, check.stdout[-10_000:] + check.stderr[-2_000:]
    assert f"{len(main.ENDPOINTS)} selected / {len(main.ENDPOINTS)} total" in check.stdout
    # Some requests of each endpoint that records events name a customer and products that exist.
    only_not_found = check.stdout.partition("operations returned only 404")[2].partition("SUMMARY")[0]
    assert not re.search("add-address|update-behavior|process-", only_not_found), only_not_found


def test_the_check_finds_an_answer_that_does_not_conform_to_the_document(database, tmp_path):
    document = openapi_document(health)
    document["components"]["schemas"]["Health"]["properties"]["products"] = {"type": "string"}
    (tmp_path / "document.json").write_bytes(msgspec.json.encode(document))
    with serving(database) as server:
        check = run_schemathesis(server.url, (), folder=tmp_path, document=tmp_path / "document.json")

    assert check.returncode == 1
    assert "Response violates schema" in check.stdout


def run_schemathesis(url, headers, *, folder, document=None):
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", str(document or f"{url}/schema/openapi.json"),
        "--url", url,
        "--checks", "all", "--max-examples", "10", "--generation-deterministic", "--no-color",
        "--suppress-health-check", "filter_too_much",
    ]  # fmt: skip
    for header in headers:
        command += ["--header", header]
    environment = os.environ | {"SCHEMATHESIS_HOOKS": "tests.fuzz.document_hooks", "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
