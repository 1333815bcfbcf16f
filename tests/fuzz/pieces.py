"""Fragments of unusual requests."""

# fmt: off
PATHS = (
    "/recommendations/record-impressions",
    "/rules/save", "/rules/preview", "/experiments/save",
    "/customer/create", "/customer/add-address", "/customer/update-behavior", "/recommendations/process-browsing",
    "/recommendations/process-purchase", "/customer/merge", "/customer/update", "/customer/remove-address",
    "/customer/amend-order", "/products/update", "/recommendations/for-page", "/customer/issue-token",
    "/recommendations/{}", "/recommendations/buy-again/{}", "/recommendations/recently-viewed/{}",
    "/recommendations/why-not/{}", "/reports/health-of-data",
    "/products/get-product/{}", "/customer/get-profile/{}", "/customer/export/{}", "/customer/erase/{}",
    "/rules/remove/{}", "/rules/list", "/experiments/remove/{}", "/experiments/list", "/experiments/report/{}",
    "/products/similar/{}", "/products/bought-together", "/products/popular", "/products/trending", "/products/new",
    "/reports/placements",
    "/health", "/schema", "/schema/openapi.json", "/recommend.js",
)
METHODS = (
    "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "FOO", "get", "",
)
TEXTS = (
    "", " ", "x", "x" * 201, "x" * 70_000, "c-1", "p-1", "a\x00b", "a\nb", "\ud800", "\u202eadA", "👩🏽\u200d🚀", "é",
    "' OR 1=1--", "<script>", "${7*7}", "../../etc/passwd", "%00", "a@canary.ch", "CANARY@EXAMPLE.COM", "@", "Premium",
    "2026-01-01T10:00:00Z", "9999-12-31T23:59:59-14:00", "0000-00-00", "EUR", "CH", "view", "remove_from_cart", "create",
    "process-browsing", "buy-again", "why-not",
    "#1001", "gid://canary/1", "SKU 12/3", "a  b", "a ", "a\u00a0b", "a\u2028b", "e\u0301", "x" * 128, "é" * 129, "50%25",
    "+",
)
NUMBERS = (
    0, -1, 1, 100, 101, 2**31, 2**53, 2**63 - 1, 2**63, 2**64, -(2**63), 10**400, 0.1, 1.00001, -0.0, 1e308, 5e-324,
)
LITERALS = (
    b"NaN", b"Infinity", b"1e999", b"-", b"01", b"1.", b".5", b"null", b"true", b'"\\ud800"', b'"\\u0000"', b"{}",
    b"[]", b"[" * 40, b"{" * 40, b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\x00", b"/*", b",", b":",
    b'"', b"\\",
)
TARGET_PARTS = (
    b"%00", b"%ff", b"%", b"%2", b"%2f", b"%2F", b"%252F", b"%23", b"%3F", b"%25", b"%20", b"%20%20", b"%u0041",
    b"%2e%2e", b"..", b"//", b"/", b";", b"#", b"?", b"&", b"=", b"\xff",
    b"%c0%af", b"limit=5", b"&limit=abc", b"&limit=9" + b"9" * 5000, b"&category=home", b"&category=",
    b"&min_price=nan", b"&min_price=1e400", b"&max_price=-1", b"&exclude=p-1" * 101, b"&exclude=", b"a" * 9000, b"+",
    b"&brand=b", b"&tag=a%7Cb", b"&attribute.colour=red", b"&attribute.=1", b"&attribute.a%22b=1", b"&placement=cart",
    b"&limt=1",
    b"&seen=few", b"&seen=exclude", b"&seen=include", b"&seen=", b"[", b"{}", b"&limit=%F0%9F%9A%80", b"&limit=\xd9\xa1",
    b"&guest=true", b"&guest=", b"&days=7", b"&days=0", b"&from=2026-01-01", b"&to=2026-02-01T00:00:00Z", b"from=x",
    b"product_id=p-1", b"&product_id=%231001", b"&customer_id=c-1",
)
HEADER_VALUES = (
    b"", b"application/json", b"application/json; charset=utf-8", b"application/json; charset=utf-16", b"text/plain",
    b"application/json;charset=", b"multipart/form-data; boundary=x", b"application/x-www-form-urlencoded", b"gzip",
    b"identity", b"\xff\xfe", b"x" * 9000, b"-1", b"0", b"2", b"99999999999", b"9" * 5000, b"1e3", b"\xc2\xb2", b"*/*",
    b"a b", b"shop:x", b"[::1", b"chunked", b"bytes=0-1", b"c=d; e", b"null", b"%00", b'"', b"100-continue",
)
HEADER_NAMES = (
    b"content-type", b"content-length", b"content-encoding", b"transfer-encoding", b"host", b"accept", b"cookie",
    b"accept-language", b"x-forwarded-for", b"x-forwarded-host", b"x-http-method-override", b"range", b"expect",
    b"if-none-match", b"origin", b"authorization", b"x-request-id", b"connection", b"", b"x-\xff",
)
