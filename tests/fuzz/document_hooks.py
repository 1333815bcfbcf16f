"""Hooks for schemathesis: ids that exist in the shop, and rules that an OpenAPI document cannot express.

SCHEMATHESIS_HOOKS names this module. It makes requests that should be valid name what exists, leaves those that should be
rejected as they are, and lets neither erase the customers of all other requests. Each answer becomes a line of ANSWERS.
"""

import os
import re
from functools import partial
from pathlib import Path
from urllib.parse import quote, unquote
from zlib import crc32

import schemathesis
from msgspec.structs import replace
from schemathesis import GenerationMode

from domain.records.customers import Address, CustomerChange, address_id
from domain.records.interactions import OrderItem, Purchase
from domain.records.values import ID_PATTERN
from infra.http.examples import EXAMPLES
from tests.conftest import NOW
from tests.fuzz.checks import LEAK, faults
from tests.fuzz.requests import CUSTOMERS, PRODUCTS, TO_ERASE, FuzzedRequest
from tests.fuzz.shop import Response
from tests.invocations import AN_EXPERIMENT

ANSWERS = Path("answers.txt")
"""In the folder of the run: a method, a path and a status of each answer."""
PAST = "2026-01-01T10:00:00Z"
USED_ONCE = [
    (name, example.body[name])
    for example in EXAMPLES["create_customer"].examples
    for name in ("customer_id", "email")
    if name in example.body
]
NAMED = tuple(filter(None, [os.environ.get("ONLY_CUSTOMER")])) or CUSTOMERS
"""The customers whom valid requests name; with ONLY_CUSTOMER, that of a token."""
RULES = tuple(f"r-{number}" for number in range(9))
EXPERIMENTS = tuple(f"e-{number}" for number in range(30))
"""Experiments that are over, to report and to remove."""
EXISTING_IDS = {"customer_id": NAMED, "product_id": PRODUCTS, "rule_id": RULES, "experiment_id": EXPERIMENTS}
TO_MERGE = tuple(f"canary guest/{number}" for number in range(100))
MERGED_INTO = tuple(f"canary-member-{number}" for number in range(8))
"""The customers of merges. A request that erases a merged guest erases its customer, which must be none of CUSTOMERS."""
ADDRESS = Address(kind="shipping", line1="Canary 1", city="Canaryville", postal_code="CANARY-3000", country="CH")
ERASE, MERGE = "/customer/erase/{customer_id}", "/customer/merge"


async def add_what_requests_change(repository):
    """Add guests, and an order and an address of each customer, so that merges and corrections find something."""
    await repository.put_customers([CustomerChange(customer_id=name, is_guest=True) for name in TO_MERGE], now=NOW)
    await repository.put_customers([CustomerChange(customer_id=name) for name in MERGED_INTO], now=NOW)
    for name in EXPERIMENTS:
        await repository.save_experiment(replace(AN_EXPERIMENT, experiment_id=name), now=NOW, actor="local")
    items = tuple(OrderItem(product_id=name, quantity=100_000) for name in PRODUCTS)
    for name in CUSTOMERS:
        await repository.add_addresses(name, [ADDRESS])
        await repository.record([Purchase(customer_id=name, order_id=_order_of(name), items=items)], now=NOW)


@schemathesis.hook
def before_call(ctx, case, kwargs):
    if case.meta is not None and case.meta.generation.mode == GenerationMode.POSITIVE:
        _name_what_exists(case)
    _spare_customers(case)


@schemathesis.hook
def after_call(ctx, case, response):
    with ANSWERS.open("a") as file:
        file.write(f"{case.method} {case.operation.path} {response.status_code}\n")


def _name_what_exists(case):
    path = case.operation.path
    if isinstance(case.body, dict):
        case.body = _valid(case.body, is_new_customer=path == "/customer/create")
        case.body |= FITTED.get(path, lambda _: {})(case.body)
        if path == "/customer/create":
            # The id and the e-mail address of an example can be used only once.
            case.body = {name: value for name, value in case.body.items() if (name, value) not in USED_ONCE}
    for name, ids in EXISTING_IDS.items():
        if name in case.path_parameters:
            known = _mostly(TO_ERASE if path == ERASE else ids, unquote(case.path_parameters[name]))
            case.path_parameters[name] = quote(known, safe="")
    _fit_query(case.query)


def _with_an_event(body):
    return {} if body.get("browsing") or body.get("purchases") else {"browsing": [{"product_id": PRODUCTS[0]}]}


def _with_products_once(body):
    return {"products": list({item["product_id"]: item | {"aliases": []} for item in body["products"]}.values())}


def _fit_rule(rule):
    """Remove what an action cannot have, and return what it needs."""
    target = rule["target"]
    for name, actions in (("position", {"pin"}), ("strength", {"boost", "bury"})):
        if rule["action"] not in actions:
            rule.pop(name, None)
    if rule["action"] == "pin" or target.get("product_ids"):
        product_ids = [_choose(PRODUCTS, name) for name in target.get("product_ids", [])] or [PRODUCTS[0]]
        target = {"product_ids": product_ids}
    else:
        low, high = target.get("min_price"), target.get("max_price")
        if low is not None and high is not None:
            target = target | {"min_price": min(low, high), "max_price": max(low, high)}
        target = {"category": ["home"]} | target
        target["category"] = target["category"] or ["home"]
    needed = {"pin": {"position": 1}, "boost": {"strength": 1}, "bury": {"strength": 1}}.get(rule["action"], {})
    dates = {"from": PAST, "until": "2099-01-01T00:00:00Z"}
    return needed | {name: rule[name] for name in needed if name in rule} | {"target": target} | dates


def _fit_preview(body):
    """Remove what a preview cannot have beside other members, and return what it needs."""
    customer_ids = [_choose(NAMED, name) for name in body.get("customer_ids", [])]
    if customer_ids:
        body.pop("sample", None)
    if "rule" not in body:
        return {"customer_ids": customer_ids, "rule_id": body.get("rule_id", RULES[0])}
    body.pop("rule_id", None)
    rule = body["rule"]
    fitted = _fit_rule(rule)
    return {"customer_ids": customer_ids, "rule": rule | fitted}


def _fit_experiment(body):
    """Return what makes a draft that no other experiment or rule stands in the way of."""
    arms = [{"name": f"arm-{place}", "share": arm.get("share", 1)} for place, arm in enumerate(body["arms"])]
    return {"status": "draft", "arms": arms, "from": PAST, "until": "2099-01-01T00:00:00Z"}


FITTED = {
    "/experiments/save": _fit_experiment,
    "/customer/update-behavior": _with_an_event,
    "/products/update": _with_products_once,
    "/rules/save": _fit_rule,
    "/rules/preview": _fit_preview,
    "/recommendations/for-page": lambda body: {"customer_id": NAMED[0], "lists": _fitted(body["lists"])},
    "/recommendations/record-impressions": lambda body: {
        "impressions": [
            shown | {"product_ids": [_mostly(PRODUCTS, name) for name in shown["product_ids"]]}
            for shown in body["impressions"]
        ]
    },
    MERGE: lambda body: {"guest_id": _mostly(TO_MERGE, body["guest_id"])},
    "/customer/amend-order": lambda body: {"order_id": _mostly([_order_of(body["customer_id"])], body["order_id"])},
    "/customer/remove-address": lambda body: {
        "address_id": _mostly([address_id(body["customer_id"], ADDRESS)], body["address_id"])
    },
}
"""The members that a body must have by path, as a function of the body: what the document cannot express."""


def _spare_customers(case):
    """Keep the customers of all other requests, of whom schemathesis learns from answers, also in requests with a fault."""
    if case.operation.path == ERASE:
        customer_id = unquote(str(case.path_parameters["customer_id"]))
        if customer_id in CUSTOMERS:
            case.path_parameters["customer_id"] = quote(_choose(TO_ERASE, customer_id), safe="")
    if case.operation.path == MERGE and isinstance(case.body, dict) and case.body.get("customer_id") in CUSTOMERS:
        case.body = case.body | {"customer_id": _choose(MERGED_INTO, case.body["customer_id"])}


def _order_of(customer_id):
    return f"to-amend {customer_id}"


def _fit_query(query):
    for name in ("category", "brand", "tag"):
        if name in query:
            # With a pattern, schemathesis generates values longer than `maxLength`.
            query[name] = [value[:200] for value in query[name]]
    for name, ids in EXISTING_IDS.items():
        if isinstance(query.get(name), list):
            query[name] = [_mostly(ids, value) for value in query[name]]
        elif name in query:
            query[name] = _mostly(ids, query[name])
    if query.keys() & {"from", "to"}:
        query |= {"from": PAST, "to": "2026-02-01T00:00:00Z"}
    if "exclude" in query:
        query["exclude"] = [value for value in query["exclude"] if _is_id(value)]
    if "placement" in query:
        query["placement"] = query["placement"][:64]
    low, high = (query.get(name) for name in ("min_price", "max_price"))
    if low is not None and high is not None:
        query["min_price"], query["max_price"] = sorted([low, high], key=float)


@schemathesis.check
def response_is_clean(ctx, response, case):
    request = FuzzedRequest(method=case.method, target=case.operation.path.encode(), headers=[], parts=[], ends=True)
    headers = {name.encode(): values[0].encode() for name, values in response.headers.items()}
    names = faults(request, Response(status=response.status_code, headers=headers, body=response.content or b""))
    assert not names, names


def _valid(value, *, is_new_customer, customer_id=None):
    """Replace ids by existing ones, event ids by new ones, 1.0 by 1, prices by rounded ones and instants by past ones.

    An event id is made from the event and its customer: the same event of another customer has another id.
    """
    if isinstance(value, list):
        return [_valid(element, is_new_customer=is_new_customer, customer_id=customer_id) for element in value]
    if isinstance(value, str):
        # Hypothesis takes words from the code, such as names of tables: an answer that repeats them would seem to leak.
        return LEAK.sub(b"word", value.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")
    if not isinstance(value, dict):
        return int(value) if isinstance(value, float) and value.is_integer() else value
    customer_id = value.get("customer_id", customer_id)
    members = {
        name: _valid(member, is_new_customer=is_new_customer, customer_id=customer_id) for name, member in value.items()
    }
    content = f"{customer_id} {members!r}".encode()
    fixes = {
        "occurred_at": lambda _: PAST,
        "created_at": lambda _: PAST,
        "unit_price": lambda price: round(price, 2),
        "price": lambda price: price and round(price, 2),
        "event_id": lambda _: f"e-{crc32(content)}",
        "order_id": lambda _: f"o-{crc32(content)}",
    }
    if not is_new_customer:
        fixes |= {name: partial(_choose, ids) for name, ids in EXISTING_IDS.items()}
    return members | {name: fix(members[name]) for name, fix in fixes.items() if name in members}


def _choose(ids, generated):
    return ids[crc32(generated.encode()) % len(ids)]


def _mostly(ids, generated):
    """Return one of the ids, or in a quarter of the cases the generated one."""
    return _choose(ids, generated) if crc32(generated.encode()) % 4 or not _is_id(generated) else generated


def _is_id(generated):
    """Return whether an id has none of the characters that the patterns of the document cannot exclude."""
    return re.match(ID_PATTERN, generated) is not None


def _fitted(lists):
    """Return lists of a page that have what their kind needs, and nothing that it cannot have."""
    return [_fitted_list(one, number) for number, one in enumerate(lists)]


def _fitted_list(one, number):
    one = one | {"name": f"{one['name'][:60]} {number}"}
    of_products = {"similar": 1, "bought-together": 20}.get(one["kind"], 0)
    one["product_ids"] = [_mostly(PRODUCTS, name) for name in [*one.get("product_ids", []), PRODUCTS[0]]][:of_products]
    if "exclude" in one:
        one["exclude"] = [name for name in one["exclude"] if _is_id(name)]
    one["min_items"] = min(one.get("min_items", 0), one.get("limit", 10))
    if one["kind"] != "popular":
        one.pop("days", None)
    if "min_price" in one and "max_price" in one:
        one["min_price"], one["max_price"] = sorted([one["min_price"], one["max_price"]])
    return one
