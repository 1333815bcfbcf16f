"""Almost valid requests get a correct response; `make fuzz` sends more of them."""

import logging

import pytest

from infra.http import problems
from tests.fuzz.requests import FuzzedRequest, fuzzed_request
from tests.fuzz.run import faults_of_database, fuzz
from tests.fuzz.shop import fuzzed_shop, send_request

SEED = "tests"


async def test_every_fuzzed_request_gets_a_correct_response(database):
    async with fuzzed_shop(database) as app:
        statuses, findings = await fuzz(app, range(2500), seed=SEED)

    assert findings == []
    assert faults_of_database(database) == []
    assert {200, 201, 400, 404, 405, 409, 413, 415, 422} <= set(statuses)


def test_the_same_seed_sends_the_same_requests():
    first, second = ([fuzzed_request(number, seed=SEED) for number in range(50)] for _ in range(2))

    assert first == second
    assert fuzzed_request(0, seed=SEED) != fuzzed_request(0, seed="other")


def test_each_request_carries_one_of_the_identities():
    identities = [[(b"authorization", b"first")], [(b"authorization", b"second")]]

    sent_headers = [dict(fuzzed_request(number, seed=SEED, identities=identities).headers) for number in range(50)]

    assert {b"first", b"second"} <= {headers.get(b"authorization") for headers in sent_headers}


def without_body_validation(monkeypatch):
    monkeypatch.setattr("infra.http.validation.check_json", lambda body, **_: None)


def with_leaking_errors(monkeypatch):
    def leak(request, error):
        response = problems.handle_exception(request, error)
        response.content = {
            "type": response.content.type,
            "title": "x",
            "status": response.status_code,
            "detail": f"{error!r} in app.py",
        }
        return response

    monkeypatch.setattr("infra.http.app.handle_exception", leak)


def with_an_incomplete_problem(monkeypatch):
    monkeypatch.setitem(problems.PROBLEMS, "not-found", (404, ""))


def with_an_unpublished_type(monkeypatch):
    monkeypatch.setattr("tests.fuzz.checks.PUBLISHED", frozenset({"internal"}))


def with_logged_bodies(monkeypatch):
    def log_body(body, **_):
        logging.getLogger("infra.http").warning("%r", body)

    monkeypatch.setattr("infra.http.validation.check_json", log_body)


@pytest.mark.parametrize(
    ("plant", "finding"),
    [
        (with_logged_bodies, "an empty or personal log"),
        (without_body_validation, "status 500"),
        (with_leaking_errors, "a leak"),
        (with_an_incomplete_problem, "an incomplete problem"),
        (with_an_unpublished_type, "an unpublished type"),
    ],
)
async def test_the_fuzzer_finds_a_planted_fault(database, monkeypatch, plant, finding):
    plant(monkeypatch)

    async with fuzzed_shop(database) as app:
        _, findings = await fuzz(app, range(300), seed=SEED)

    assert any(finding in line for line in findings)


async def test_the_fuzzer_finds_an_unhandled_exception():
    async def app(*_):
        raise ZeroDivisionError

    _, findings = await fuzz(app, range(1), seed=SEED)

    assert "ZeroDivisionError" in findings[0]


async def test_a_client_that_disconnects_within_its_body_gets_a_bad_request(database):
    request = FuzzedRequest(
        method="POST", target=b"/customer/create", headers=[(b"content-type", b"application/json")], parts=[b"{"], ends=False
    )

    async with fuzzed_shop(database) as app:
        assert (await send_request(app, request)).status == 400
