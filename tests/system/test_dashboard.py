"""The dashboard in a real browser: every page at two widths, light and dark, with and without JavaScript, by keyboard."""

import re
import shutil
import subprocess
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import sync_playwright

from infra.keys import hash_of
from tests.system.server import serving
from tests.system.test_documentation_page import ARGUMENTS

pytestmark = pytest.mark.system

KEY = "b" * 43
AXE = Path(__file__).parent / "axe"
PAGES = {
    "login": "/dashboard/login", "overview": "/dashboard", "customers": "/dashboard/customers",
    "search": "/dashboard/customers?q=an", "customer": "/dashboard/customers/demo-1",
    "why-not": "/dashboard/customers/demo-1?missing=p-033", "which": "/dashboard/customers/demo-1?missing=camping",
    "products": "/dashboard/products", "product": "/dashboard/products/p-014", "results": "/dashboard/results",
    "experiment": "/dashboard/experiments/demo-experiment-1",
    "no-period": "/dashboard/results?from=2026-01-02&to=2026-01-01", "data": "/dashboard/data", "keys": "/dashboard/keys",
    "rules": "/dashboard/rules", "new-rule": "/dashboard/rules/new", "rule": "/dashboard/rules/rule/coming",
    "not-found": "/dashboard/products/unknown",
}  # fmt: skip
PATHS = tuple(PAGES.values())
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
SHOWN_SIZES = ({"width": 1440, "height": 900}, {"width": 390, "height": 844})
SIZES = ({"width": 360, "height": 740}, {"width": 1280, "height": 800})
NAME_OF_FOCUSED = """(() => {
    const {activeElement: one} = document;
    return (one.getAttribute("aria-label") || one.labels?.[0]?.textContent || one.textContent).trim();
})()"""
RULES = (
    {"rule_id": "coming", "name": "Sale", "action": "boost", "strength": 5, "target": {"brand": ["Nordhut"]},
     "where": {"kinds": ["popular"]}, "from": "2099-01-01T00:00:00Z", "status": "live"},
    {"rule_id": "draft", "name": "All of Nordhut", "action": "bury", "strength": 1, "target": {"brand": ["Nordhut"]}},
)  # fmt: skip
CSV = b"product_id,name,price\nnew-1,New one,5\nnew-2,New two,6\nnew-3,New three,7\nnew-4,New four,x\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Run the app with a demo shop and a key."""
    database = tmp_path_factory.mktemp("shop") / "shop.db"
    with serving(database, "--demo", API_KEYS=f"backend:{hash_of(KEY)}:owner") as running:
        for rule in RULES:
            assert api(running, "/rules/save", json=rule).status_code == 200
        yield running


def api(server, path, **options):
    """Send a request with the key."""
    method = "POST" if options else "GET"
    return httpx.request(method, server.url + path, headers={"authorization": f"Bearer {KEY}"}, **options)


def listed(server):
    """Return the products of a customer's list."""
    return [item["product_id"] for item in api(server, "/recommendations/demo-1").json()["items"]]


@pytest.fixture(scope="module")
def browser():
    chromium = shutil.which("chromium")
    assert chromium, "the test needs Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield opened
        opened.close()


@contextmanager
def visiting(browser, server, **options):
    """Yield a page that is signed in, and fail if it logs an error or asks another host for anything."""
    context = browser.new_context(base_url=server.url, **options)
    page, errors = context.new_page(), []
    page.on("console", lambda message: errors.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith(server.url) else errors.append(request.url))
    page.goto("/dashboard")
    page.get_by_label("Your key").fill(KEY)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/dashboard")
    yield page
    context.close()
    # Chromium logs the status of a page that is not found, and of a form that is refused.
    assert [error for error in errors if not any(status in error for status in ("404", "400", "409"))] == []


def visit_all(page):
    """Yield the address of each page while it is open, also of those that only a form leads to."""
    for path in PATHS:
        page.goto(path)
        yield path
    page.goto("/dashboard/rules/rule/draft")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("heading", name="What it would cost").wait_for()
    yield "a preview"
    page.goto("/dashboard/rules/new")
    page.get_by_role("button", name="Publish").click()
    page.get_by_role("alert").wait_for()
    yield "a rule with mistakes"


@pytest.mark.parametrize(("size", "scheme"), list(product(SIZES, ("light", "dark"))))
def test_every_page_fits_and_logs_no_error(browser, server, size, scheme):
    with visiting(browser, server, viewport=size, color_scheme=scheme) as page:
        for path in visit_all(page):
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], path
            assert page.locator("h1").count() == 1, path


@pytest.mark.parametrize(("size", "scheme"), list(product(SHOWN_SIZES, ("light", "dark"))))
def test_every_page_has_its_picture_in_the_build(browser, server, size, scheme):
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with visiting(browser, server, viewport=size, color_scheme=scheme) as page:
        for name, path in PAGES.items():
            page.goto(path)
            # What is loaded when it comes into view.
            page.evaluate("document.querySelectorAll('img').forEach(image => { image.loading = 'eager'; })")
            page.wait_for_load_state("networkidle")
            page.screenshot(path=SCREENSHOTS / f"{name}-{size['width']}-{scheme}.png", full_page=True)


def test_axe_finds_nothing(browser, server, tmp_path):
    npm = shutil.which("npm")
    assert npm, "the test needs npm: apt-get install npm"
    project = tmp_path / "axe"
    shutil.copytree(AXE, project, ignore=shutil.ignore_patterns("node_modules"))
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
    subprocess.run(command, cwd=project, check=True, capture_output=True, timeout=300)
    axe = (project / "node_modules" / "axe-core" / "axe.min.js").read_text()
    found = []
    for size, scheme in product(SIZES, ("light", "dark")):
        with visiting(browser, server, viewport=size, color_scheme=scheme) as page:
            for path in visit_all(page):
                page.evaluate(axe)
                violations = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
                found += [
                    (path, size["width"], scheme, one["id"], node["html"][:200], node["failureSummary"][:300])
                    for one in violations
                    for node in one["nodes"]
                ]
            page.evaluate("document.querySelector('h1').innerHTML += '<button></button>'")
            planted = page.evaluate("axe.run(document)")["violations"]
            assert "button-name" in {one["id"] for one in planted}

    assert found == []


def test_the_keyboard_reaches_the_main_controls(browser, server):
    with visiting(browser, server) as page:
        page.goto("/dashboard/customers")
        reached = []
        for _ in range(12):
            page.keyboard.press("Tab")
            reached.append(
                page.evaluate(
                    "(document.activeElement.getAttribute('aria-label') || document.activeElement.textContent).trim()"
                )
            )
        assert reached[0] == "Skip to content"
        assert {"Overview", "Customers", "Products", "Rules", "Data", "Keys", "Sign out"} <= set(reached)
        assert "Name, e-mail or customer number" in reached
        page.locator("body").click(position={"x": 700, "y": 500})
        page.keyboard.press("/")
        page.keyboard.type("demo-1")
        page.keyboard.press("Enter")
        page.wait_for_url("**/customers/demo-1")


@pytest.mark.parametrize("has_script", [True, False])
def test_a_newcomer_imports_a_file_with_refused_lines_erases_a_person_and_signs_out(browser, server, has_script):
    number = 20 + has_script
    with visiting(browser, server, java_script_enabled=has_script) as page:
        page.get_by_role("link", name="Data").click()
        page.locator("input[type=file]").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": CSV})
        page.get_by_role("button", name="Check the file").click()
        assert "1 x price" in page.locator("main").inner_text()
        with page.expect_download() as tried:
            page.get_by_role("link", name="Download the refused lines").click()
        page.get_by_role("button", name="Import it").click()
        assert "1 refused" in page.get_by_role("status").inner_text()
        with page.expect_download() as imported:
            page.get_by_role("link", name="Download the refused lines").click()
        for download in (tried, imported):
            assert download.value.suggested_filename == "refused-lines.csv"
            [_, refused] = Path(download.value.path()).read_text().splitlines()
            assert refused.startswith('"5","price: ')
            assert refused.endswith('"new-4","New four","x"')
        page.get_by_role("link", name="Back to the data").click()
        page.get_by_label("Customer number", exact=True).fill(f"demo-{number}")
        page.get_by_label("The same customer number again").fill(f"demo-{number}")
        page.get_by_role("button", name="Erase for good").click()
        assert page.get_by_role("status").inner_text() == "The person was erased."
        page.goto(f"/dashboard/customers/demo-{number}")
        assert "does not exist" in page.locator("main").inner_text()
        page.goto("/dashboard")
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/dashboard/login")
        page.goto("/dashboard/keys")
        assert page.url.endswith("/dashboard/login")


@pytest.mark.parametrize("has_script", [True, False])
def test_a_newcomer_asks_why_a_product_is_missing_and_what_lists_led_to(browser, server, has_script):
    phone = {"width": 360, "height": 740}
    with visiting(browser, server, viewport=phone, java_script_enabled=has_script) as page:
        page.goto("/dashboard/customers/demo-1")
        page.get_by_label("Product that is missing").fill("backpack")
        page.get_by_role("button", name="Ask").click()
        answer = page.get_by_role("status")
        assert "Which one?" in answer.inner_text()
        answer.get_by_role("link").first.click()
        assert page.url.endswith("#whynot")
        assert "Open the product" in answer.inner_text()
        page.get_by_label("Product that is missing").fill("<script>alert(1)</script>")
        page.get_by_role("button", name="Ask").click()
        assert "No product is called “<script>alert(1)</script>”." in answer.inner_text()
        page.get_by_role("link", name="Results").click()
        assert "An order came after a list, not because of it." in page.locator("main").inner_text()
        page.get_by_role("link", name="7 days").click()
        assert "home" in page.locator("main").inner_text()
        page.get_by_label("First day").fill("2026-01-01")
        page.get_by_label("Last day").fill("2026-01-02")
        page.get_by_role("button", name="Show").click()
        assert "record-impressions" in page.locator("main").inner_text()


@pytest.mark.parametrize("has_script", [True, False])
def test_a_product_is_hidden_on_its_page_gone_in_the_api_and_back_with_undo(browser, server, has_script):
    before = listed(server)
    with visiting(browser, server, java_script_enabled=has_script, viewport=SIZES[0]) as page:
        page.goto(f"/dashboard/products/{before[0]}")
        page.get_by_role("button", name="Hide").click()
        assert "is hidden everywhere." in page.get_by_role("status").inner_text()
        assert page.get_by_role("button", name="Hide", pressed=True).count() == 1
        assert before[0] not in listed(server)
        page.get_by_role("button", name="Undo").click()
        assert "Undone." in page.get_by_role("status").inner_text()
        assert listed(server) == before
        page.goto("/dashboard/customers/demo-1")
        page.get_by_role("button", name="Hide").nth(1).click()
        assert before[1] not in listed(server)
        page.get_by_role("button", name="Undo").click()
        page.wait_for_url("**/customers/demo-1")
        assert listed(server) == before


def test_a_rule_is_previewed_published_and_undone_with_the_keyboard_only(browser, server):
    before = listed(server)
    with visiting(browser, server) as page:

        def reach(name):
            for _ in range(120):
                page.keyboard.press("Tab")
                if page.evaluate(NAME_OF_FOCUSED) == name:
                    return
            raise AssertionError(name)

        page.goto("/dashboard/rules")
        reach("New rule")
        page.keyboard.press("Enter")
        page.wait_for_url("**/rules/new")
        reach("Name")
        page.keyboard.type("<img src=x onerror=alert(1)>")
        reach("Hide")
        page.keyboard.press("ArrowRight")
        reach("Place")
        reach("Product numbers")
        page.keyboard.type("p-140")
        reach("Preview")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="What it would cost").wait_for()
        assert listed(server) == before
        reach("Publish")
        page.keyboard.press("Enter")
        page.wait_for_url("**/dashboard/rules")
        assert "<img src=x onerror=alert(1)>” is live" in page.get_by_role("status").inner_text()
        assert listed(server)[0] == "p-140"
        reach("Undo")
        page.keyboard.press("Enter")
        # Not a function in the page: asked a second time it is a string that the policy of the page refuses to evaluate.
        page.get_by_role("status").get_by_text(re.compile("^Undone")).wait_for()
        assert listed(server) == before


def test_two_people_edit_a_rule_and_the_second_is_told(browser, server):
    rule = {"rule_id": "both", "name": "Both", "action": "hide", "target": {"product_ids": ["p-001"]}}
    api(server, "/rules/save", json=rule)
    with visiting(browser, server, java_script_enabled=False) as page:
        page.goto("/dashboard/rules/rule/both")
        api(server, "/rules/save", json=rule | {"name": "Theirs"})
        page.get_by_label("Name", exact=True).fill("Mine")
        page.get_by_role("button", name="Save draft").click()
        assert "Somebody else saved this rule" in page.get_by_role("alert").inner_text()
        assert page.get_by_label("Name", exact=True).input_value() == "Mine"
        page.get_by_role("button", name="Save draft").click()
        assert "“Mine” is a draft" in page.get_by_role("status").inner_text()
        page.get_by_role("link", name="Mine").click()
        page.get_by_role("button", name="Remove").click()
        assert "is removed" in page.get_by_role("status").inner_text()


def test_an_owner_ends_the_experiment_of_the_shop_and_starts_another_on_a_phone(browser, server):
    phone = {"width": 360, "height": 740}
    hostile = "<script>document.title = 'x'</script>"
    arms = [{"name": "<b>now</b>"}, {"name": "new", "popular": True}]
    with visiting(browser, server, viewport=phone, java_script_enabled=False) as page:
        page.goto("/dashboard/results")
        page.get_by_role("link", name="Do personal lists sell more at the checkout?").click()
        assert "Not enough data" in page.locator(".say").inner_text()
        page.get_by_role("button", name="End the experiment").click()
        assert page.get_by_role("status").count() == 0
        page.get_by_label("End it for good").check()
        page.get_by_role("button", name="End the experiment").click()
        assert page.get_by_role("status").inner_text() == "The experiment is over. Its report stays here."
        assert page.get_by_role("button", name="End the experiment").count() == 0

        api(server, "/experiments/save", json={"experiment_id": "next", "name": hostile, "arms": arms})
        page.goto("/dashboard/results")
        page.get_by_role("link", name=hostile).click()
        page.get_by_role("button", name="Start it").click()
        assert "The experiment runs" in page.get_by_role("status").inner_text()
        assert page.locator("h1").inner_text() == hostile
        assert "<b>now</b>" in page.locator("table").first.inner_text()
        assert page.evaluate("document.documentElement.scrollWidth") <= phone["width"]
