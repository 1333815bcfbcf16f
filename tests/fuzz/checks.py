"""What must hold for every answer, whatever was asked."""

import json
import re
from pathlib import Path

PUBLISHED = frozenset(
    re.findall(r"^## `([a-z-]+)`$", (Path(__file__).parents[2] / "docs" / "problems.md").read_text("utf-8"), re.MULTILINE)
)
LEAK = re.compile(
    rb'Traceback|File "|\.py\b|site-packages|/usr/|/home/|/tmp/|/dev/shm|/var/|0x[0-9a-f]{6}'
    rb"|(?i:sqlite|postgres|asyncpg|litestar|msgspec|mangum|granian|numpy|uvloop|starlette|pydantic)"
    rb"|(?i:\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|JOIN|WHERE|PRAGMA)\b)"
    rb"|customer_profiles|customer_addresses|browsing_history|purchase_history|product_catalog|customer_recommendations"
)


def faults(asked, answer):
    """Name what is wrong with an answer; nothing is, where the list is empty."""
    found = []
    if not 200 <= answer.status < 500:
        found.append(f"status {answer.status}")
    if answer.status >= 400 and asked.method != "HEAD":
        found += _faults_of_problem(answer)
    if _says_more_than_it_may(asked, answer):
        found.append("a leak")
    length = answer.headers.get(b"content-length")
    if length is not None and asked.method != "HEAD" and int(length) != len(answer.body):
        found.append("a wrong length")
    return found


def _faults_of_problem(answer):
    if answer.headers.get(b"content-type") != b"application/problem+json":
        return ["no problem+json"]
    try:
        problem = json.loads(answer.body)
    except ValueError:
        return ["no JSON"]
    found = []
    if problem.get("type", "").removeprefix("urn:problem:") not in PUBLISHED:
        found.append("an unpublished type")
    if problem.get("status") != answer.status or not problem.get("title"):
        found.append("a problem that is not whole")
    return found


def _says_more_than_it_may(asked, answer):
    # The documentation's own files say "update" and "select"; they hold nothing of a request.
    if asked.target.startswith(b"/schema") and answer.status == 200:
        return False
    return any(LEAK.search(part) for part in (answer.body, *answer.headers.values()))
