"""The documentation page in a real browser, without access to the internet."""

import json
import shutil

import pytest
from playwright.sync_api import sync_playwright

import main
from tests.infra.http.documented import document, operations
from tests.system.server import serving

pytestmark = pytest.mark.system

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def test_the_page_shows_every_endpoint_and_loads_nothing_from_other_hosts(tmp_path):
    chromium = shutil.which("chromium")
    assert chromium, "the test needs Chromium: apt-get install chromium"
    requested = []
    with serving(tmp_path / "shop.db") as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page()
        page.on("request", lambda request: requested.append(request.url))
        page.goto(f"{server.url}/schema")
        page.wait_for_selector(".opblock-summary-path", timeout=20_000)
        paths = page.locator(".opblock-summary-path").all_inner_texts()
        groups = page.locator(".opblock-tag").all_inner_texts()
        page.click("#operations-Recommendations-process_purchase .opblock-summary-control")
        example = page.locator("#operations-Recommendations-process_purchase .body-param__example").inner_text()
        browser.close()

    assert len(paths) == len(main.ENDPOINTS)
    assert [group.split("\n")[0] for group in groups] == [tag["name"] for tag in document()["tags"]]
    assert json.loads(example) == operations()["process_purchase"].bodies()[0]
    assert "/recommendations/process-purchase" in {path.replace("\u200b", "") for path in paths}
    assert all(url.startswith((server.url, "data:")) for url in requested)
