"""A scripted tour: `python test_recommendations.py` starts the app with a demo shop and calls every endpoint.

It follows a guest who becomes a customer, buys, sends something back and leaves. Each step prints names of products and
checks the answer; the first failed check ends the tour with a non-zero exit code. The file also runs under pytest.
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

from infra.keys import hash_of, new_key

ROOT = Path(__file__).parent
START_SECONDS = 30
CUSTOMER, GUEST = "tour-customer", "tour-guest"

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


def show(title: str, answer: dict[str, Any], *, n: int = 3) -> None:
    """Print the names of the first products of a list, each with the main reason."""
    shown = [f"{item['name']} [dim]({_why(item)})[/]" for item in answer["items"][:n]]
    console.print(f"  [bold]{title}[/]: {', '.join(shown)}", highlight=False)


def _why(item: dict[str, Any]) -> str:
    return item["reasons"][0]["source"].replace("_", " ")


def ids_of(answer: dict[str, Any]) -> list[str]:
    return [item["product_id"] for item in answer["items"]]


def count_in_category(answer: dict[str, Any], prefix: str) -> int:
    """Count the products of a category among the first six."""
    return sum(item["category"].startswith(prefix) for item in answer["items"][:6])


def tour(shop: ShopClient) -> None:
    """Follow one customer through the shop, and call every endpoint."""
    tent = open_the_shop(shop)
    look_around_as_a_guest(shop, tent)
    log_in(shop)
    fill_the_cart_and_buy(shop, tent)
    send_something_back(shop, tent)
    read_the_account(shop)
    use_keys(shop)
    leave(shop)


def open_the_shop(shop: ShopClient) -> str:
    """Look at what is the same for everybody; return the id of a tent."""
    console.rule("The shop: GET /health, /products/popular, trending, new; POST /products/update")
    status, health = shop.request("GET", "/health")
    check(f"{health['products']} products, and a trained model", holds=status == 200 and health["products"] >= 300)
    for kind in ("popular", "trending", "new"):
        show(kind, shop.request("GET", f"/products/{kind}")[1])
    _, tents = shop.request("GET", "/products/popular?category=outdoor/camping&days=365&limit=100")
    tent = next(item for item in tents["items"] if "tent" in item["name"])
    price = round(tent["price"] - 10, 2)
    changes = [{"product_id": tent["product_id"], "price": price}]
    status, _ = shop.request("POST", "/products/update", {"products": changes})
    _, details = shop.request("GET", f"/products/get-product/{tent['product_id']}")
    check(f"the {tent['name']} costs {price} now", holds=status == 200 and details["price"] == price)
    return tent["product_id"]


def look_around_as_a_guest(shop: ShopClient, tent: str) -> None:
    console.rule("A guest on a product page: POST /recommendations/process-browsing, GET /products/similar, bought-together")
    _, newcomers = shop.request("GET", f"/recommendations/{GUEST}?guest=true")
    check("an unknown visitor gets popular products", holds=newcomers["strategy"] == "popular")
    view = {"customer_id": GUEST, "guest": True, "product_id": tent}
    status, after_view = shop.request("POST", "/recommendations/process-browsing", view)
    show("for the guest, after a tent", after_view)
    check("one view personalises the list", holds=status == 201 and after_view["strategy"] == "personalised")
    check("most products are outdoor gear", holds=count_in_category(after_view, "outdoor/") >= 4)
    _, similar = shop.request("GET", f"/products/similar/{tent}")
    _, completing = shop.request("GET", f"/products/bought-together?product_id={tent}")
    show("similar", similar)
    show("bought together", completing)
    check(
        "what completes the tent is no alternative to it", holds=not set(ids_of(similar)[:3]) & set(ids_of(completing)[:3])
    )


def log_in(shop: ShopClient) -> None:
    console.rule("The guest logs in: POST /customer/create, update, add-address, remove-address, merge")
    new = {"customer_id": CUSTOMER, "email": "tour@example.com", "first_name": "Ada"}
    check("the customer is created", holds=shop.request("POST", "/customer/create", new)[0] == 201)
    status, problem = shop.request("POST", "/customer/create", new)
    check("the same id cannot be registered twice", holds=(status, problem["type"]) == (409, "urn:problem:customer-exists"))
    change = {"customer_id": CUSTOMER, "last_name": "Tour"}
    check("the name is corrected", holds=shop.request("POST", "/customer/update", change)[0] == 200)
    address = {"line1": "Elm Street 1", "city": "Bern", "postal_code": "3000", "country": "CH"}
    addresses = [address | {"kind": kind} for kind in ("shipping", "billing")]
    _, book = shop.request("POST", "/customer/add-address", {"customer_id": CUSTOMER, "addresses": addresses})
    removal = {"customer_id": CUSTOMER, "address_id": book["addresses"][1]["address_id"]}
    _, book = shop.request("POST", "/customer/remove-address", removal)
    check("of two addresses one is left", holds=len(book["addresses"]) == 1)
    merge = {"guest_id": GUEST, "customer_id": CUSTOMER}
    _, merged = shop.request("POST", "/customer/merge", merge)
    check("the view of the guest is one of the customer now", holds=merged["moved"]["browsing"] == 1)
    check("the same request again answers the same", holds=shop.request("POST", "/customer/merge", merge) == (200, merged))


def fill_the_cart_and_buy(shop: ShopClient, tent: str) -> None:
    console.rule("The cart and the order: POST /recommendations/for-page, process-purchase, POST /customer/update-behavior")
    cart = {"customer_id": CUSTOMER, "product_id": tent, "event_type": "cart", "event_id": "tour-cart"}
    shop.request("POST", "/recommendations/process-browsing", cart)
    lists = [
        {"name": "Goes well with your cart", "kind": "bought-together", "product_ids": [tent], "limit": 3},
        {"name": "For you", "kind": "for-customer", "limit": 3},
        {"name": "Bestsellers", "kind": "popular", "limit": 3},
    ]
    _, page = shop.request("POST", "/recommendations/for-page", {"customer_id": CUSTOMER, "lists": lists})
    for one in page["lists"]:
        show(one["name"], one)
    listed = [product_id for one in page["lists"] for product_id in ids_of(one)]
    check("no product is on the page twice", holds=len(set(listed)) == len(listed) == 9)
    items = [{"product_id": tent}, {"product_id": listed[0]}]
    order = {"customer_id": CUSTOMER, "order_id": "tour-order", "items": items}
    status, bought = shop.request("POST", "/recommendations/process-purchase", order)
    show("after the order", bought)
    check("the list is fresh, without what was bought", holds=status == 201 and not {tent, listed[0]} & set(ids_of(bought)))
    again = {"customer_id": CUSTOMER, "purchases": [{"order_id": "tour-order", "items": items}]}
    _, repeated = shop.request("POST", "/customer/update-behavior", again)
    check("an order that is sent again counts once", holds=repeated["seen_before"]["purchases"] == 1)
    shop.request("GET", f"/recommendations/{CUSTOMER}")
    _, stored = shop.request("GET", f"/recommendations/{CUSTOMER}")
    check("the next request reuses the stored list", holds=stored["cached"])
    _, cheap = shop.request("GET", f"/recommendations/{CUSTOMER}?category=outdoor&max_price=50")
    passing = all(item["category"].startswith("outdoor/") and item["price"] <= 50 for item in cheap["items"])
    check("all products pass the filters", holds=passing and bool(cheap["items"]))


def send_something_back(shop: ShopClient, tent: str) -> None:
    console.rule("A return: POST /customer/amend-order")
    amendment = {"customer_id": CUSTOMER, "order_id": "tour-order", "items": [{"product_id": tent}]}
    status, left = shop.request("POST", "/customer/amend-order", amendment)
    back = left["returned"][0]["product_id"]
    check("one of two products went back", holds=status == 200 and len(left["items"]) == 1)
    _, recommended = shop.request("GET", f"/recommendations/{CUSTOMER}?limit=100&seen=include")
    check("what went back is not recommended again", holds=back not in ids_of(recommended))


def read_the_account(shop: ShopClient) -> None:
    console.rule("The account: GET /customer/get-profile; errors")
    _, profile = shop.request("GET", f"/customer/get-profile/{CUSTOMER}")
    interest = profile["category_interests"][0]["category"]
    check(f"one order, and the largest interest is {interest}", holds=profile["activity"]["orders"] == 1)
    status, problem = shop.request("POST", "/recommendations/process-browsing", {"customer_id": CUSTOMER, "product_id": 5})
    pointer = problem["errors"][0]["pointer"]
    check(f"an error points to the wrong field: {pointer}", holds=(status, pointer) == (400, "#/product_id"))
    status, problem = shop.request("GET", "/recommendations/nobody")
    check("an unknown customer gives 404", holds=(status, problem["type"]) == (404, "urn:problem:customer-not-found"))


def use_keys(shop: ShopClient) -> None:
    console.rule("Keys")
    unknown, storefront = shop.with_key("guessed"), shop.with_key(STOREFRONT_KEY)
    check("an unknown key is refused", holds=unknown.request("GET", f"/recommendations/{CUSTOMER}")[0] == 401)
    status, answer = storefront.request("GET", f"/recommendations/{CUSTOMER}?limit=1")
    reasons = [reason for item in answer["items"] for reason in item["reasons"]]
    is_reduced = "segment" not in answer and all(reason.keys() == {"source", "share"} for reason in reasons)
    check("a storefront key gets lists without the segment and the causes of reasons", holds=status == 200 and is_reduced)
    check("it cannot read profiles", holds=storefront.request("GET", f"/customer/get-profile/{CUSTOMER}")[0] == 403)


def leave(shop: ShopClient) -> None:
    console.rule("The customer leaves: GET /customer/export, DELETE /customer/erase")
    _, exported = shop.request("GET", f"/customer/export/{CUSTOMER}")
    check("the export has the order", holds=exported["purchases"][0]["order_id"] == "tour-order")
    check("the customer is erased", holds=shop.request("DELETE", f"/customer/erase/{CUSTOMER}")[0] == 204)
    check("nothing is left to export", holds=shop.request("GET", f"/customer/export/{CUSTOMER}")[0] == 404)
    for late in (CUSTOMER, GUEST):
        view = {"customer_id": late, "guest": True, "product_id": exported["browsing"][0]["product_id"]}
        status, _ = shop.request("POST", "/recommendations/process-browsing", view)
        check(f"a late event of {late} does not bring it back", holds=status == 404)


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
