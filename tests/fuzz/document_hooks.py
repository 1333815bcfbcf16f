"""Hooks for schemathesis: ids that exist in the shop, and rules that an OpenAPI document cannot express.

SCHEMATHESIS_HOOKS names this module. It changes only requests that should be valid, not those that should be rejected.
"""

from functools import partial
from urllib.parse import quote, unquote
from zlib import crc32

import schemathesis
from schemathesis import GenerationMode

from infra.http.examples import EXAMPLES
from tests.fuzz.checks import faults
from tests.fuzz.requests import CUSTOMERS, PRODUCTS, TO_ERASE, FuzzedRequest
from tests.fuzz.shop import Response

PAST = "2026-01-01T10:00:00Z"
USED_ONCE = [
    (name, example.body[name])
    for example in EXAMPLES["create_customer"].examples
    for name in ("customer_id", "email")
    if name in example.body
]
EXISTING_IDS = {"customer_id": CUSTOMERS, "product_id": PRODUCTS}


@schemathesis.hook
def before_call(ctx, case, kwargs):
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return
    if isinstance(case.body, dict):
        if case.operation.path == "/customer/create":
            # The id and the e-mail address of an example can be used only once.
            case.body = {name: value for name, value in case.body.items() if (name, value) not in USED_ONCE}
        case.body = _valid(case.body, is_new_customer=case.operation.path == "/customer/create")
        if case.operation.path == "/customer/update-behavior" and not (
            case.body.get("browsing") or case.body.get("purchases")
        ):
            case.body["browsing"] = [{"product_id": PRODUCTS[0]}]
        if case.operation.path == "/products/update":
            case.body["products"] = list(
                {item["product_id"]: item | {"aliases": []} for item in case.body["products"]}.values()
            )
    if case.operation.path == "/customer/erase/{customer_id}":
        # Schemathesis learns ids from answers; the customers of all other requests must stay.
        customer_id = unquote(case.path_parameters["customer_id"])
        if customer_id in CUSTOMERS:
            case.path_parameters["customer_id"] = quote(_choose(TO_ERASE, customer_id), safe="")
    _fit_query(case.query)


def _fit_query(query):
    for name in ("category", "brand", "tag"):
        if name in query:
            # With a pattern, schemathesis generates values longer than `maxLength`.
            query[name] = [value[:200] for value in query[name]]
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
