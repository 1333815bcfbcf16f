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

from infra.http.auth import hash_of, new_key

ROOT = Path(__file__).parent
START_SECONDS = 30
CUSTOMER = "tour-customer"

console = Console(width=110)


class Shop:
    """The running app, as one of a shop's servers talks to it."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._key = key

    def with_key(self, key: str) -> "Shop":
        """Talk to the same app as another server."""
        return Shop(self._url, key)

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Send one request; return the status and the decoded answer."""
        sent = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json", "authorization": f"Bearer {self._key}"}
        request = urllib.request.Request(self._url + path, data=sent, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


BACKEND_KEY, STOREFRONT_KEY = new_key(), new_key()


@contextmanager
def running_shop() -> Iterator[Shop]:
    """Start the app with the demo shop on a free port and a temporary database; stop it afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "DATABASE_URL": f"sqlite:///{folder}/shop.db",
            "PORT": str(port),
            "LOG_LEVEL": "ERROR",
            "API_KEYS": f"backend:{hash_of(BACKEND_KEY)},storefront:{hash_of(STOREFRONT_KEY)}",
        }
        command = [sys.executable, str(ROOT / "main.py"), "--demo"]
        server = subprocess.Popen(command, cwd=ROOT, env=os.environ | settings, stdout=subprocess.DEVNULL)
        try:
            shop = Shop(f"http://127.0.0.1:{port}", BACKEND_KEY)
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


def check(claim: str, *, holds: bool) -> None:
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
    a_customer_is_registered(shop)
    bought = a_customer_looks_and_buys(shop)
    events_are_sent_at_once(shop)
    lists_are_stored_and_filtered(shop, bought)
    the_profile_is_shown(shop)
    keys_open_what_they_are_for(shop)
    a_person_takes_their_data_and_leaves(shop)


def a_customer_is_registered(shop: Shop) -> None:
    console.rule("The shop")
    status, health = shop.ask("GET", "/health")
    console.print(health)
    check("the demo shop is loaded and a model is trained", holds=status == 200 and health["products"] >= 300)

    console.rule("POST /customer/create")
    status, customer = shop.ask(
        "POST", "/customer/create", {"customer_id": CUSTOMER, "email": "tour@example.com", "first_name": "Ada"}
    )
    console.print(customer)
    check("the customer is new, and Regular by default", holds=status == 201 and customer["segment_source"] == "default")
    status, problem = shop.ask("POST", "/customer/create", {"customer_id": CUSTOMER})
    check("the id cannot be taken twice", holds=status == 409 and problem["type"] == "urn:problem:customer-exists")

    console.rule("POST /customer/add-address")
    address = {"line1": "Elm Street 1", "city": "Bern", "postal_code": "3000", "country": "CH"}
    addresses = [address | {"kind": "shipping"}, address | {"kind": "billing"}]
    status, book = shop.ask("POST", "/customer/add-address", {"customer_id": CUSTOMER, "addresses": addresses})
    console.print(book)
    check("both addresses are stored", holds=status == 201 and len(book["addresses"]) == 2)


def a_customer_looks_and_buys(shop: Shop) -> dict[str, Any]:
    console.rule("GET /recommendations/{customer_id}: nothing is known yet")
    status, unknown = shop.ask("GET", f"/recommendations/{CUSTOMER}")
    show(unknown)
    check("a customer without a history sees what is popular", holds=status == 200 and unknown["strategy"] == "popular")

    tents = products_named(shop, "2-person tent")

    console.rule("POST /recommendations/process-browsing: a tent is looked at")
    status, browsed = shop.ask(
        "POST", "/recommendations/process-browsing", {"customer_id": CUSTOMER, "product_id": tents[0]}
    )
    show(browsed, before=unknown)
    check("one look makes the list personal", holds=status == 201 and browsed["strategy"] == "personalised")
    check("most of it is outdoor gear", holds=in_category(browsed, "outdoor/") >= 4)

    console.rule("POST /recommendations/process-purchase: the tent is bought")
    order = {"customer_id": CUSTOMER, "order_id": "tour-order", "items": [{"product_id": tents[0]}]}
    status, bought = shop.ask("POST", "/recommendations/process-purchase", order)
    show(bought, before=browsed)
    check("the list is computed afresh", holds=status == 201 and not bought["cached"])
    check("what was bought is not shown again", holds=tents[0] not in {item["product_id"] for item in bought["items"]})
    check("camping gear follows, not the list of bestsellers", holds=in_category(bought, "outdoor/") >= 4)
    check("a retry is harmless", holds=shop.ask("POST", "/recommendations/process-purchase", order)[0] == 201)

    return bought


def events_are_sent_at_once(shop: Shop) -> None:
    console.rule("POST /customer/update-behavior: several events at once")
    tents, stoves = products_named(shop, "2-person tent"), products_named(shop, "gas stove")
    update = {
        "customer_id": CUSTOMER,
        "browsing": [{"product_id": stoves[0], "event_type": "cart", "event_id": "tour-event"}],
        "purchases": [{"order_id": "tour-order", "items": [{"product_id": tents[0]}]}],
    }
    status, updated = shop.ask("POST", "/customer/update-behavior", update)
    console.print(updated)
    check(
        "the new event counts, the order was seen before",
        holds=status == 200 and updated["accepted"]["browsing"] == updated["seen_before"]["purchases"] == 1,
    )


def lists_are_stored_and_filtered(shop: Shop, bought: dict[str, Any]) -> None:
    console.rule("GET /recommendations/{customer_id}: stored, then filtered")
    _, fresh = shop.ask("GET", f"/recommendations/{CUSTOMER}")
    _, stored = shop.ask("GET", f"/recommendations/{CUSTOMER}")
    show(stored, before=bought)
    check("after an event the list is made anew, then reused", holds=not fresh["cached"] and stored["cached"])
    check("and is the same", holds=stored["items"] == fresh["items"])
    _, cheap = shop.ask("GET", f"/recommendations/{CUSTOMER}?category=outdoor&max_price=50&limit=5")
    show(cheap)
    check(
        "filters hold for all of it",
        holds=all(item["category"].startswith("outdoor/") and item["price"] <= 50 for item in cheap["items"]),
    )


def the_profile_is_shown(shop: Shop) -> None:
    console.rule("GET /customer/get-profile/{customer_id}")
    status, profile = shop.ask("GET", f"/customer/get-profile/{CUSTOMER}")
    console.print({key: profile[key] for key in ("customer", "activity", "category_interests")})
    check("one order is counted, however often it was sent", holds=status == 200 and profile["activity"]["orders"] == 1)
    check("the main interest is camping", holds=profile["category_interests"][0]["category"] == "outdoor/camping")
    check("the addresses are there", holds=len(profile["addresses"]) == 2)

    console.rule("What is wrong is said")
    status, problem = shop.ask("POST", "/recommendations/process-browsing", {"customer_id": CUSTOMER, "product_id": 5})
    console.print(problem)
    check("bad input is pointed at", holds=status == 400 and problem["errors"][0]["pointer"] == "#/product_id")
    status, problem = shop.ask("GET", "/recommendations/nobody")
    check("an unknown customer is not found", holds=status == 404 and problem["type"] == "urn:problem:customer-not-found")


def keys_open_what_they_are_for(shop: Shop) -> None:
    console.rule("Keys")
    stranger, storefront = shop.with_key("guessed"), shop.with_key(STOREFRONT_KEY)
    status, problem = stranger.ask("GET", f"/recommendations/{CUSTOMER}")
    console.print(problem)
    check("an unknown key opens nothing", holds=status == 401 and problem["type"] == "urn:problem:unauthorized")
    status, made = storefront.ask("GET", f"/recommendations/{CUSTOMER}?limit=1")
    console.print(made)
    check("a storefront key gets lists without the segment", holds=status == 200 and "segment" not in made)
    check(
        "and without what the reasons rest on",
        holds=all(reason.keys() == {"source", "share"} for item in made["items"] for reason in item["reasons"]),
    )
    status, problem = storefront.ask("GET", f"/customer/get-profile/{CUSTOMER}")
    check("it opens no profile", holds=status == 403 and problem["type"] == "urn:problem:forbidden")


def a_person_takes_their_data_and_leaves(shop: Shop) -> None:
    console.rule("GET /customer/export/{customer_id}")
    status, exported = shop.ask("GET", f"/customer/export/{CUSTOMER}")
    console.print({key: exported[key] for key in ("customer", "addresses", "browsing", "purchases")})
    check("everything that was sent is there", holds=status == 200 and exported["purchases"][0]["order_id"] == "tour-order")

    console.rule("DELETE /customer/erase/{customer_id}")
    status, _ = shop.ask("DELETE", f"/customer/erase/{CUSTOMER}")
    check("the person is gone", holds=status == 204 and shop.ask("GET", f"/customer/export/{CUSTOMER}")[0] == 404)
    check("erasing again finds nobody", holds=shop.ask("DELETE", f"/customer/erase/{CUSTOMER}")[0] == 404)
    late = {"customer_id": CUSTOMER, "product_id": exported["browsing"][0]["product_id"]}
    check(
        "a late event does not bring them back", holds=shop.ask("POST", "/recommendations/process-browsing", late)[0] == 404
    )
    check("nor is the id given again", holds=shop.ask("POST", "/customer/create", {"customer_id": CUSTOMER})[0] == 409)


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
