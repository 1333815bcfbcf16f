"""A page of the demo shop in a real browser: its pictures are shown, light and dark."""

import shutil

import httpx
import pytest
from playwright.sync_api import sync_playwright

from tests.system.server import serving
from tests.system.test_documentation_page import ARGUMENTS

pytestmark = pytest.mark.system

N_PICTURES = 12
LOADED = "images => images.map(image => image.complete && image.naturalWidth)"
TILE = "getComputedStyle(document.querySelector('.tile')).fill"


def test_a_page_shows_the_pictures_of_a_list(tmp_path):
    chromium = shutil.which("chromium")
    assert chromium, "the test needs Chromium: apt-get install chromium"
    complaints = []
    with serving(tmp_path / "shop.db", "--demo") as server, sync_playwright() as playwright:
        items = httpx.get(f"{server.url}/recommendations/demo-1?limit={N_PICTURES}").json()["items"]
        urls = [server.url + item["image_url"] for item in items]
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(color_scheme="dark")
        page.on("console", lambda message: complaints.append(message.text))
        page.set_content("".join(f"<img src='{url}'>" for url in urls))
        page.wait_for_load_state("networkidle")
        widths = page.locator("img").evaluate_all(LOADED)
        page.goto(urls[0])
        dark = page.evaluate(TILE)
        page.emulate_media(color_scheme="light")
        light = page.evaluate(TILE)
        browser.close()

    assert widths == [400] * N_PICTURES
    assert (light, dark) == ("rgb(244, 242, 237)", "rgb(47, 50, 56)")
    assert complaints == []
