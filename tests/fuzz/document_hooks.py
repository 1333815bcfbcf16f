"""What schemathesis is told about the shop: ids that exist, and rules that the OpenAPI document cannot say.

Named by SCHEMATHESIS_HOOKS. Only requests that should be accepted are touched; what should be refused is sent as generated.
"""

from functools import partial
from zlib import crc32

import schemathesis
from schemathesis import GenerationMode

from tests.fuzz.checks import faults
from tests.fuzz.requests import CUSTOMERS, PRODUCTS, FuzzedRequest
from tests.fuzz.shop import Answer

LONG_AGO = "2026-01-01T10:00:00Z"
SEEDED = {"customer_id": CUSTOMERS, "product_id": PRODUCTS}


@schemathesis.hook
def before_call(ctx, case, kwargs):
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return
    if isinstance(case.body, dict):
        case.body = _acceptable(case.body, is_new_customer=case.operation.path == "/customer/create")
        if case.operation.path == "/customer/update-behavior" and not (
            case.body.get("browsing") or case.body.get("purchases")
        ):
            case.body["browsing"] = [{"product_id": PRODUCTS[0]}]
    if "category" in case.query:
        # It makes one that is longer than the document allows, where there is a pattern.
        case.query["category"] = case.query["category"][:200]
    low, high = (case.query.get(name) for name in ("min_price", "max_price"))
    if low is not None and high is not None:
        case.query["min_price"], case.query["max_price"] = sorted([low, high], key=float)


@schemathesis.check
def the_answer_is_clean(ctx, response, case):
    asked = FuzzedRequest(method=case.method, target=case.operation.path.encode(), headers=[], parts=[], ends=True)
    headers = {name.encode(): values[0].encode() for name, values in response.headers.items()}
    found = faults(asked, Answer(status=response.status_code, headers=headers, body=response.content or b""))
    assert not found, found


def _acceptable(value, *, is_new_customer):
    """Put in ids of the shop, ids of events that are new, integers for 1.0, prices in cents, and instants that have been."""
    if isinstance(value, list):
        return [_acceptable(element, is_new_customer=is_new_customer) for element in value]
    if not isinstance(value, dict):
        return int(value) if isinstance(value, float) and value.is_integer() else value
    members = {name: _acceptable(member, is_new_customer=is_new_customer) for name, member in value.items()}
    fixed = {
        "occurred_at": lambda _: LONG_AGO,
        "unit_price": lambda price: round(price, 2),
        "event_id": lambda _: f"e-{crc32(repr(members).encode())}",
        "order_id": lambda _: f"o-{crc32(repr(members).encode())}",
    }
    if not is_new_customer:
        fixed |= {name: partial(_one_of, ids) for name, ids in SEEDED.items()}
    return members | {name: fix(members[name]) for name, fix in fixed.items() if name in members}


def _one_of(ids, generated):
    return ids[crc32(generated.encode()) % len(ids)]
