"""A customer with a history of 300,000 events is imported, trained on, served, exported and erased like others."""

import os
import subprocess
import sys
from threading import Thread

import httpx
import pytest

from tests.system.server import ROOT, serving, url_of

pytestmark = pytest.mark.system

N_EVENTS = 300_000
N_PRODUCTS = 20_000


def test_a_customer_with_300_000_events_is_served_exported_and_erased(tmp_path):
    lines = (
        f"collector,p-{number * 7919 % N_PRODUCTS},purchase,2026-10-{number % 28 + 1:02},o-{number}"
        if number % 3
        else f"collector,p-{number * 7919 % N_PRODUCTS},view,2026-10-{number % 28 + 1:02},"
        for number in range(N_EVENTS)
    )
    events = tmp_path / "events.csv"
    events.write_text("customer_id,product_id,event_type,occurred_at,order_id\n" + "\n".join(lines))
    database = tmp_path / "shop.db"
    subprocess.run(
        [sys.executable, "main.py", "import", "events", str(events), "--create-products"],
        cwd=ROOT, env=os.environ | {"DATABASE_URL": url_of(database)}, check=True, capture_output=True, timeout=240,
    )  # fmt: skip

    answers = []
    with serving(database) as server, httpx.Client(base_url=server.url, timeout=5) as client:
        everything = client.get("/recommendations/collector?limit=100")
        view = client.post("/recommendations/process-browsing", json={"customer_id": "collector", "product_id": "p-1"})
        activity = client.get("/customer/get-profile/collector").json()["activity"]
        exported = client.get("/customer/export/collector")
        client.post("/customer/create", json={"customer_id": "c-1"})
        erasing = Thread(target=lambda: answers.append(httpx.delete(f"{server.url}/customer/erase/collector", timeout=120)))
        erasing.start()
        n_views = 0
        while erasing.is_alive():
            view_meanwhile = {"customer_id": "c-1", "product_id": "p-1"}
            assert client.post("/recommendations/process-browsing", json=view_meanwhile).status_code == 201
            n_views += 1

    # Everything in this shop was bought already.
    assert (everything.status_code, everything.json()["strategy"], view.status_code) == (200, "empty", 201)
    assert (activity["views"], activity["orders"]) == (N_EVENTS // 3 + 1, N_EVENTS - N_EVENTS // 3)
    document = exported.json()
    assert (len(document["browsing"]), len(document["purchases"])) == (N_EVENTS // 3 + 1, N_EVENTS - N_EVENTS // 3)
    assert exported.headers["transfer-encoding"] == "chunked"
    assert [answer.status_code for answer in answers] == [204]
    assert n_views > 10
