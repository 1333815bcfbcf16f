"""Personal data appears only in answers, never in the output of the server, of a command or of a function."""

import json
import os
import re
import subprocess
import sys
from urllib.parse import quote

import httpx
import pytest

from infra.keys import hash_of
from tests.ids import CANARY_IDS
from tests.system.server import ROOT, serving
from tests.template import functions

pytestmark = pytest.mark.system

KEY, OTHER_KEY = "canary-key-of-a-backend" + "x" * 20, "canary-key-of-nobody" + "x" * 23
PERSON = {
    "customer_id": "canary-id", "email": "canary-mail@example.com", "first_name": "canary-first", "last_name": "canary-last",
    "phone": "canary-phone",
}  # fmt: skip
ADDRESS = {
    "kind": "shipping", "line1": "canary-street", "line2": "canary-floor", "city": "canary-city", "region": "canary-region",
    "postal_code": "canary-code", "country": "CH",
}  # fmt: skip
CANARY = re.compile("canary", re.IGNORECASE)


def requests():
    """Yield requests with canaries in every field: valid, refused and hostile ones."""
    event = {"customer_id": "canary-id", "product_id": "p-001", "event_id": "canary-event"}
    order = {"customer_id": "canary-id", "order_id": "canary-order", "items": [{"product_id": "p-002"}]}
    yield "POST", "/customer/create", PERSON
    yield "POST", "/customer/create", PERSON
    yield "POST", "/customer/create", PERSON | {"customer_id": "canary-other"}
    yield "POST", "/customer/create", PERSON | {"email": "canary-mail"}
    yield "POST", "/customer/create", PERSON | {"canary-field": "canary-value"}
    yield "POST", "/customer/add-address", {"customer_id": "canary-id", "addresses": [ADDRESS]}
    yield "POST", "/customer/add-address", {"customer_id": "canary-id", "addresses": [ADDRESS | {"country": "canary"}]}
    yield "POST", "/recommendations/process-browsing", event
    yield "POST", "/recommendations/process-browsing", event | {"product_id": "canary-product"}
    yield "POST", "/recommendations/process-browsing", event | {"product_id": "p-003"}
    yield "POST", "/recommendations/process-purchase", order
    yield "POST", "/customer/update", {"customer_id": "canary-id", "last_name": "Canary-changed", "phone": None}
    yield "POST", "/customer/update", {"customer_id": "canary-id", "email": "canary-mail"}
    yield "POST", "/customer/remove-address", {"customer_id": "canary-id", "address_id": "canary-address"}
    yield "POST", "/customer/amend-order", {"customer_id": "canary-id", "order_id": "canary-order", "items": []}
    yield "POST", "/customer/amend-order", order | {"items": [{"product_id": "canary-product"}]}
    yield "POST", "/customer/update-behavior", {"customer_id": "canary-nobody", "browsing": [{"product_id": "p-001"}]}
    yield "GET", "/customer/get-profile/canary-id", None
    yield "GET", "/recommendations/canary-id?exclude=canary-product&category=canary-category", None
    yield "GET", "/recommendations/canary-id?limit=canary", None
    yield "GET", "/customer/canary/path", None
    yield "GET", "/customer/export/canary-id", None
    yield "GET", "/recommendations/canary-nobody?guest=true", None
    yield "POST", "/recommendations/process-browsing", {"customer_id": "canary-guest", "product_id": "p-1", "guest": True}
    for guest in (True, False):
        yield "POST", "/customer/issue-token", {"customer_id": "canary-guest", "guest": guest}
        yield "POST", "/customer/issue-token", {"customer_id": "canary-id", "guest": guest}
    for guest_id in ("canary-guest", "canary-guest", "canary-id", "canary-nobody"):
        yield "POST", "/customer/merge", {"guest_id": guest_id, "customer_id": "canary-id"}
    yield "DELETE", "/customer/erase/canary-id", None
    yield "POST", "/recommendations/process-browsing", event
    for customer_id in CANARY_IDS:
        encoded = quote(customer_id, safe="")
        yield "POST", "/customer/create", {"customer_id": customer_id}
        yield "POST", "/recommendations/process-browsing", {"customer_id": customer_id, "product_id": "p-001"}
        yield "GET", f"/recommendations/{encoded}?exclude={encoded}", None
        yield "GET", f"/customer/get-profile/{encoded}%20%20", None
        yield "GET", f"/customer/get-profile/{encoded}%ff", None
        yield "GET", f"/customer/get-profile/{customer_id}/", None
        yield "DELETE", f"/customer/erase/{encoded}", None


def send_all(client):
    """Send all requests, with a valid and an unknown key, and malformed bodies; return the statuses."""
    statuses = []
    for method, path, body in requests():
        for key in (OTHER_KEY, KEY):
            headers = {"authorization": f"Bearer {key}", "x-request-id": "canary-request", "cookie": "canary=1"}
            statuses.append(client.request(method, path, json=body, headers=headers).status_code)
    for content in (b'{"first_name": "canary', b'{"first_name": "canary\xff"}', b'{"canary": 1, "canary": 2}'):
        headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
        statuses.append(client.post("/customer/create", content=content, headers=headers).status_code)
    return statuses


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_a_server_prints_nothing_personal(database, tmp_path, request):
    url = tmp_path / "shop.db" if database == "sqlite" else request.getfixturevalue("postgres_url")
    api_keys = f"backend:{hash_of(KEY)}"
    with (
        serving(url, "--demo", LOG_LEVEL="DEBUG", API_KEYS=api_keys, EVENT_RETENTION_DAYS="900") as server,
        httpx.Client(base_url=server.url) as client,
    ):
        statuses = send_all(client)
        output = server.output()

    assert {200, 201, 204, 400, 401, 404, 409, 422} <= set(statuses)
    assert not {status for status in statuses if status >= 500}
    assert "Serving on" in output
    assert not CANARY.search(output), output


def test_a_server_whose_storage_fails_logs_the_reason_and_nothing_personal(tmp_path):
    database = tmp_path / "shop.db"
    with (
        serving(database, "--demo", LOG_LEVEL="DEBUG", API_KEYS=f"backend:{hash_of(KEY)}") as server,
        httpx.Client(base_url=server.url) as client,
    ):
        for path in tmp_path.iterdir():
            # The index of the log is mapped into memory: the kernel kills a process that reads what was cut off.
            if not path.name.endswith("-shm"):
                os.truncate(path, min(path.stat().st_size, 6000))
        statuses = send_all(client)
        output = server.output()

    logged = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    failures = [line for line in logged if line["level"] == "ERROR" and "request_id" in line]
    assert statuses.count(503) == len(failures) > 5
    assert "DatabaseError" in output
    assert not CANARY.search(output), output


def run_main(folder, *arguments):
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{folder}/shop.db", "LOG_LEVEL": "DEBUG"}
    completed = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), *arguments], cwd=folder, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    return completed.returncode, completed.stdout + completed.stderr


def test_commands_print_nothing_personal(tmp_path):
    header = "customer_id,email,first_name,last_name,phone,segment\n"
    rows = "canary-1,canary@a.b,canary,canary,canary-phone,Premium\ncanary 2,canary,canary,canary,c,canary\n"
    (tmp_path / "people.csv").write_text(header + rows + rows.replace("canary-1", "canary-3"))
    (tmp_path / "events.csv").write_text(
        "customer_id,product_id,event_type,occurred_at,order_id\n"
        "canary-1,p-1,view,2026-01-01,\ncanary-1,p-1,view,never,\ncanary-1,p-9,purchase,2026-01-01,canary-order\n"
        "canary-3,p-1,view,2026-01-01,\n"
    )
    (tmp_path / "products.csv").write_text("product_id\np-1\n")

    outcomes = [
        run_main(tmp_path, "import", "products", "products.csv"),
        run_main(tmp_path, "import", "customers", "people.csv"),
        run_main(tmp_path, "import", "events", "events.csv"),
        run_main(tmp_path, "train"),
        run_main(tmp_path, "copy", "--from", f"sqlite:///{tmp_path}/shop.db", "--to", f"sqlite:///{tmp_path}/other.db"),
    ]
    rejected = "".join(path.read_text() for path in tmp_path.glob("*.rejected.jsonl"))

    assert [code for code, _ in outcomes] == [0, 3, 3, 0, 0]
    assert rejected.count("\n") == 5
    assert not CANARY.search(rejected + "".join(output for _, output in outcomes))


FUNCTION = """
import importlib, json, logging, sys
logging.basicConfig(level=logging.DEBUG)
handler = importlib.import_module(sys.argv[1]).handler
for line in sys.stdin:
    handler(json.loads(line), None)
handler.close()
"""


@pytest.mark.parametrize("database", ["available", "missing"])
def test_functions_print_nothing_personal(database, tmp_path):
    url = f"sqlite:///{tmp_path}/shop.db" if database == "available" else f"sqlite:///{tmp_path}/nowhere/none/shop.db"
    environment = os.environ | {
        "DATABASE_URL": url, "AWS_LAMBDA_FUNCTION_NAME": "function",
        "ALLOW_EPHEMERAL_SQLITE": "1", "API_KEYS": f"backend:{hash_of(KEY)}",
    }  # fmt: skip
    assert run_main(tmp_path, "migrate")[0] == 0
    for properties in functions().values():
        route = properties["Events"]["Api"]["Properties"]
        events = []
        for method, path, body in requests():
            target, _, query = path.partition("?")
            http = {"method": method, "path": target, "sourceIp": "192.0.2.1"}
            headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
            events.append({
                "version": "2.0", "rawPath": target, "rawQueryString": query, "headers": headers,
                "requestContext": {"http": http, "stage": "$default"}, "body": json.dumps(body), "isBase64Encoded": False,
            })  # fmt: skip
        events += [events[0] | {"isBase64Encoded": True}, events[0] | {"headers": None}, {"canary": "canary"}, "canary"]
        completed = subprocess.run(
            [sys.executable, "-c", FUNCTION, properties["Handler"].removesuffix(".handler")], cwd=ROOT, env=environment,
            input="\n".join(map(json.dumps, events)), capture_output=True, text=True, check=True,
            timeout=60,
        )  # fmt: skip
        output = completed.stdout + completed.stderr
        assert "The event cannot be answered" in output or "did not start" in output, route
        assert not CANARY.search(output.replace(str(tmp_path), "")), output
