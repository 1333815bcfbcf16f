"""The dashboard in a real browser: every page at two widths, light and dark, with and without JavaScript, by keyboard."""

import shutil
import subprocess
from contextlib import contextmanager
from itertools import product
from pathlib import Path

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
    "no-period": "/dashboard/results?from=2026-01-02&to=2026-01-01", "data": "/dashboard/data", "keys": "/dashboard/keys",
    "not-found": "/dashboard/products/unknown",
}  # fmt: skip
PATHS = tuple(PAGES.values())
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
SHOWN_SIZES = ({"width": 1440, "height": 900}, {"width": 390, "height": 844})
SIZES = ({"width": 360, "height": 740}, {"width": 1280, "height": 800})
FOCUSED = "document.activeElement.getAttribute('aria-label') || document.activeElement.textContent"
CSV = b"product_id,name,price\nnew-1,New one,5\nnew-2,New two,6\nnew-3,New three,7\nnew-4,New four,x\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Run the app with a demo shop and a key."""
    database = tmp_path_factory.mktemp("shop") / "shop.db"
    with serving(database, "--demo", API_KEYS=f"backend:{hash_of(KEY)}:owner") as running:
        yield running


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
    # Chromium logs the status of a page that is not found.
    assert [error for error in errors if "404" not in error] == []


@pytest.mark.parametrize(("size", "scheme"), list(product(SIZES, ("light", "dark"))))
def test_every_page_fits_and_logs_no_error(browser, server, size, scheme):
    with visiting(browser, server, viewport=size, color_scheme=scheme) as page:
        for path in PATHS:
            page.goto(path)
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
            for path in PATHS:
                page.goto(path)
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
        assert {"Overview", "Customers", "Products", "Data", "Keys", "Sign out"} <= set(reached)
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
