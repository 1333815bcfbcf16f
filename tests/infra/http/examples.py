"""Paths, keys and valid bodies that the tests of inputs start from, and the check of an error response."""

CREATE = "/customer/create"
ADDRESS = "/customer/add-address"
UPDATE = "/customer/update-behavior"
CHANGE = "/customer/update"
REMOVE_ADDRESS = "/customer/remove-address"
AMEND = "/customer/amend-order"
BROWSE = "/recommendations/process-browsing"
BUY = "/recommendations/process-purchase"
MERGE = "/customer/merge"
ISSUE = "/customer/issue-token"
UPDATE_PRODUCTS = "/products/update"
PAGE = "/recommendations/for-page"
SEEN = "/recommendations/record-impressions"
POSTS = (CREATE, ADDRESS, UPDATE, MERGE, ISSUE, BROWSE, BUY, CHANGE, REMOVE_ADDRESS, AMEND, UPDATE_PRODUCTS, PAGE, SEEN)
LIST = "/recommendations/c-1"
PROFILE = "/customer/get-profile/c-1"
EXPORT = "/customer/export/c-1"
ERASE = "/customer/erase/c-1"
PRODUCT = "/products/get-product"

KEYS = {"backend": "b" * 43, "storefront": "s" * 43}
BACKEND_HEADER = ("authorization", f"Bearer {KEYS['backend']}")
JSON = {"content-type": "application/json"}
RETENTION_DAYS = 730

AN_ADDRESS = {"kind": "shipping", "line1": "Canary 1", "city": "Canaryville", "postal_code": "CANARY-3000", "country": "CH"}
A_PURCHASE = {"customer_id": "c-1", "items": [{"product_id": "p-1", "quantity": 1, "unit_price": 1.5}]}
A_VIEW = {"customer_id": "c-1", "product_id": "p-1"}

STATUS = {
    "empty-body": 400, "malformed-json": 400, "validation": 400, "json-too-deep": 400, "duplicate-key": 400,
    "too-many-items": 400, "not-found": 404, "customer-not-found": 404, "product-not-found": 404,
    "order-not-found": 404, "address-not-found": 404, "rule-not-found": 404,
    "experiment-not-found": 404, "experiment-refused": 409,
    "more-than-bought": 409, "merge-refused": 409, "token-refused": 409,
    "method-not-allowed": 405, "request-timeout": 408, "email-taken": 409, "customer-exists": 409, "body-too-large": 413,
    "unsupported-media-type": 415, "unsupported-encoding": 415, "event-id-reused": 422,
    "event-too-old": 400, "unauthorized": 401, "forbidden": 403, "rate-limited": 429,
}  # fmt: skip


def assert_problem(response, slug):
    assert response.status_code == STATUS[slug], response.text
    assert response.headers["content-type"] == "application/problem+json"
    if response.request.method != "HEAD":
        problem = response.json()
        assert problem["type"] == f"urn:problem:{slug}", response.text
        assert problem["status"] == response.status_code


async def stored_state(send):
    profile = (await send("GET", PROFILE)).json()
    return profile["customer"], profile["addresses"], profile["activity"]
