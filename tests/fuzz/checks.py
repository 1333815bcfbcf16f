"""Checks that every response must pass."""

import json
import re
from pathlib import Path

PUBLISHED = frozenset(
    re.findall(r"^## `([a-z-]+)`$", (Path(__file__).parents[2] / "docs" / "problems.md").read_text("utf-8"), re.MULTILINE)
)
LEAK = re.compile(
    rb'Traceback|File "|\.py\b|site-packages|/usr/|/home/|/tmp/|/dev/shm|/var/|0x[0-9a-f]{6}'
    rb"|(?i:sqlite|postgres|asyncpg|litestar|msgspec|mangum|granian|numpy|uvloop|starlette|pydantic)"
    # Rules have a member `where`; statements have it in capitals.
    rb"|(?i:\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|JOIN|PRAGMA)\b)|\bWHERE\b"
    rb"|customer_profiles|customer_addresses|browsing_history|purchase_history|product_catalog|customer_recommendations"
    rb"|customer_histories"
)
RANDOM = re.compile(rb'"(?:recommendation_id|token)":"[\w.-]*"')


def faults(request, response):
    """Return the faults of a response to a request; an empty list for a correct one."""
    names = []
    if not 200 <= response.status < 500:
        names.append(f"status {response.status}")
    if response.status >= 400 and request.method != "HEAD":
        names += _problem_faults(response)
    if _leaks(request, response):
        names.append("a leak")
    length = response.headers.get(b"content-length")
    if length is not None and request.method != "HEAD" and int(length) != len(response.body):
        names.append("a wrong length")
    return names


def _problem_faults(response):
    if response.headers.get(b"content-type") != b"application/problem+json":
        return ["no problem+json"]
    try:
        problem = json.loads(response.body)
    except ValueError:
        return ["no JSON"]
    names = []
    if problem.get("type", "").removeprefix("urn:problem:") not in PUBLISHED:
        names.append("an unpublished type")
    if problem.get("status") != response.status or not problem.get("title"):
        names.append("an incomplete problem")
    return names


def _leaks(request, response):
    # The documentation page contains words like "update" and "select", and nothing from a request.
    if request.target.startswith(b"/schema") and response.status == 200:
        return False
    # Ids and tokens are random text: a few in a million have such a word.
    body = RANDOM.sub(b"", response.body)
    return any(LEAK.search(part) for part in (body, *response.headers.values()))
