"""A page of another origin in a real browser: the script shows lists, records clicks, and makes no markup of values."""

import json
import shutil
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from playwright.sync_api import sync_playwright

from infra.keys import hash_of
from tests.system.server import free_port, serving
from tests.system.test_documentation_page import ARGUMENTS

pytestmark = pytest.mark.system

KEY = "b" * 43
BACKEND = {"authorization": f"Bearer {KEY}"}
CARD = """
<template><article>
  <a data-field="url"><img data-field="image_url" width="200"><h3 data-field="name"></h3></a>
  <p data-field="price"></p><button data-event="cart">Into the cart</button>
</article></template>
"""
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>A shop</title><link rel="icon" href="data:,">
<div id="list" data-recommend="for-customer" data-limit="6" data-placement="{placement}">{card}</div>
<div id="similar" data-recommend="similar" data-product="p-008" data-limit="3">{card}</div>
<div id="together" data-recommend="bought-together" data-query="product_id=p-001&amp;product_id=p-008">{card}</div>
{before}
<script src="{api}/recommend.js" data-base="{api}/" {options} defer></script></html>
"""
HOSTILE = {
    "name": "<img src=x onerror='window.hacked = 1'>", "url": "javascript:window.hacked=1", "image_url": "data:text/html,x",
    "price": 1.5, "currency": "EUR", "product_id": "p-001",
}  # fmt: skip
WIDTHS = "images => images.map(image => image.complete && image.naturalWidth)"


class ShopServer(BaseHTTPRequestHandler):
    """A shop's own server: it answers pages, and tokens for whom it takes the visitor to be."""

    def do_GET(self):
        if self.path == "/token":
            asked = self.server.visitor
            body, media_type = (
                httpx.post(f"{self.server.api}/customer/issue-token", headers=BACKEND, json=asked).content,
                "json",
            )
            self.server.n_tokens += 1
        else:
            body, media_type = self.server.page.encode(), "html"
        self.send_response(200)
        self.send_header("content-type", {"json": "application/json", "html": "text/html"}[media_type])
        # A strict page: only its own inline code, and of the API the script, pictures and requests.
        policy = f"default-src 'none'; script-src 'unsafe-inline' {self.server.api}; img-src data: {self.server.api};"
        self.send_header("content-security-policy", f"{policy} connect-src 'self' {self.server.api}; style-src 'none'")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextmanager
def shop_server(port, api):
    with ThreadingHTTPServer(("127.0.0.1", port), ShopServer) as server:
        server.api, server.n_tokens, server.visitor = api, 0, {"customer_id": "demo-1"}
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class Setting:
    """The API on one origin, the shop's pages on another, and a browser."""

    def __init__(self, api, shop, page):
        self.api, self.shop, self.page, self.complaints = api, shop, page, []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.route("https://shop.example/**", lambda route: route.fulfill(body="<h1>The product</h1>"))

    def open(self, options='data-token-url="/token"', before="", placement="home"):
        self.shop.page = PAGE.format(card=CARD, api=self.api, options=options, before=before, placement=placement)
        self.page.goto(f"http://127.0.0.1:{self.shop.server_port}/")

    def cards(self, list_id="list"):
        self.page.wait_for_selector(f"#{list_id} article", timeout=10_000)
        return self.page.locator(f"#{list_id} article")

    def events(self, customer_id, n):
        """Return the newest events of a customer, once there are `n` more than the demo shop has."""
        for _ in range(100):
            answer = httpx.get(f"{self.api}/customer/export/{customer_id}", headers=BACKEND)
            found = [one for one in answer.json().get("browsing", []) if len(one["event_id"]) == 36]
            if len(found) >= n:
                break
            time.sleep(0.1)
        return [(one["event_type"], one["product_id"]) for one in found]

    def reported(self, placement, n):
        """Return the report of a placement, once it has `n` impressions."""
        for _ in range(100):
            report = httpx.get(f"{self.api}/reports/placements", headers=BACKEND).json()
            found = [one for one in report["places"] if one["placement"] == placement]
            if [one["impressions"] for one in found] == [n]:
                break
            time.sleep(0.1)
        return found


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    port = free_port()
    settings = {"API_KEYS": f"backend:{hash_of(KEY)}", "CORS_ORIGINS": f"http://127.0.0.1:{port}"}
    database = tmp_path_factory.mktemp("shop") / "shop.db"
    with serving(database, "--demo", **settings) as api, shop_server(port, api.url) as shop:
        yield api.url, shop


@pytest.fixture
def setting(servers):
    chromium = shutil.which("chromium")
    assert chromium, "the test needs Chromium: apt-get install chromium"
    api, shop = servers
    shop.n_tokens, shop.visitor = 0, {"customer_id": "demo-1"}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield Setting(api, shop, browser.new_page())
        browser.close()


def test_a_page_shows_lists_with_pictures_and_prices(setting):
    setting.open()
    cards = setting.cards()
    [listed, similar] = [
        httpx.get(f"{setting.api}{target}", headers=BACKEND).json()["items"]
        for target in ("/recommendations/demo-1?limit=6", "/products/similar/p-008?limit=3")
    ]
    n_similar, n_together = setting.cards("similar").count(), setting.cards("together").count()
    setting.page.wait_for_load_state("networkidle")

    assert cards.locator("h3").all_inner_texts() == [item["name"] for item in listed]
    assert cards.locator("p").all_inner_texts() == [f"€{item['price']:.2f}" for item in listed]
    assert cards.locator("a").evaluate_all("links => links.map(link => link.href)") == [item["url"] for item in listed]
    assert cards.locator("img").evaluate_all(WIDTHS) == [400] * 6
    assert cards.locator("img").first.get_attribute("alt") == listed[0]["name"]
    assert (n_similar, n_together) == (len(similar), 10)
    assert setting.shop.n_tokens == 1
    assert setting.complaints == []


def test_a_click_that_leaves_the_page_is_recorded_as_a_view(setting):
    setting.shop.visitor = {"customer_id": "demo-2"}
    setting.open()
    product_url = setting.cards().locator("a").first.get_attribute("href")

    setting.cards().locator("a").first.click()
    setting.page.wait_for_url(product_url)

    assert setting.page.inner_text("h1") == "The product"
    assert setting.events("demo-2", 1) == [("view", product_url.rpartition("/")[2])]


def test_a_button_of_the_template_records_its_event_and_stays(setting):
    setting.shop.visitor = {"customer_id": "demo-3"}
    setting.open()
    product_id = setting.cards().locator("a").first.get_attribute("href").rpartition("/")[2]

    setting.cards().locator("button").first.click()
    setting.page.evaluate("recommend.record('p-008', 'wishlist')")

    assert sorted(setting.events("demo-3", 2)) == [("cart", product_id), ("wishlist", "p-008")]
    assert setting.complaints == []


def test_what_came_into_view_and_was_clicked_is_reported(setting):
    setting.shop.visitor = {"customer_id": "demo-5"}
    setting.open(placement="seen")
    cards = setting.cards()

    for _ in range(2):
        for number in range(6):
            cards.nth(number).scroll_into_view_if_needed()
    cards.locator("button").first.click()
    setting.events("demo-5", 1)
    [place] = setting.reported("seen", 6)

    assert (place["kind"], place["impressions"], place["lists"], place["clicks"]) == ("for-customer", 6, 1, 1)
    assert setting.complaints == []


def test_what_is_out_of_view_is_not_reported(setting):
    setting.page.set_viewport_size({"width": 400, "height": 300})
    setting.page.add_init_script("addEventListener('DOMContentLoaded', () => document.body.style.paddingTop = '5000px')")
    setting.open(placement="below")
    setting.cards()
    time.sleep(1)
    report = httpx.get(f"{setting.api}/reports/placements", headers=BACKEND).json()

    assert "below" not in {place["placement"] for place in report["places"]}


def test_a_guest_is_registered_by_the_first_click(setting):
    setting.shop.visitor = {"customer_id": "guest/canary 1", "guest": True}
    setting.open()
    cards = setting.cards()
    profile = f"{setting.api}/customer/get-profile/guest%2Fcanary%201"
    before = httpx.get(profile, headers=BACKEND)

    cards.locator("button").first.click()
    events = setting.events("guest%2Fcanary%201", 1)
    after = httpx.get(profile, headers=BACKEND)

    assert cards.count() == 6
    assert (before.status_code, len(events)) == (404, 1)
    assert after.json()["customer"]["is_guest"] is True
    assert setting.complaints == []


def test_an_expired_token_is_replaced_once(setting):
    asked = "let n = 0; window.recommend = {token: async () => n++ ? (await fetch('/token')).json() : {token: 'browser.x'}}"
    setting.open(options="", before=f"<script>{asked}</script>")

    assert setting.cards().count() == 6
    assert setting.cards("similar").count() == 3
    assert setting.shop.n_tokens == 1


def test_a_page_without_a_valid_token_shows_its_own_content(setting):
    with setting.page.expect_console_message(lambda message: "Error: 401" in message.text):
        setting.open(options='data-token="browser.x" data-customer="demo-1"')

    assert setting.page.locator("article").count() == 0
    assert setting.page.locator("template").count() == 3


def test_values_of_products_never_become_markup_or_code(setting):
    answer = {
        "body": json.dumps({"recommendation_id": "x", "items": [HOSTILE]}),
        "headers": {"access-control-allow-origin": "*"},
    }
    setting.page.route("**/recommendations/demo-1**", lambda route: route.fulfill(**answer))
    setting.open()
    card = setting.cards().first
    setting.page.wait_for_load_state("networkidle")

    assert card.locator("h3").inner_text() == HOSTILE["name"]
    assert card.locator("img").count() == 1
    assert (card.locator("a").get_attribute("href"), card.locator("img").get_attribute("src")) == (None, None)
    card.locator("h3").click()
    assert setting.page.evaluate("window.hacked") is None


def test_a_page_of_another_origin_reads_nothing(setting):
    token = httpx.get(f"http://127.0.0.1:{setting.shop.server_port}/token").json()["token"]
    setting.page.route("https://evil.example/**", lambda route: route.fulfill(body="<h1>Evil</h1>"))
    setting.page.goto("https://evil.example/")
    ask = "([url, token]) => fetch(url, {headers: {authorization: `Bearer ${token}`}}).then(r => r.status, e => e.name)"

    assert setting.page.evaluate(ask, [f"{setting.api}/recommendations/demo-1", token]) == "TypeError"
