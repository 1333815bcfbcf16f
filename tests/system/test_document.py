"""The server conforms to its OpenAPI document: schemathesis generates valid and invalid requests from it."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import httpx
import msgspec
import pytest

import main
from infra.http.health import health
from infra.http.openapi import openapi_document
from tests.fuzz.document_hooks import ANSWERS, add_what_requests_change
from tests.fuzz.requests import CUSTOMERS
from tests.fuzz.shop import API_KEYS, KEYS, browser_token, fuzzed_shop
from tests.system.server import ROOT, serving

pytestmark = pytest.mark.system

IDENTITIES = {scope: (f"Authorization: Bearer {key}",) for scope, key in KEYS.items()} | {"none": ()}
"""The header of each scope, and of a request without a key."""
OPEN = {"optional", "open"}
ACCESS = {
    "backend": {"backend", "report", "storefront", "browser", *OPEN},
    "storefront": {"storefront", "browser", *OPEN},
    "browser": {"browser", *OPEN},
    "none": OPEN,
}
"""The endpoints that each scope may use, by the access that they declare."""


@pytest.mark.parametrize("scope", ACCESS)
async def test_every_answer_conforms_to_the_document(database, scope, tmp_path):
    async with fuzzed_shop(database) as app:
        await add_what_requests_change((await app.storage.shop()).repository)
        of_browser = (f"Authorization: Bearer {await browser_token(app)}",)
    with serving(database, API_KEYS=API_KEYS, ADDRESS_LIMIT_PER_SECOND="0", BROWSER_LIMIT_PER_SECOND="0") as server:
        only = {"ONLY_CUSTOMER": CUSTOMERS[0]} if scope == "browser" else {}
        check = run_schemathesis(server.url, IDENTITIES.get(scope, of_browser), folder=tmp_path, **only)
        lost = [name for name in CUSTOMERS if not is_known(server, name)]

    assert check.returncode == 0, check.stdout[-10_000:] + check.stderr[-2_000:]
    assert f"{len(main.ENDPOINTS)} selected / {len(main.ENDPOINTS)} total" in check.stdout
    # Each endpoint gave the answer that it is for at least once, to whom may use it.
    assert succeeded(tmp_path / ANSWERS) == {
        f"{method} {path.replace(':str}', '}')}"
        for endpoint in main.ENDPOINTS
        if endpoint.opt["access"] in ACCESS[scope]
        for method in endpoint.http_methods
        for path in endpoint.paths
    }
    assert lost == []


def is_known(server, customer_id):
    url = f"{server.url}/customer/get-profile/{quote(customer_id, safe='')}"
    return httpx.get(url, headers={"authorization": f"Bearer {KEYS['backend']}"}).status_code == 200


def succeeded(answers):
    """Return methods and paths that were answered with success; OPTIONS is no endpoint."""
    found = [line.rpartition(" ") for line in answers.read_text().splitlines()]
    return {target for target, _, status in found if status < "300" and not target.startswith("OPTIONS")}


def test_the_check_finds_an_answer_that_does_not_conform_to_the_document(database, tmp_path):
    document = openapi_document(health)
    document["components"]["schemas"]["Health"]["properties"]["products"] = {"type": "string"}
    (tmp_path / "document.json").write_bytes(msgspec.json.encode(document))
    with serving(database) as server:
        check = run_schemathesis(server.url, (), folder=tmp_path, document=tmp_path / "document.json")

    assert check.returncode == 1
    assert "Response violates schema" in check.stdout


def run_schemathesis(url, headers, *, folder, document=None, **environment):
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", str(document or f"{url}/schema/openapi.json"),
        "--url", url,
        "--checks", "all", "--max-examples", "10", "--generation-deterministic", "--no-color",
        "--suppress-health-check", "filter_too_much",
    ]  # fmt: skip
    for header in headers:
        command += ["--header", header]
    hooks = {"SCHEMATHESIS_HOOKS": "tests.fuzz.document_hooks", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, cwd=folder, env=os.environ | hooks | environment, capture_output=True, text=True, check=False
    )
