"""A scripted tour: `python test_recommendations.py` starts the app with a demo shop and calls every endpoint.

Each step prints the response and checks it; the first failed check ends the tour with a non-zero exit code. The file also
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

from infra.keys import hash_of, new_key

ROOT = Path(__file__).parent
START_SECONDS = 30
CUSTOMER = "tour-customer"

console = Console(width=110)


class ShopClient:
    """An HTTP client of the running app with one API key."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._key = key

    def with_key(self, key: str) -> "ShopClient":
        """Return a client of the same app with another key."""
        return ShopClient(self._url, key)

    def request(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Send one request; return the status and the decoded body."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json", "authorization": f"Bearer {self._key}"}
        request = urllib.request.Request(self._url + path, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.status, json.loads(response.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


BACKEND_KEY, STOREFRONT_KEY = new_key(), new_key()


@contextmanager
def running_shop() -> Iterator[ShopClient]:
    """Run the app with the demo shop on a free port and a temporary database."""
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
            shop = ShopClient(f"http://127.0.0.1:{port}", BACKEND_KEY)
            _await_health(shop, server)
            yield shop
        finally:
            server.terminate()
            server.wait(timeout=10)


def _await_health(shop: ShopClient, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(START_SECONDS * 10):
        try:
            if shop.request("GET", "/health")[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
        if server.poll() is not None:
            break
    sys.exit("The app did not start.")


def check(claim: str, *, holds: bool) -> None:
    """Print a claim with its outcome; raise AssertionError if it does not hold."""
    console.print(f"  [{'green' if holds else 'red'}]{'✓' if holds else '✗'}[/] {claim}")
    if not holds:
        raise AssertionError(claim)


def show(response: dict[str, Any], *, before: dict[str, Any] | None = None) -> None:
    """Print the first six products of a list with their reasons and, if given, their ranks before."""
    ranks_before = {item["product_id"]: item["rank"] for item in before["items"]} if before else {}
    origin = "stored" if response["cached"] else "fresh"
    table = Table(title=f"{response['strategy']}, segment {response['segment']}, {origin}")
    for column in ("", "was", "name", "category", "price", "why"):
        table.add_column(column, no_wrap=column in {"name", "category"})
    for item in response["items"][:6]:
        why = ", ".join(_describe(reason) for reason in item["reasons"][:2])
        was = str(ranks_before.get(item["product_id"], "new")) if before else ""
        table.add_row(str(item["rank"]), was, item["name"], item["category"], f"{item['price']:.2f}", why)
    console.print(table)


def _describe(reason: dict[str, Any]) -> str:
    cause = reason.get("product_id") or reason.get("category") or ""
    return f"{reason['source'].replace('_', ' ')} {cause} {reason['share']:.0%}".replace("  ", " ")


def count_in_category(response: dict[str, Any], prefix: str) -> int:
    """Count the products of a category among the first six."""
    return sum(item["category"].startswith(prefix) for item in response["items"][:6])


def tour(shop: ShopClient) -> None:
    """Call every endpoint for one customer."""
    register_a_customer(shop)
    after_purchase = browse_and_buy(shop)
    send_several_events(shop)
    read_stored_and_filtered_lists(shop, after_purchase)
    read_the_profile(shop)
    merge_a_guest(shop)
    use_keys(shop)
    export_and_erase(shop)


def register_a_customer(shop: ShopClient) -> None:
    console.rule("The shop")
    status, health = shop.request("GET", "/health")
    console.print(health)
    check("the demo shop is loaded and a model is trained", holds=status == 200 and health["products"] >= 300)

    console.rule("POST /customer/create")
    status, customer = shop.request(
        "POST", "/customer/create", {"customer_id": CUSTOMER, "email": "tour@example.com", "first_name": "Ada"}
    )
    console.print(customer)
    check("the customer is created in the default segment", holds=status == 201 and customer["segment_source"] == "default")
    status, problem = shop.request("POST", "/customer/create", {"customer_id": CUSTOMER})
    check("the same id cannot be registered twice", holds=status == 409 and problem["type"] == "urn:problem:customer-exists")

    console.rule("POST /customer/add-address")
    address = {"line1": "Elm Street 1", "city": "Bern", "postal_code": "3000", "country": "CH"}
    addresses = [address | {"kind": "shipping"}, address | {"kind": "billing"}]
    status, book = shop.request("POST", "/customer/add-address", {"customer_id": CUSTOMER, "addresses": addresses})
    console.print(book)
    check("both addresses are stored", holds=status == 201 and len(book["addresses"]) == 2)


def browse_and_buy(shop: ShopClient) -> dict[str, Any]:
    console.rule("GET /recommendations/{customer_id}: no history yet")
    status, popular = shop.request("GET", f"/recommendations/{CUSTOMER}")
    show(popular)
    check("a customer without a history gets popular products", holds=status == 200 and popular["strategy"] == "popular")

    tents = products_named(shop, "2-person tent")

    console.rule("POST /recommendations/process-browsing: the customer views a tent")
    view = {"customer_id": CUSTOMER, "product_id": tents[0]}
    status, after_view = shop.request("POST", "/recommendations/process-browsing", view)
    show(after_view, before=popular)
    check("one view personalises the list", holds=status == 201 and after_view["strategy"] == "personalised")
    check("most products are outdoor gear", holds=count_in_category(after_view, "outdoor/") >= 4)

    console.rule("POST /recommendations/process-purchase: the customer buys the tent")
    order = {"customer_id": CUSTOMER, "order_id": "tour-order", "items": [{"product_id": tents[0]}]}
    status, after_purchase = shop.request("POST", "/recommendations/process-purchase", order)
    show(after_purchase, before=after_view)
    listed = {item["product_id"] for item in after_purchase["items"]}
    check("the list is computed again", holds=status == 201 and not after_purchase["cached"])
    check("the list does not contain the bought tent", holds=tents[0] not in listed)
    check("the list contains outdoor gear, not bestsellers", holds=count_in_category(after_purchase, "outdoor/") >= 4)
    check("a retry succeeds", holds=shop.request("POST", "/recommendations/process-purchase", order)[0] == 201)
    return after_purchase


def send_several_events(shop: ShopClient) -> None:
    console.rule("POST /customer/update-behavior: several events in one request")
    tents, stoves = products_named(shop, "2-person tent"), products_named(shop, "gas stove")
    update = {
        "customer_id": CUSTOMER,
        "browsing": [{"product_id": stoves[0], "event_type": "cart", "event_id": "tour-event"}],
        "purchases": [{"order_id": "tour-order", "items": [{"product_id": tents[0]}]}],
    }
    status, updated = shop.request("POST", "/customer/update-behavior", update)
    console.print(updated)
    check(
        "the new event is accepted, the order was seen before",
        holds=status == 200 and updated["accepted"]["browsing"] == updated["seen_before"]["purchases"] == 1,
    )


def read_stored_and_filtered_lists(shop: ShopClient, after_purchase: dict[str, Any]) -> None:
    console.rule("GET /recommendations/{customer_id}: a stored list, then a filtered one")
    _, fresh = shop.request("GET", f"/recommendations/{CUSTOMER}")
    _, stored = shop.request("GET", f"/recommendations/{CUSTOMER}")
    show(stored, before=after_purchase)
    check("the list is computed again after an event, then reused", holds=not fresh["cached"] and stored["cached"])
    check("the reused list is equal", holds=stored["items"] == fresh["items"])
    _, cheap = shop.request("GET", f"/recommendations/{CUSTOMER}?category=outdoor&max_price=50&limit=5")
    show(cheap)
    check(
        "all products pass the filters",
        holds=all(item["category"].startswith("outdoor/") and item["price"] <= 50 for item in cheap["items"]),
    )


def read_the_profile(shop: ShopClient) -> None:
    console.rule("GET /customer/get-profile/{customer_id}")
    status, profile = shop.request("GET", f"/customer/get-profile/{CUSTOMER}")
    console.print({key: profile[key] for key in ("customer", "activity", "category_interests")})
    check("an order that was sent several times counts once", holds=status == 200 and profile["activity"]["orders"] == 1)
    check("the largest interest is camping", holds=profile["category_interests"][0]["category"] == "outdoor/camping")
    check("the profile contains the addresses", holds=len(profile["addresses"]) == 2)

    console.rule("Errors")
    status, problem = shop.request("POST", "/recommendations/process-browsing", {"customer_id": CUSTOMER, "product_id": 5})
    console.print(problem)
    check("the error points to the invalid field", holds=status == 400 and problem["errors"][0]["pointer"] == "#/product_id")
    status, problem = shop.request("GET", "/recommendations/nobody")
    check("an unknown customer gives 404", holds=status == 404 and problem["type"] == "urn:problem:customer-not-found")


def merge_a_guest(shop: ShopClient) -> None:
    console.rule("A guest who logs in: POST /customer/merge")
    status, newcomers = shop.request("GET", "/recommendations/tour-guest?guest=true")
    check("an unknown visitor gets popular products", holds=status == 200 and newcomers["strategy"] == "popular")
    view = {"customer_id": "tour-guest", "product_id": newcomers["items"][0]["product_id"], "guest": True}
    status, _ = shop.request("POST", "/recommendations/process-browsing", view)
    check("the first view registers a guest", holds=status == 201)
    merge = {"guest_id": "tour-guest", "customer_id": CUSTOMER}
    status, merged = shop.request("POST", "/customer/merge", merge)
    console.print(merged)
    check("the view of the guest is one of the customer now", holds=status == 200 and merged["moved"]["browsing"] == 1)
    check("the same request again answers the same", holds=shop.request("POST", "/customer/merge", merge) == (200, merged))


def use_keys(shop: ShopClient) -> None:
    console.rule("Keys")
    unknown, storefront = shop.with_key("guessed"), shop.with_key(STOREFRONT_KEY)
    status, problem = unknown.request("GET", f"/recommendations/{CUSTOMER}")
    console.print(problem)
    check("an unknown key is refused", holds=status == 401 and problem["type"] == "urn:problem:unauthorized")
    status, response = storefront.request("GET", f"/recommendations/{CUSTOMER}?limit=1")
    console.print(response)
    check("a storefront key gets lists without the segment", holds=status == 200 and "segment" not in response)
    check(
        "and without the causes of reasons",
        holds=all(reason.keys() == {"source", "share"} for item in response["items"] for reason in item["reasons"]),
    )
    status, problem = storefront.request("GET", f"/customer/get-profile/{CUSTOMER}")
    check("a storefront key cannot read profiles", holds=status == 403 and problem["type"] == "urn:problem:forbidden")


def export_and_erase(shop: ShopClient) -> None:
    console.rule("GET /customer/export/{customer_id}")
    status, exported = shop.request("GET", f"/customer/export/{CUSTOMER}")
    console.print({key: exported[key] for key in ("customer", "addresses", "browsing", "purchases")})
    check("the export contains the order", holds=status == 200 and exported["purchases"][0]["order_id"] == "tour-order")

    console.rule("DELETE /customer/erase/{customer_id}")
    status, _ = shop.request("DELETE", f"/customer/erase/{CUSTOMER}")
    check("the customer is erased", holds=status == 204 and shop.request("GET", f"/customer/export/{CUSTOMER}")[0] == 404)
    check("erasing again gives 404", holds=shop.request("DELETE", f"/customer/erase/{CUSTOMER}")[0] == 404)
    late = {"customer_id": CUSTOMER, "product_id": exported["browsing"][0]["product_id"]}
    check(
        "a late event does not create the customer again",
        holds=shop.request("POST", "/recommendations/process-browsing", late)[0] == 404,
    )
    check(
        "the id cannot be registered again",
        holds=shop.request("POST", "/customer/create", {"customer_id": CUSTOMER})[0] == 409,
    )


def products_named(shop: ShopClient, name: str) -> list[str]:
    """Return the ids of demo products of a kind, with any option of a variant, from the first list that contains any."""
    for number in range(1, 60):
        _, response = shop.request("GET", f"/recommendations/demo-{number}?limit=100")
        product_ids = [item["product_id"] for item in response["items"] if item["name"].partition(", ")[0].endswith(name)]
        if product_ids:
            return product_ids
    raise AssertionError(f"no {name} in the demo shop")


def test_every_endpoint_answers_as_the_tour_expects() -> None:
    with running_shop() as shop:
        tour(shop)


if __name__ == "__main__":
    try:
        with running_shop() as client:
            tour(client)
    except AssertionError as error:
        sys.exit(f"Failed: {error}")
    console.rule("All checks passed")
