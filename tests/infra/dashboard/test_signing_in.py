"""Who may open the dashboard, for how long, and which forms it accepts."""

import asyncio
import re
import sqlite3
from datetime import timedelta

import pytest
from litestar import post
from msgspec.structs import replace

from domain.records.audit import AuditQuery
from infra.dashboard import DASHBOARD_ROUTES
from infra.http.app import create_app
from infra.http.auth import OF_DASHBOARD
from infra.settings import Settings
from infra.storage.opening import open_repository
from tests.conftest import NOW
from tests.infra.dashboard.conftest import API_KEYS, OWNER, STOREFRONT, VIEWER, browsing

PAGES = (
    "", "/customers", "/customers/canary", "/products", "/products/p-1", "/rules", "/rules/new", "/rules/rule/r",
    "/results", "/experiments/e", "/data", "/keys",
    f"/data/uploads/{'a' * 32}", f"/data/uploads/{'a' * 32}/refused.csv",
)  # fmt: skip
FORMS = (
    "/logout", "/data/check", f"/data/uploads/{'a' * 32}/import", f"/data/uploads/{'a' * 32}/discard", "/data/export",
    "/data/erase", "/rules/preview", "/rules/save", "/rules/change", "/rules/undo", "/rules/product",
    "/experiments/e/change",
)  # fmt: skip


def test_every_route_of_the_dashboard_is_among_those_that_the_tests_open():
    paths = {path for handler in DASHBOARD_ROUTES for path in handler.paths}

    assert len(paths) == len({*PAGES, *FORMS}) + len({"/login", "/static"})


@pytest.mark.parametrize("path", PAGES)
async def test_who_has_not_signed_in_is_asked_to(browser, path):
    response = await browser.get(path)

    assert (response.status_code, response.headers["location"]) == (303, "/dashboard/login")


@pytest.mark.parametrize("key", ["x" * 43, "", STOREFRONT, OWNER[:-1]])
async def test_a_key_that_may_not_open_the_dashboard_is_refused(browser, key):
    response = await browser.sign_in(key)

    assert response.status_code == 401
    assert "no key that may open" in response.text
    assert "shop_session" not in browser.cookies
    assert (await browser.get()).status_code == 303


async def test_a_session_is_a_cookie_for_this_host_of_which_only_the_hash_is_stored(browser, database):
    response = await browser.sign_in(OWNER)

    [cookie] = [text for text in response.headers.get_list("set-cookie") if text.startswith("shop_session=")]
    parts = {part.strip().lower().partition("=")[0]: part.strip() for part in cookie.split(";")}
    assert (response.status_code, response.headers["location"]) == (303, "/dashboard")
    assert {"httponly", "samesite", "path"} <= set(parts)
    assert (parts["samesite"].lower(), parts["path"]) == ("samesite=strict", "Path=/dashboard")
    assert not {"domain", "secure"} & set(parts)
    secret = browser.cookies["shop_session"]
    assert len(secret) == 43
    with sqlite3.connect(database) as file:
        rows = file.execute("SELECT * FROM dashboard_sessions").fetchall()
    assert len(rows) == 1
    assert secret not in str(rows)
    assert "Signed in with the key <b>owner</b>" in (await browser.get()).text


@pytest.mark.parametrize(("proxies", "is_secure"), [("127.0.0.1", True), ("", False)])
async def test_a_cookie_is_for_https_if_the_request_came_by_it_as_a_trusted_proxy_says(filled, proxies, is_secure):
    async with browsing(replace(filled, trusted_proxies=proxies)) as browser:
        response = await browser.get("/login", headers={"x-forwarded-proto": "https"})

    assert ("secure" in response.headers["set-cookie"].lower()) is is_secure


async def test_a_secret_that_somebody_else_chose_becomes_no_session(browser):
    for name in ("shop_session", "shop_sign_in"):
        browser.cookies.set(name, "a" * 43, domain="127.0.0.1", path="/dashboard")
    assert (await browser.sign_in(OWNER)).status_code == 303

    secrets = [cookie.value for cookie in browser.cookies.jar if cookie.name == "shop_session"]
    assert "a" * 43 not in secrets
    assert (await browser.get(headers={"cookie": f"shop_session={'a' * 43}"})).status_code == 303


async def test_two_session_cookies_are_none(owner):
    secret = owner.cookies["shop_session"]

    response = await owner.get(headers={"cookie": f"shop_session={secret}; shop_session={secret}"})

    assert response.status_code == 303


async def test_a_session_ends_after_twelve_hours(filled):
    now = [NOW]
    async with browsing(filled, clock=lambda: now[0]) as browser:
        await browser.sign_in(OWNER)
        now[0] = NOW + timedelta(hours=12) - timedelta(seconds=1)
        before = await browser.get()
        now[0] += timedelta(seconds=1)
        after = await browser.get()

    assert (before.status_code, after.status_code) == (200, 303)


async def test_signing_out_ends_the_session_also_for_a_stolen_cookie(owner):
    secret = owner.cookies["shop_session"]

    response = await owner.send("/logout")

    assert response.headers["location"] == "/dashboard/login"
    stolen = await owner.get(headers={"cookie": f"shop_session={secret}"})
    assert stolen.status_code == 303


async def test_a_session_is_the_same_in_all_processes_and_ends_with_its_key(filled):
    without_owner = replace(filled, api_keys=API_KEYS.partition(",")[2])
    async with browsing(filled) as one, browsing(filled) as other, browsing(without_owner) as later:
        await one.sign_in(OWNER)
        cookie = {"cookie": f"shop_session={one.cookies['shop_session']}"}
        statuses = [(await process.get(headers=cookie)).status_code for process in (one, other, later)]

    assert statuses == [200, 200, 303]


async def test_a_session_ends_with_the_last_day_of_its_key(filled):
    now = [NOW.replace(day=30, hour=23)]
    async with browsing(filled, clock=lambda: now[0]) as browser:
        await browser.sign_in(VIEWER)
        before = await browser.get()
        now[0] += timedelta(hours=1)
        after = await browser.get()

    assert (before.status_code, after.status_code) == (200, 303)


async def test_attempts_to_sign_in_count_as_those_of_strangers(filled):
    async with browsing(replace(filled, address_limit_per_second=2)) as browser:
        fields = {"token": await browser.token("/login"), "key": "x"}
        statuses = [(await browser.post("/login", fields=fields)).status_code for _ in range(3)]

    assert statuses == [401, 401, 429]


async def test_the_limit_of_a_key_holds_for_its_sessions(filled):
    async with browsing(replace(filled, rate_limit_per_second=1)) as browser:
        await browser.sign_in(OWNER)
        statuses = [(await browser.get()).status_code for _ in range(2)]

    assert statuses == [200, 429]


async def test_signing_in_and_out_is_in_the_audit(filled, written_at_once):
    async with browsing(filled) as browser:
        await browser.sign_in(OWNER)
        await browser.send("/logout")
    async with open_repository(filled) as shop:
        entries = await shop.audit_entries(AuditQuery(actor="owner"))

    assert [(entry.action, entry.subject) for entry in entries] == [("sign-out", "owner"), ("sign-in", "owner")]


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("token", [None, "0" * 64, "é"])
async def test_a_form_without_the_token_of_its_session_is_refused(owner, path, token):
    response = await owner.post(path, fields={"customer": "canary", "again": "canary", "token": token or ""})

    assert response.status_code == 403
    assert "out of date" in response.text
    assert (await owner.get("/customers/canary")).status_code == 200


async def test_a_form_to_sign_in_without_its_token_is_refused(browser):
    first = await browser.post("/login", fields={"key": OWNER})
    await browser.get("/login")
    second = await browser.post("/login", fields={"key": OWNER, "token": "0" * 64})

    assert (first.status_code, second.status_code) == (403, 403)


async def test_the_token_of_another_session_is_refused(filled):
    async with browsing(filled) as one, browsing(filled) as other:
        for browser in (one, other):
            await browser.sign_in(OWNER)
        response = await one.post("/logout", fields={"token": await other.token()})

    assert response.status_code == 403


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        ({"sec-fetch-site": "cross-site"}, b"", 403),
        ({"content-encoding": "gzip"}, b"", 415),
        ({"content-type": "application/json"}, b"{}", 415),
        ({"content-type": "multipart/form-data; boundary=x"}, b"--x--", 415),
        ({}, b"a" * 70_000, 413),
        ({}, b"token=%TOKEN&customer=%00", 400),
    ],
)
async def test_a_form_of_another_kind_is_refused(owner, headers, content, status):
    token = (await owner.token()).encode()
    headers = {"content-type": "application/x-www-form-urlencoded"} | headers

    response = await owner.client.post("/dashboard/data/erase", content=content.replace(b"%TOKEN", token), headers=headers)

    assert response.status_code == status


async def test_without_keys_the_dashboard_is_open_on_this_machine(filled):
    async with browsing(replace(filled, api_keys="")) as browser:
        first = await browser.get()
        second = await browser.get()
        login = await browser.get("/login")
        signed_in = await browser.post("/login")
        erased = await browser.send("/data/erase", fields={"customer": "canary", "again": "canary"})
        left = await browser.send("/logout")

    assert (first.status_code, second.status_code) == (200, 200)
    assert "no keys are set" in first.text
    assert "shop_session" in first.headers["set-cookie"]
    assert "set-cookie" not in second.headers
    assert [one.headers["location"] for one in (login, signed_in)] == ["/dashboard"] * 2
    assert erased.headers["location"] == "/dashboard/data"
    assert left.status_code == 303


async def test_without_keys_a_form_or_an_upload_of_no_session_is_refused(filled):
    async with browsing(replace(filled, api_keys="")) as browser:
        form = await browser.post("/data/erase", fields={"customer": "canary", "again": "canary"})
        upload = await browser.get(f"/data/uploads/{'a' * 32}")

    assert (form.status_code, upload.status_code) == (403, 404)


async def test_a_session_without_a_key_is_none_once_keys_are_set(filled):
    async with browsing(replace(filled, api_keys="")) as open_shop, browsing(filled) as browser:
        await open_shop.get()
        cookie = {"cookie": f"shop_session={open_shop.cookies['shop_session']}"}
        response = await browser.get(headers=cookie)
        await browser.sign_in(OWNER)
        opened = await open_shop.get(headers={"cookie": f"shop_session={browser.cookies['shop_session']}"})

    assert response.status_code == 303
    # It is none of this shop without keys, which begins another one.
    assert "shop_session" in opened.headers["set-cookie"]


@pytest.mark.parametrize(
    ("base_url", "status"), [("http://shop.example", 503), ("http://127.0.0.1", 421), ("http://127.0.0.1", 200)]
)
@pytest.mark.parametrize("path", ["", "/login"])
async def test_without_keys_other_machines_and_other_hosts_are_refused(filled, base_url, status, path):
    headers = {"host": "shop.example"} if status == 421 else {}
    async with browsing(replace(filled, api_keys=""), base_url=base_url) as browser:
        response = await browser.get(path, headers=headers)

    assert response.status_code == (303 if (status, path) == (200, "/login") else status)


@pytest.mark.parametrize("key", [OWNER, VIEWER])
async def test_a_session_is_nothing_to_the_api_and_a_key_nothing_to_the_dashboard(browser, key):
    await browser.sign_in(key)
    api = await browser.client.get("/customer/get-profile/canary")
    browser.cookies.clear()
    page = await browser.get(headers={"authorization": f"Bearer {key}"})

    assert (api.status_code, page.status_code) == (401, 303)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/customer/get-profile/canary", 403), ("/recommendations/canary", 403), ("/products/popular", 403),
        ("/products/get-product/p-1", 403), ("/health", 200), ("/reports/placements", 200),
        ("/reports/health-of-data", 200), ("/rules/list", 403), ("/recommendations/why-not/canary?product_id=p-1", 403),
    ],
)  # fmt: skip
async def test_a_viewer_key_may_use_no_endpoint_that_needs_a_key_but_the_reports(browser, path, status):
    response = await browser.client.get(path, headers={"authorization": f"Bearer {VIEWER}"})

    assert response.status_code == status
    assert "canary" not in response.text
    assert path != "/health" or list(response.json()) == ["status"]


def test_no_route_outside_of_the_dashboard_takes_forms():
    @post("/other", opt={"access": "backend", "takes_form": True})
    async def other() -> None: ...

    with pytest.raises(ValueError, match="takes forms"):
        create_app(other, settings=Settings)
    assert {handler.opt["access"] for handler in DASHBOARD_ROUTES if handler.opt.get("takes_form")} <= OF_DASHBOARD


async def test_a_body_that_does_not_arrive_is_not_waited_for(owner, monkeypatch):
    monkeypatch.setattr("infra.dashboard.forms.BODY_TIMEOUT_SECONDS", 0.05)

    headers = {"content-type": "multipart/form-data; boundary=x"}
    app = owner.app
    messages = [{"type": "http.request", "body": b"--x\r\n", "more_body": True}]
    sent = []

    async def receive():
        if messages:
            return messages.pop()
        await asyncio.sleep(1)
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    await app(scope_of(owner, "/dashboard/data/check", headers), receive, send)

    assert sent[0]["status"] == 408


async def test_a_browser_that_goes_away_during_an_upload_is_a_bad_request(owner):
    sent = []

    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    headers = {"content-type": "multipart/form-data; boundary=x"}
    await owner.app(scope_of(owner, "/dashboard/data/check", headers), receive, send)

    assert sent[0]["status"] == 400


def scope_of(browser, path, headers):
    """Return the ASGI scope of a POST with the session of a browser."""
    cookie = f"shop_session={browser.cookies['shop_session']}"
    sent = {"host": "127.0.0.1", "cookie": cookie, **headers}
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip


@pytest.mark.parametrize("sent", [b"\xff", b'a"b', b"x" * 42])
async def test_a_cookie_that_is_no_secret_is_replaced(filled, sent):
    async with browsing(filled) as browser:
        answer = await browser.client.get("/dashboard/login", headers=[(b"cookie", b"shop_sign_in=" + sent)])

    assert answer.status_code == 200
    assert re.search(r"shop_sign_in=[\w-]{43};", answer.headers["set-cookie"])


async def test_a_page_of_another_site_begins_no_session(database):
    async with browsing(Settings(database_url=f"sqlite:///{database}")) as browser:
        foreign = await browser.get(headers={"sec-fetch-site": "cross-site"})
        own = await browser.get(headers={"sec-fetch-site": "none"})

    assert (foreign.status_code, "set-cookie" in foreign.headers) == (200, False)
    assert "shop_session" in own.headers["set-cookie"]
