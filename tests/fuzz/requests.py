"""Almost valid requests; seed and number determine a request, so any finding can be repeated."""

import json
import random
from urllib.parse import quote

from msgspec import Struct

from tests.fuzz.pieces import HEADER_NAMES, HEADER_VALUES, LITERALS, METHODS, NUMBERS, PATHS, TARGET_PARTS, TEXTS

CUSTOMERS = (
    "c-1", "c-2", "c-3", "#canary-1001", "gid://canary/Customer/5", "Canary 12/3", "größe-canary", "canary+1@example.com",
)  # fmt: skip
TO_ERASE = (*(f"x-{number}" for number in range(200)), *(f"canary/%3F ?/{number}" for number in range(200)))
"""Customers that requests erase."""
GUESTS = ("g-canary-1", "canary/guest 2", "größe-canary-3")
"""Customers whom events register as guests."""
PRODUCTS = ("p-1", "p-2", "p-3", "p-4", "#1001", "gid://shopify/Product/6", "SKU 12/3", "größe-42")

EVENT_TYPES = ("view", "cart", "cart", "wishlist", "remove_from_cart", "remove_from_wishlist")

Headers = list[tuple[bytes, bytes]]


class FuzzedRequest(Struct, frozen=True, kw_only=True):
    """A request on the wire; if `ends` is False, the client disconnects after the body `parts`."""

    method: str
    target: bytes
    headers: Headers
    parts: list[bytes]
    ends: bool


def fuzzed_request(number, *, seed, identities=((),)):
    """Return the `number`-th request of a seed, with the headers of one of the `identities`."""
    rng = random.Random(f"{seed}-{number}")
    path = rng.choice(PATHS)
    has_body = rng.random() < 0.9 if path in PATHS[:15] else rng.random() < 0.1
    body = _body(rng, path) if has_body else b""
    usual_method = "POST" if has_body else "DELETE" if "erase" in path or "remove/" in path else "GET"
    method = rng.choice(METHODS) if rng.random() < 0.05 else usual_method
    headers = [(b"host", b"127.0.0.1:8000"), *([(b"content-type", b"application/json")] if has_body else [])]
    return FuzzedRequest(
        method=method,
        target=_target(rng, path),
        headers=_mutate_headers(rng, [*headers, *rng.choice(identities)]),
        parts=_parts(rng, body),
        ends=rng.random() > 0.01,
    )


def valid_body(rng, path):
    """Return a valid body for an endpoint."""
    customer_id, product_id = rng.choice(CUSTOMERS), rng.choice(PRODUCTS)
    view = {"product_id": product_id, "event_type": rng.choice(EVENT_TYPES), "dwell_seconds": 2.5}
    order = {"items": [{"product_id": product_id, "quantity": rng.randint(1, 3), "unit_price": 9.95}], "currency": "EUR"}
    event_id = f"e-{rng.randint(1, 20)}"
    rule = {"rule_id": f"r-{rng.randint(1, 9)}", "name": "Canary sale", "action": "boost", "strength": rng.randint(1, 5),
            "target": rng.choice([{"product_ids": [product_id]}, {"category": ["home"], "attributes": {"size": [42]}}]),
            "where": {"kinds": ["for-customer", "popular"], "segments": ["Premium"], "placements": ["cart"]},
            "from": "2026-01-01T10:00:00Z", "status": rng.choice(["draft", "live"])}  # fmt: skip
    guest = {"customer_id": rng.choice([customer_id, *GUESTS]), "guest": True}
    return {
        "/rules/save": rule,
        "/experiments/save": {
            "experiment_id": rng.choice(("e-1", "e-2")), "name": "Canary",
            "arms": [{"name": "a"}, {"name": "b", "share": 2, "popular": rng.random() < 0.5}],
            "status": rng.choice(("draft", "live", "ended")),
        },
        "/rules/preview": {"rule": rule, "customer_ids": [customer_id], "limit": 3},
        "/customer/create": {"email": f"{rng.randint(1, 60)}@canary.ch", "first_name": "Canary", "last_name": "Canary",
                             "phone": "canary-12345", "segment": "Budget"},
        "/customer/add-address": {"customer_id": customer_id, "addresses": [
            {"kind": "billing", "line1": "Canary 1", "city": "Canaryville", "postal_code": "CANARY-3000", "country": "CH"}]},
        "/customer/update": {"customer_id": customer_id, "phone": None, "email": f"{rng.randint(1, 60)}@canary.ch",
                             "segment": rng.choice([None, "Premium"]), "profiling": rng.random() < 0.5},
        "/customer/remove-address": {"customer_id": customer_id, "address_id": "canary"},
        "/customer/amend-order": {"customer_id": customer_id, "order_id": event_id,
                                  "items": [{"product_id": product_id}] * rng.randint(0, 2)},
        "/customer/update-behavior": {"customer_id": customer_id, "browsing": [view | {"event_id": event_id}],
                                      "purchases": [order]},
        "/customer/issue-token": {"customer_id": rng.choice([customer_id, *GUESTS]), "guest": rng.random() < 0.5,
                                  "ttl_seconds": 60},
        "/customer/merge": {"guest_id": rng.choice(GUESTS), "customer_id": customer_id},
        "/products/update": {"products": [
            {"product_id": product_id, "price": 9.95, "in_stock": rng.randint(-1, 3), "tags": ["new"],
             "aliases": [f"a-{product_id}"], "attributes": {"colour": "red", "size": 42, "is_new": True}},
            {"product_id": f"n-{rng.randint(1, 50)}", "brand": None}]},
        "/recommendations/for-page": guest | {"seen": "few", "lists": [
            {"name": "for-you", "kind": "for-customer", "limit": 3, "category": ["home"]},
            {"name": "cart", "kind": "bought-together", "product_ids": [product_id], "min_items": rng.randint(0, 3)},
            {"name": "home", "kind": rng.choice(["popular", "trending", "new"]), "max_price": 20.0, "exclude": [product_id],
             "attributes": {"colour": ["red", 42, True]}}]},
        "/recommendations/record-impressions": {"impressions": [
            {"recommendation_id": rng.choice(["x", "AAAA", "é"]), "product_ids": [product_id]}] * rng.randint(1, 3)},
        "/recommendations/process-browsing": guest | {"occurred_at": "2026-01-01T10:00:00Z"} | view,
        "/recommendations/process-purchase": {"customer_id": customer_id, "order_id": event_id,
                                              "unknown_products": rng.choice(["refuse", "create"])} | order,
    }.get(path, {})  # fmt: skip


def _body(rng, path):
    document = valid_body(rng, path)
    for _ in range(rng.choice([0, 1, 1, 2, 5])):
        _mutate_member(rng, document)
    body = json.dumps(document, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
    if rng.random() < 0.4:
        for _ in range(rng.choice([1, 1, 2, 4, 32])):
            body = _mutate_bytes(rng, body)
    if rng.random() < 0.02:
        body = rng.choice(
            [body.decode("utf-8", "replace").encode("utf-16"), b"\xef\xbb\xbf" + body, rng.randbytes(200), b""]
        )
    return body


def _mutate_member(rng, document):
    """Change, rename, add or remove one random member of a document."""
    node = document
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return
        key = rng.choice(keys)
        if not isinstance(node[key], dict | list) or rng.random() < 0.2:
            break
        node = node[key]
    match rng.randrange(5):
        case 0:
            del node[key]
        case 1 if isinstance(node, dict):
            node[rng.choice(TEXTS)] = node[key]
        case 2 if isinstance(node, list):
            node.extend([node[key]] * rng.choice([1, 100, 500]))
        case _:
            node[key] = _value(rng)


def _value(rng, depth=0):
    match rng.randrange(9):
        case 0 | 1 | 2:
            return rng.choice(TEXTS)
        case 3 | 4 | 5:
            return rng.choice(NUMBERS)
        case 6:
            return rng.choice([None, True, False])
        case 7 if depth < 20:
            return [_value(rng, depth + 1) for _ in range(rng.randint(0, 2))]
        case _ if depth < 20:
            return {rng.choice(TEXTS[:12]): _value(rng, depth + 1) for _ in range(rng.randint(0, 2))}
    return None


def _mutate_bytes(rng, body):
    begin, end = sorted(rng.randint(0, len(body)) for _ in range(2))
    match rng.randrange(6):
        case 0:
            return body[:begin] + rng.choice(LITERALS) + body[begin:]
        case 1:
            return body[:begin] + bytes([rng.randrange(256)]) + body[begin + 1 :]
        case 2:
            return body[:begin] + body[min(end, begin + 4) :]
        case 3:
            return body[:begin]
        case 4:
            return body[:end] + body[begin:]
        case _:
            return body[:begin] + rng.choice(LITERALS) + body[min(end, begin + 8) :]


def _target(rng, path):
    ids = TO_ERASE if "erase" in path else PRODUCTS if path.startswith("/products") else CUSTOMERS
    target = path.format(quote(rng.choice(ids), safe="")).encode()
    if "{}" in path and rng.random() < 0.3:
        text = rng.choice(TEXTS)[:9000].encode("utf-8", "surrogatepass")
        target = path.format("").encode() + (
            quote(text, safe=rng.choice(["/", ""])).encode() if rng.random() < 0.8 else text
        )
    if rng.random() < 0.3:
        target += b"?" + b"".join(rng.choice(TARGET_PARTS) for _ in range(rng.randint(0, 3)))
    if rng.random() < 0.1:
        place = rng.randint(1, len(target))
        target = target[:place] + rng.choice(TARGET_PARTS) + target[place:]
    return target


def _mutate_headers(rng, headers):
    if rng.random() < 0.15:
        for _ in range(rng.randint(1, 3)):
            headers.insert(rng.randint(0, len(headers)), (rng.choice(HEADER_NAMES), rng.choice(HEADER_VALUES)))
    if rng.random() < 0.03:
        headers.pop(rng.randrange(len(headers)))
    return headers


def _parts(rng, body):
    if rng.random() < 0.9:
        return [body]
    cuts = sorted(rng.randint(0, len(body)) for _ in range(rng.randint(1, 5)))
    return [body[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
