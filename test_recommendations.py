"""The scripted tour: `python test_recommendations.py` starts the app on a demo shop and walks through every endpoint.

Each step prints what came back and checks it; the first check that fails ends the tour with a non-zero exit. The same file
runs under pytest.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parent
START_SECONDS = 30
CUSTOMER = "tour-customer"

console = Console(width=110)


class Shop:
    """The running app, as a shop's backend talks to it."""

    def __init__(self, url: str) -> None:
        self._url = url

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Send one request; return the status and the decoded answer."""
        sent = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self._url + path, data=sent, method=method, headers={"content-type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


@contextmanager
def running_shop() -> Iterator[Shop]:
    """Start the app with the demo shop on a free port and a temporary database; stop it afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        settings = {"DATABASE_URL": f"sqlite:///{folder}/shop.db", "PORT": str(port), "LOG_LEVEL": "ERROR"}
        command = [sys.executable, str(ROOT / "main.py"), "--demo"]
        server = subprocess.Popen(command, cwd=ROOT, env=os.environ | settings, stdout=subprocess.DEVNULL)
        try:
            shop = Shop(f"http://127.0.0.1:{port}")
            _await_health(shop, server)
            yield shop
        finally:
            server.terminate()
            server.wait(timeout=10)


def _await_health(shop: Shop, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(START_SECONDS * 10):
        try:
            if shop.ask("GET", "/health")[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
        if server.poll() is not None:
            break
    sys.exit("The app did not start.")


def check(holds: bool, claim: str) -> None:
    """Print a claim with its outcome; end the tour where it does not hold."""
    console.print(f"  [{'green' if holds else 'red'}]{'✓' if holds else '✗'}[/] {claim}")
    if not holds:
        raise AssertionError(claim)


def show(made: dict[str, Any], *, before: dict[str, Any] | None = None) -> None:
    """Print a list as a table: what is in it, why, and how each place changed."""
    places = {item["product_id"]: item["rank"] for item in before["items"]} if before else {}
    table = Table(title=f"{made['strategy']}, segment {made['segment']}, {'stored' if made['cached'] else 'fresh'}")
    for column in ("", "was", "name", "category", "price", "why"):
        table.add_column(column, no_wrap=column in {"name", "category"})
    for item in made["items"][:6]:
        why = ", ".join(_told(reason) for reason in item["reasons"][:2])
        was = str(places.get(item["product_id"], "new")) if before else ""
        table.add_row(str(item["rank"]), was, item["name"], item["category"], f"{item['price']:.2f}", why)
    console.print(table)


def _told(reason: dict[str, Any]) -> str:
    subject = reason.get("product_id") or reason.get("category") or ""
    return f"{reason['source'].replace('_', ' ')} {subject} {reason['share']:.0%}".replace("  ", " ")


def in_category(made: dict[str, Any], *prefixes: str, first: int = 6) -> int:
    """Count the products of the given departments among the first places."""
    return sum(item["category"].startswith(prefixes) for item in made["items"][:first])


def tour(shop: Shop) -> None:
    """Walk through every endpoint with one customer."""
    console.rule("The shop")
    status, health = shop.ask("GET", "/health")
    console.print(health)
    check(status == 200 and health["products"] >= 300, "the demo shop is loaded and a model is trained")

    console.rule("POST /customer/create")
    status, customer = shop.ask(
        "POST", "/customer/create", {"customer_id": CUSTOMER, "email": "tour@example.com", "first_name": "Ada"}
    )
    console.print(customer)
    check(status == 201 and customer["segment_source"] == "default", "the customer is new, and Regular by default")
    status, problem = shop.ask("POST", "/customer/create", {"customer_id": CUSTOMER})
    check(status == 409 and problem["type"] == "urn:problem:customer-exists", "the id cannot be taken twice")

    console.rule("POST /customer/add-address")
    address = {"line1": "Elm Street 1", "city": "Bern", "postal_code": "3000", "country": "CH"}
    addresses = [address | {"kind": "shipping"}, address | {"kind": "billing"}]
    status, book = shop.ask("POST", "/customer/add-address", {"customer_id": CUSTOMER, "addresses": addresses})
    console.print(book)
    check(status == 201 and len(book["addresses"]) == 2, "both addresses are stored")

    console.rule("GET /recommendations/{customer_id}: nothing is known yet")
    status, unknown = shop.ask("GET", f"/recommendations/{CUSTOMER}")
    show(unknown)
    check(status == 200 and unknown["strategy"] == "popular", "a customer without a history sees what is popular")

    tents, stoves = products_named(shop, "2-person tent"), products_named(shop, "gas stove")

    console.rule("POST /recommendations/process-browsing: a tent is looked at")
    status, browsed = shop.ask(
        "POST", "/recommendations/process-browsing", {"customer_id": CUSTOMER, "product_id": tents[0]}
    )
    show(browsed, before=unknown)
    check(status == 201 and browsed["strategy"] == "personalised", "one look makes the list personal")
    check(in_category(browsed, "outdoor/") >= 4, "most of it is outdoor gear")

    console.rule("POST /recommendations/process-purchase: the tent is bought")
    order = {"customer_id": CUSTOMER, "order_id": "tour-order", "items": [{"product_id": tents[0]}]}
    status, bought = shop.ask("POST", "/recommendations/process-purchase", order)
    show(bought, before=browsed)
    check(status == 201 and not bought["cached"], "the list is computed afresh")
    check(tents[0] not in {item["product_id"] for item in bought["items"]}, "what was bought is not shown again")
    check(in_category(bought, "outdoor/") >= 4, "camping gear follows, not the list of bestsellers")
    check(shop.ask("POST", "/recommendations/process-purchase", order)[0] == 201, "a retry is harmless")

    console.rule("POST /customer/update-behavior: several events at once")
    update = {
        "customer_id": CUSTOMER,
        "browsing": [{"product_id": stoves[0], "event_type": "cart", "event_id": "tour-event"}],
        "purchases": [{"order_id": "tour-order", "items": [{"product_id": tents[0]}]}],
    }
    status, updated = shop.ask("POST", "/customer/update-behavior", update)
    console.print(updated)
    check(
        status == 200 and updated["accepted"]["browsing"] == updated["seen_before"]["purchases"] == 1,
        "the new event counts, the order was seen before",
    )

    console.rule("GET /recommendations/{customer_id}: stored, then filtered")
    _, fresh = shop.ask("GET", f"/recommendations/{CUSTOMER}")
    _, stored = shop.ask("GET", f"/recommendations/{CUSTOMER}")
    show(stored, before=bought)
    check(not fresh["cached"] and stored["cached"], "after an event the list is made anew, then reused")
    check(stored["items"] == fresh["items"], "and is the same")
    _, cheap = shop.ask("GET", f"/recommendations/{CUSTOMER}?category=outdoor&max_price=50&limit=5")
    show(cheap)
    check(
        all(item["category"].startswith("outdoor/") and item["price"] <= 50 for item in cheap["items"]),
        "filters hold for all of it",
    )

    console.rule("GET /customer/get-profile/{customer_id}")
    status, profile = shop.ask("GET", f"/customer/get-profile/{CUSTOMER}")
    console.print({key: profile[key] for key in ("customer", "activity", "category_interests")})
    check(status == 200 and profile["activity"]["orders"] == 1, "one order is counted, however often it was sent")
    check(profile["category_interests"][0]["category"] == "outdoor/camping", "the main interest is camping")
    check(len(profile["addresses"]) == 2, "the addresses are there")

    console.rule("What is wrong is said")
    status, problem = shop.ask("POST", "/recommendations/process-browsing", {"customer_id": CUSTOMER, "product_id": 5})
    console.print(problem)
    check(status == 400 and problem["errors"][0]["pointer"] == "#/product_id", "bad input is pointed at")
    status, problem = shop.ask("GET", "/recommendations/nobody")
    check(status == 404 and problem["type"] == "urn:problem:customer-not-found", "an unknown customer is not found")


def products_named(shop: Shop, goods: str) -> list[str]:
    """Find products of the demo shop by what they are, in the lists of campers."""
    found: dict[str, None] = {}
    for number in range(1, 60):
        _, made = shop.ask("GET", f"/recommendations/demo-{number}?limit=100")
        found.update((item["product_id"], None) for item in made["items"] if item["name"].endswith(goods))
        if found:
            return list(found)
    raise AssertionError(f"no {goods} in the demo shop")


def test_the_tour_holds() -> None:
    with running_shop() as shop:
        tour(shop)


if __name__ == "__main__":
    try:
        with running_shop() as opened:
            tour(opened)
    except AssertionError as error:
        sys.exit(f"Failed: {error}")
    console.rule("All checks hold")
